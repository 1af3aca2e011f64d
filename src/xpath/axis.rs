//! The axes: from a whole set of nodes at once, in time linear in the document however large the set is; and
//! from one node, in the order of the axis, for predicates that count. Knows nothing of expressions.
//!
//! For attributes, libxml2 departs from the standard: what follows or precedes an attribute is what follows or
//! precedes its element, which excludes the element's content.

use super::ast::Axis;
use super::bits::Bits;
use super::code::Test;
use super::document::{Document, NodeId};

/// Subtrees with fewer nodes than this are scanned without consulting an index.
const SMALL: u32 = 8;

/// A set is out of document order only if some of its contexts are nested in each other.
pub(super) fn tidy(nodes: &mut Vec<NodeId>) {
    if !nodes.is_sorted_by(|a, b| a < b) {
        nodes.sort_unstable();
        nodes.dedup();
    }
}

/// One axis and node test over one document.
pub(super) struct Walk<'d> {
    pub(super) document: &'d Document,
    pub(super) axis: Axis,
    pub(super) test: Test,
    /// Whether the preceding axis follows the standard, as needed to invert the following axis.
    pub(super) is_inverse: bool,
}

impl Walk<'_> {
    /// All nodes on the axis of any node of `set`, and how many nodes were visited.
    pub(super) fn all(&self, set: &[NodeId]) -> (Vec<NodeId>, u64) {
        let mut out = Vec::new();
        let looked = match self.axis {
            Axis::Namespace => 0,
            Axis::SelfNode => self.selves(set, &mut out),
            Axis::Attribute => self.attributes(set, &mut out),
            Axis::Parent => self.parents(set, &mut out),
            Axis::Ancestor => self.ancestors(set, &mut out),
            Axis::AncestorOrSelf => self.ancestors(set, &mut out) + self.selves(set, &mut out),
            Axis::Child if set.len() > self.document.len() / 16 => self.children_of_many(set, &mut out),
            Axis::Child => self.children(set, &mut out),
            Axis::Descendant => self.descendants(set, 1, &mut out),
            Axis::DescendantOrSelf => {
                let (attributes, others): (Vec<NodeId>, Vec<NodeId>) =
                    set.iter().partition(|node| node.attribute > 0);
                self.selves(&attributes, &mut out) + self.descendants(&others, 0, &mut out)
            }
            Axis::Following => match set.iter().map(|node| self.document.end(node.tree)).min() {
                Some(from) => self.range(from, self.document.len() as u32, &mut out),
                None => 0,
            },
            Axis::Preceding => match set.last() {
                Some(last) => self.preceding(last.tree, &mut out),
                None => 0,
            },
            Axis::FollowingSibling | Axis::PrecedingSibling => self.siblings(set, &mut out),
        };
        tidy(&mut out);
        let found = out.len() as u64;
        (out, looked + found)
    }

    fn matches(&self, node: NodeId) -> bool {
        match node.attribute {
            0 => self.test.matches(self.document, node.tree),
            // An attribute is never of the principal node type of any axis but its own.
            _ => self.test == Test::Node,
        }
    }

    fn selves(&self, set: &[NodeId], out: &mut Vec<NodeId>) -> u64 {
        out.extend(set.iter().filter(|node| self.matches(**node)));
        set.len() as u64
    }

    fn attributes(&self, set: &[NodeId], out: &mut Vec<NodeId>) -> u64 {
        for node in set.iter().filter(|node| node.attribute == 0) {
            let range = self.document.attribute_range(*node);
            let passing = range.filter(|index| self.test.matches_attribute(self.document, *index));
            out.extend(passing.map(|index| NodeId { tree: node.tree, attribute: index as u32 + 1 }));
        }
        set.len() as u64
    }

    fn parents(&self, set: &[NodeId], out: &mut Vec<NodeId>) -> u64 {
        let parents = set.iter().filter_map(|node| self.document.parent(*node));
        for parent in parents.filter(|parent| self.matches(*parent)) {
            if out.last() != Some(&parent) {
                out.push(parent);
            }
        }
        set.len() as u64
    }

    /// Walks up from each node to the first ancestor shared with the previous node.
    fn ancestors(&self, set: &[NodeId], out: &mut Vec<NodeId>) -> u64 {
        let mut looked = 0;
        let mut known = None;
        for node in set {
            let first = self.document.parent(*node);
            let mut next = first;
            while let Some(ancestor) = next
                && Some(ancestor) > known
            {
                looked += 1;
                if self.matches(ancestor) {
                    out.push(ancestor);
                }
                next = self.document.parent(ancestor);
            }
            known = known.max(first);
        }
        looked
    }

    fn children(&self, set: &[NodeId], out: &mut Vec<NodeId>) -> u64 {
        let mut looked = 0;
        for node in set {
            for child in self.document.children(*node) {
                looked += 1;
                if self.matches(child) {
                    out.push(child);
                }
            }
        }
        looked
    }

    /// The same in one pass over the document: in order, without sorting.
    fn children_of_many(&self, set: &[NodeId], out: &mut Vec<NodeId>) -> u64 {
        let mut parents = Bits::new(self.document.len());
        set.iter().filter(|node| node.attribute == 0).for_each(|node| parents.insert(node.tree));
        let mut candidates = Vec::new();
        let looked = self.range(1, self.document.len() as u32, &mut candidates);
        let parent = |node: &NodeId| self.document.nodes[node.index()].parent;
        out.extend(candidates.into_iter().filter(|node| parents.contains(parent(node))));
        looked
    }

    /// The subtrees of `set`, each without its first `skipped` nodes; nested subtrees only once.
    fn descendants(&self, set: &[NodeId], skipped: u32, out: &mut Vec<NodeId>) -> u64 {
        let mut looked = 0;
        let mut done = 0;
        for node in set.iter().filter(|node| node.attribute == 0) {
            let from = (node.tree + skipped).max(done);
            let end = self.document.end(node.tree);
            if from < end {
                looked += self.range(from, end, out);
                done = end;
            }
        }
        looked + set.len() as u64
    }

    /// The nodes from `from` up to `to` that pass.
    fn range(&self, from: u32, to: u32, out: &mut Vec<NodeId>) -> u64 {
        let document = self.document;
        match self.test {
            Test::Name(None) => return 1,
            Test::Name(Some(name)) if to.saturating_sub(from) > SMALL => {
                if let Some(named) = document.elements_named(name, to - from) {
                    let first = named.partition_point(|node| *node < from);
                    let found = named[first..].iter().take_while(|node| **node < to);
                    out.extend(found.map(|node| NodeId::tree(*node)));
                    return 1;
                }
            }
            _ => {}
        }
        let passing = (from..to).filter(|node| self.test.matches(document, *node));
        out.extend(passing.map(NodeId::tree));
        u64::from(to.saturating_sub(from))
    }

    /// Everything before `node` except its ancestors: the gaps between them.
    fn preceding(&self, node: u32, out: &mut Vec<NodeId>) -> u64 {
        let mut ancestors = self.line(node);
        ancestors.pop();
        let mut looked = ancestors.len() as u64;
        let mut from = if self.document.is_never_preceding(1) && !self.is_inverse { 2 } else { 1 };
        for ancestor in ancestors.into_iter().skip(1).chain([node]) {
            looked += self.range(from, ancestor, out);
            from = ancestor + 1;
        }
        looked
    }

    /// The root, the ancestors of `node`, and `node` itself.
    fn line(&self, node: u32) -> Vec<u32> {
        let mut line = vec![node];
        let mut next = node;
        while next != 0 {
            next = self.document.nodes[next as usize].parent;
            line.push(next);
        }
        line.reverse();
        line
    }

    /// Among several siblings, all following ones follow the first, and all preceding ones precede the last.
    fn siblings(&self, set: &[NodeId], out: &mut Vec<NodeId>) -> u64 {
        let is_following = self.axis == Axis::FollowingSibling;
        let parent = |node: u32| self.document.nodes[node as usize].parent;
        let elements = set.iter().filter(|node| node.attribute == 0 && node.tree > 0);
        let mut families: Vec<(u32, u32)> = elements.map(|node| (parent(node.tree), node.tree)).collect();
        families.sort_unstable();
        let mut looked = families.len() as u64;
        for family in families.chunk_by(|a, b| a.0 == b.0) {
            let (Some((parent, first)), Some((_, last))) = (family.first(), family.last()) else { continue };
            let (from, to) = match is_following {
                true => (self.document.end(*first), self.document.end(*parent)),
                false => (parent + 1, *last),
            };
            let mut sibling = from;
            while sibling < to {
                looked += 1;
                if self.test.matches(self.document, sibling) {
                    out.push(NodeId::tree(sibling));
                }
                sibling = self.document.end(sibling);
            }
        }
        looked
    }

    /// The first `limit` nodes on the axis of `node`, nearest first, and how many nodes were visited.
    pub(super) fn from(&self, node: NodeId, limit: usize) -> (Vec<NodeId>, u64) {
        let is_lazy = limit < usize::MAX;
        let mut out = Vec::new();
        let looked = match self.axis {
            Axis::PrecedingSibling if is_lazy => self.sibling_before(node, limit, &mut out),
            Axis::Preceding if is_lazy => self.nearest_before(node, limit, &mut out),
            Axis::Following if is_lazy => {
                let from = self.document.end(node.tree);
                self.nearest_in(from, self.document.len() as u32, limit, &mut out)
            }
            Axis::Descendant | Axis::DescendantOrSelf if is_lazy && node.attribute == 0 => {
                let first = node.tree + u32::from(self.axis == Axis::Descendant);
                self.nearest_in(first, self.document.end(node.tree), limit, &mut out)
            }
            Axis::Ancestor | Axis::AncestorOrSelf if is_lazy => self.nearest_above(node, limit, &mut out),
            Axis::Child if is_lazy => {
                let mut looked = 0;
                let children = self.document.children(node).inspect(|_| looked += 1);
                out.extend(children.filter(|child| self.matches(*child)).take(limit));
                looked
            }
            Axis::FollowingSibling if is_lazy => self.sibling_after(node, limit, &mut out),
            _ => {
                let (all, looked) = self.all(&[node]);
                out = all;
                if self.axis.is_reverse() {
                    out.reverse();
                }
                looked
            }
        };
        out.truncate(limit);
        (out, looked)
    }

    fn nearest_in(&self, from: u32, to: u32, limit: usize, out: &mut Vec<NodeId>) -> u64 {
        if let Test::Name(Some(name)) = self.test
            && to.saturating_sub(from) > SMALL
            && let Some(named) = self.document.elements_named(name, SMALL)
        {
            let first = named.partition_point(|node| *node < from);
            out.extend(
                named[first..].iter().take_while(|node| **node < to).take(limit).map(|n| NodeId::tree(*n)),
            );
            return out.len() as u64 + 1;
        }
        let mut looked = 0;
        let nodes = (from..to).inspect(|_| looked += 1);
        out.extend(
            nodes.filter(|node| self.test.matches(self.document, *node)).take(limit).map(NodeId::tree),
        );
        self.document.note_scan(looked as u32);
        looked
    }

    fn nearest_above(&self, node: NodeId, limit: usize, out: &mut Vec<NodeId>) -> u64 {
        let mut looked = 0;
        let itself = Some(node).filter(|_| self.axis == Axis::AncestorOrSelf);
        let mut next = itself.or_else(|| self.document.parent(node));
        while let Some(ancestor) = next
            && out.len() < limit
        {
            looked += 1;
            if self.matches(ancestor) {
                out.push(ancestor);
            }
            next = self.document.parent(ancestor);
        }
        looked
    }

    fn nearest_before(&self, node: NodeId, limit: usize, out: &mut Vec<NodeId>) -> u64 {
        let (mut looked, mut ancestor) = (0, self.document.nodes[node.index()].parent);
        let mut before = node.tree;
        while out.len() < limit && before > 1 {
            before -= 1;
            looked += 1;
            if before == ancestor {
                ancestor = self.document.nodes[before as usize].parent;
            } else if self.test.matches(self.document, before) && !self.document.is_never_preceding(before) {
                out.push(NodeId::tree(before));
            }
        }
        looked
    }

    fn sibling_after(&self, node: NodeId, limit: usize, out: &mut Vec<NodeId>) -> u64 {
        let mut looked = 0;
        if node.attribute > 0 || node.tree == 0 {
            return looked;
        }
        let last = self.document.end(self.document.nodes[node.index()].parent);
        let mut sibling = self.document.end(node.tree);
        while sibling < last && out.len() < limit {
            looked += 1;
            if self.test.matches(self.document, sibling) {
                out.push(NodeId::tree(sibling));
            }
            sibling = self.document.end(sibling);
        }
        looked
    }

    fn sibling_before(&self, node: NodeId, limit: usize, out: &mut Vec<NodeId>) -> u64 {
        let mut looked = 0;
        if node.attribute > 0 || node.tree == 0 {
            return looked;
        }
        let parent = self.document.nodes[node.index()].parent;
        let mut sibling = node.tree;
        while sibling > parent + 1 && out.len() < limit {
            // The node before a sibling is the last one in the subtree of the sibling before it.
            sibling -= 1;
            while self.document.nodes[sibling as usize].parent != parent {
                sibling = self.document.nodes[sibling as usize].parent;
                looked += 1;
            }
            looked += 1;
            if self.test.matches(self.document, sibling) {
                out.push(NodeId::tree(sibling));
            }
        }
        looked
    }
}
