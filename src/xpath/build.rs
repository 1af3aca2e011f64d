//! Builds a [`Document`] from the events of a walk over it. Knows nothing of expressions.

use std::sync::OnceLock;

use super::document::{AttributeNode, Document, NodeId, NodeKind, TreeNode};
use super::intern::Interner;

/// Builds a document in document order, from the outermost element inwards.
///
/// Names are given as written, with their prefix if they have one. The only prefix with a meaning is `xml` (for
/// `xml:lang` and `xml:id`).
#[derive(Debug)]
pub struct Builder {
    document: Document,
    /// The elements that are open, the root node first.
    open: Vec<u32>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// A builder of an empty document.
    pub fn new() -> Self {
        let document = Document {
            nodes: Vec::new(),
            kinds: Vec::new(),
            attributes: Vec::new(),
            texts: Vec::new(),
            names: Interner::default(),
            values: Interner::default(),
            indexes: OnceLock::new(),
        };
        let mut builder = Self { document, open: Vec::new() };
        let empty = builder.document.names.intern("");
        builder.node(NodeKind::Root, empty);
        builder.open.push(0);
        builder
    }

    /// Opens an element inside the one that is open.
    pub fn open(&mut self, name: &str) -> NodeId {
        let name = self.document.names.intern(name);
        let element = self.node(NodeKind::Element, name);
        self.open.push(element.tree);
        element
    }

    /// Adds an attribute to the element that was just opened. A second one of the same name replaces the first.
    ///
    /// # Panics
    /// If no element was opened, or it already has content.
    pub fn attribute(&mut self, name: &str, value: &str) {
        let document = &mut self.document;
        let owner = document.nodes.len() as u32 - 1;
        assert!(
            owner > 0 && self.open.last() == Some(&owner),
            "attributes come directly after their element is opened"
        );
        let (name, value) = (document.names.intern(name), document.values.intern(value));
        let first = document.nodes[owner as usize].attributes as usize;
        match document.attributes[first..].iter_mut().find(|attribute| attribute.name == name) {
            Some(attribute) => attribute.value = value,
            None => document.attributes.push(AttributeNode { name, value, owner }),
        }
    }

    /// Adds text. Adjacent texts become one node; empty text is ignored.
    pub fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let document = &mut self.document;
        let last = document.nodes.len() - 1;
        let parent = self.open.last().copied();
        if document.kinds[last] == NodeKind::Text && Some(document.nodes[last].parent) == parent {
            let joined = format!("{}{text}", document.values.get(document.nodes[last].name));
            document.nodes[last].name = document.values.intern(&joined);
            return;
        }
        let content = document.values.intern(text);
        let node = self.node(NodeKind::Text, content);
        self.document.texts.push(node.tree);
    }

    /// Adds a comment.
    pub fn comment(&mut self, content: &str) {
        let content = self.document.values.intern(content);
        self.node(NodeKind::Comment, content);
    }

    /// Adds a processing instruction.
    pub fn processing_instruction(&mut self, target: &str, content: &str) {
        let target = self.document.names.intern(target);
        let node = self.node(NodeKind::ProcessingInstruction, target);
        self.document.nodes[node.index()].attributes = self.document.values.intern(content);
    }

    /// Closes the innermost open element.
    ///
    /// # Panics
    /// If none is open.
    pub fn close(&mut self) {
        assert!(self.open.len() > 1, "every close has its open");
        self.end_last();
    }

    /// The document. Elements that are still open are closed.
    pub fn finish(mut self) -> Document {
        while !self.open.is_empty() {
            self.end_last();
        }
        let document = &mut self.document;
        document.nodes.shrink_to_fit();
        document.kinds.shrink_to_fit();
        document.attributes.shrink_to_fit();
        document.texts.shrink_to_fit();
        document.names.shrink();
        document.values.shrink();
        self.document
    }

    fn end_last(&mut self) {
        if let Some(last) = self.open.pop() {
            self.document.nodes[last as usize].end = self.document.nodes.len() as u32;
        }
    }

    fn node(&mut self, kind: NodeKind, name: u32) -> NodeId {
        let document = &mut self.document;
        let index = u32::try_from(document.nodes.len()).expect("a document has under 2^32 nodes");
        document.nodes.push(TreeNode {
            name,
            parent: self.open.last().copied().unwrap_or(0),
            end: index + 1,
            attributes: document.attributes.len() as u32,
        });
        document.kinds.push(kind);
        NodeId::tree(index)
    }
}
