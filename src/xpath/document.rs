//! The tree that expressions are evaluated over: an arena in document order, some 20 bytes for a node and 12
//! for an attribute. Knows nothing of expressions.

use std::sync::OnceLock;

use super::index::Indexes;
use super::intern::Interner;

/// The one namespace prefix that a document can have without declaring it.
pub(super) const XML_PREFIX: &str = "xml";
/// The namespace of the prefix `xml`.
pub(super) const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// A node of a document: the root, an element, an attribute, a text, a comment or a processing instruction.
/// Ordered as in the document; an element's attributes come between it and its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// The index of the node in the tree; for an attribute, that of its element.
    pub(super) tree: u32,
    /// 0 for a node of the tree, else one more than the index among the document's attributes.
    pub(super) attribute: u32,
}

impl NodeId {
    /// The root node: the parent of the outermost element.
    pub const ROOT: Self = Self::tree(0);

    pub(super) const fn tree(index: u32) -> Self {
        Self { tree: index, attribute: 0 }
    }

    /// For an attribute, its index among all attributes of the document.
    pub(super) fn attribute_index(self) -> Option<usize> {
        self.attribute.checked_sub(1).map(|index| index as usize)
    }

    /// The index in document order among all nodes that are not attributes; for an attribute, that of its
    /// element.
    pub fn index(self) -> usize {
        self.tree as usize
    }
}

/// The kinds of node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// The root node.
    Root,
    /// An element.
    Element,
    /// An attribute.
    Attribute,
    /// Text.
    Text,
    /// A comment.
    Comment,
    /// A processing instruction.
    ProcessingInstruction,
}

/// A node of the arena.
#[derive(Clone, Copy, Debug)]
pub(super) struct TreeNode {
    /// The name's number; for text and comments, the content's.
    pub(super) name: u32,
    pub(super) parent: u32,
    /// One past the last node of its subtree.
    pub(super) end: u32,
    /// The first attribute at or after it; for a processing instruction, its content's number.
    pub(super) attributes: u32,
}

/// An attribute of the arena.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttributeNode {
    pub(super) name: u32,
    pub(super) value: u32,
    pub(super) owner: u32,
}

/// A tree of nodes, made by a [`super::Builder`]. Never changes.
#[derive(Debug)]
pub struct Document {
    pub(super) nodes: Vec<TreeNode>,
    pub(super) kinds: Vec<NodeKind>,
    pub(super) attributes: Vec<AttributeNode>,
    /// The nodes that are text, in order.
    pub(super) texts: Vec<u32>,
    pub(super) names: Interner,
    pub(super) values: Interner,
    pub(super) indexes: OnceLock<Indexes>,
}

impl Document {
    /// The root node.
    pub fn root(&self) -> NodeId {
        NodeId::ROOT
    }

    /// The outermost element, if there is one.
    pub fn document_element(&self) -> Option<NodeId> {
        self.children(NodeId::ROOT).find(|child| self.kind(*child) == NodeKind::Element)
    }

    /// The number of nodes, including the root but not attributes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is only the root.
    pub fn is_empty(&self) -> bool {
        self.nodes.len() == 1
    }

    /// The kind of `node`.
    pub fn kind(&self, node: NodeId) -> NodeKind {
        if node.attribute > 0 { NodeKind::Attribute } else { self.kinds[node.index()] }
    }

    /// The name of an element or an attribute, or the target of a processing instruction; else empty.
    pub fn name(&self, node: NodeId) -> &str {
        match (node.attribute_index(), self.kind(node)) {
            (Some(index), _) => self.names.get(self.attributes[index].name),
            (None, NodeKind::Element | NodeKind::ProcessingInstruction) => {
                self.names.get(self.nodes[node.index()].name)
            }
            _ => "",
        }
    }

    /// The parent of `node`; for an attribute, its element. `None` for the root.
    pub fn parent(&self, node: NodeId) -> Option<NodeId> {
        match (node.attribute, node.tree) {
            (0, 0) => None,
            (0, _) => Some(NodeId::tree(self.nodes[node.index()].parent)),
            _ => Some(NodeId::tree(node.tree)),
        }
    }

    /// The children of `node`, in order. Attributes are not children.
    pub fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let (mut next, end) = match node.attribute {
            0 => (node.tree + 1, self.nodes[node.index()].end),
            _ => (0, 0),
        };
        std::iter::from_fn(move || {
            let child = next;
            (child < end).then(|| {
                next = self.nodes[child as usize].end;
                NodeId::tree(child)
            })
        })
    }

    /// The attributes of an element, in the order in which they were given.
    pub fn attributes(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.attribute_range(node).map(move |index| NodeId { tree: node.tree, attribute: index as u32 + 1 })
    }

    /// The value of the attribute `name` of an element.
    pub fn attribute(&self, node: NodeId, name: &str) -> Option<&str> {
        let name = self.names.find(name)?;
        let range = self.attribute_range(node);
        let found = self.attributes[range].iter().find(|attribute| attribute.name == name)?;
        Some(self.values.get(found.value))
    }

    pub(super) fn attribute_range(&self, node: NodeId) -> std::ops::Range<usize> {
        if self.kind(node) != NodeKind::Element {
            return 0..0;
        }
        let start = self.nodes[node.index()].attributes;
        // The next node knows where its attributes begin, unless it is a processing instruction, which stores
        // something else there.
        let mut next = node.index() + 1;
        while self.kinds.get(next) == Some(&NodeKind::ProcessingInstruction) {
            next += 1;
        }
        let end = self.nodes.get(next).map_or(self.attributes.len(), |next| next.attributes as usize);
        start as usize..end
    }

    /// The string value: the value of an attribute, a text, the content of a comment or a processing
    /// instruction; for an element or the root, all text inside.
    pub fn string_value(&self, node: NodeId) -> std::borrow::Cow<'_, str> {
        use std::borrow::Cow;
        if let Some(index) = node.attribute_index() {
            return Cow::Borrowed(self.values.get(self.attributes[index].value));
        }
        let raw = &self.nodes[node.index()];
        match self.kind(node) {
            NodeKind::Text | NodeKind::Comment => Cow::Borrowed(self.values.get(raw.name)),
            NodeKind::ProcessingInstruction => Cow::Borrowed(self.values.get(raw.attributes)),
            _ => {
                let first = self.texts.partition_point(|text| *text < node.tree);
                let count = self.texts[first..].partition_point(|text| *text < raw.end);
                let text = |index: &u32| self.values.get(self.nodes[*index as usize].name);
                match &self.texts[first..first + count] {
                    [] => Cow::Borrowed(""),
                    [one] => Cow::Borrowed(text(one)),
                    many => Cow::Owned(many.iter().map(text).collect()),
                }
            }
        }
    }

    /// One past the last node of the subtree of `node`.
    pub(super) fn end(&self, node: u32) -> u32 {
        self.nodes[node as usize].end
    }

    /// Whether `node` is missing from every preceding axis. By the standard none is; libxml2 forgets the first
    /// child of the root if that has children, which shows with comments and processing instructions after the
    /// outermost element.
    pub(super) fn is_never_preceding(&self, node: u32) -> bool {
        node == 1 && self.end(node) > 2
    }

    /// The indexes of this document; their content is built when it is first needed.
    pub(super) fn indexes(&self) -> &Indexes {
        self.indexes.get_or_init(Indexes::default)
    }

    /// The memory of the tree in bytes, without indexes.
    pub fn memory(&self) -> usize {
        self.nodes.capacity() * size_of::<TreeNode>()
            + self.kinds.capacity()
            + self.attributes.capacity() * size_of::<AttributeNode>()
            + self.texts.capacity() * 4
            + self.names.memory()
            + self.values.memory()
    }
}
