//! Answers for all nodes of a document at once, in one or a few passes over it: whether a path leads anywhere
//! (found backwards, from the nodes at its end to those that can reach them), whether a comparison of such a
//! path with a constant holds, and how many nodes one step finds.
//!
//! A predicate is first tried node by node, which is cheapest as long as it stays near its node; the table is
//! made only after that has visited more nodes than the document has.

use std::rc::Rc;

use super::ast::{Axis, Operator};
use super::axis::Walk;
use super::bits::Bits;
use super::code::{Code, Item, Kind, Move, Route, Test};
use super::document::NodeId;
use super::eval::{Context, Evaluator};
use super::function::Type;

/// The answers for all nodes of the tree.
pub(super) enum Table {
    Truth(Bits),
    Count(Vec<u32>),
}

impl Evaluator<'_> {
    /// Whether `route`, the path of `code`, leads anywhere from `at`.
    pub(super) fn exists(&self, code: &Code, route: &Route, at: &Context) -> bool {
        let is_tabular = at.node.attribute == 0 && route.is_invertible();
        if is_tabular && let Some(table) = self.table(code, || self.reachable(route, &|_| true)) {
            return table.holds(at.node);
        }
        self.measured(code, || !self.route(route, at).is_empty())
    }

    /// Whether the comparison compiled to `code` holds at `at`.
    pub(super) fn comparison(&self, code: &Code, parts: (&Code, Operator, &Code), at: &Context) -> bool {
        let (first, operator, second) = parts;
        let (path, constant) = if second.is_constant { (first, second) } else { (second, first) };
        let Kind::Path(route) = &path.kind else { return self.compare_here(parts, at) };
        let is_tabular = constant.is_constant
            && constant.result != Type::Boolean
            && at.node.attribute == 0
            && route.is_invertible();
        if !is_tabular {
            return self.compare_here(parts, at);
        }
        let passes = |node: NodeId| {
            let found = Item::Nodes(Rc::new(vec![node]));
            let one = Code { kind: Kind::Value(found), result: Type::Nodes, ..plain(path) };
            let parts = if second.is_constant { (&one, operator, second) } else { (first, operator, &one) };
            self.compare_here(parts, at)
        };
        if let Some(table) = self.table(code, || self.reachable(route, &passes)) {
            return table.holds(at.node);
        }
        self.measured(code, || self.compare_here(parts, at))
    }

    /// How many nodes `argument` finds at `at`; `code` is the call of `count`.
    pub(super) fn count(&self, code: &Code, argument: &Code, at: &Context) -> usize {
        if let Kind::Path(route) = &argument.kind
            && let [step] = route.steps.as_slice()
            && route.is_invertible()
            && step.axis != Axis::Attribute
            && at.node.attribute == 0
            && let Some(table) = self.table(code, || Table::Count(self.counts(step)))
            && let Table::Count(counts) = &*table
        {
            return counts[at.node.index()] as usize;
        }
        self.measured(code, || self.nodes(argument, at).len())
    }

    /// The table of `code`, once so much has been spent on it that a table pays off.
    fn table(&self, code: &Code, make: impl FnOnce() -> Table) -> Option<Rc<Table>> {
        let memory = &self.memory[code.slot];
        if let Some(table) = &*memory.table.borrow() {
            return Some(Rc::clone(table));
        }
        if memory.spent.get() < self.patience {
            return None;
        }
        let table = Rc::new(make());
        *memory.table.borrow_mut() = Some(Rc::clone(&table));
        Some(table)
    }

    /// Runs `work` and charges the nodes that it visits to `code`.
    fn measured<T>(&self, code: &Code, work: impl FnOnce() -> T) -> T {
        let before = self.looked.get();
        let result = work();
        let spent = &self.memory[code.slot].spent;
        spent.set(spent.get() + self.looked.get() - before);
        result
    }

    /// The nodes of the tree from which `route` leads to a node that `passes`.
    fn reachable(&self, route: &Route, passes: &dyn Fn(NodeId) -> bool) -> Table {
        let mut reached: Option<Vec<NodeId>> = None;
        for (index, step) in route.steps.iter().enumerate().rev() {
            let mut ends = match reached {
                None => self.candidates(step),
                Some(reached) => {
                    reached.into_iter().filter(|node| step.test.matches(self.document, node.tree)).collect()
                }
            };
            step.predicates.iter().for_each(|predicate| self.filter(predicate, &mut ends));
            if index + 1 == route.steps.len() {
                ends.retain(|node| passes(*node));
            }
            if step.axis == Axis::Preceding {
                ends.retain(|node| !self.document.is_never_preceding(node.tree));
            }
            let axis = inverse(step.axis);
            let walk = Walk { document: self.document, axis, test: Test::Node, is_inverse: true };
            let (starts, looked) = walk.all(&ends);
            self.note(looked);
            reached = Some(starts);
        }
        let mut bits = Bits::new(self.document.len());
        let tree_nodes = reached.into_iter().flatten().filter(|node| node.attribute == 0);
        tree_nodes.for_each(|node| bits.insert(node.tree));
        Table::Truth(bits)
    }

    /// All nodes of the document that pass the node test of `step`.
    fn candidates(&self, step: &Move) -> Vec<NodeId> {
        let document = self.document;
        self.note(document.len() as u64);
        if step.axis == Axis::Attribute {
            let passing =
                (0..document.attributes.len()).filter(|index| step.test.matches_attribute(document, *index));
            return passing
                .map(|index| NodeId { tree: document.attributes[index].owner, attribute: index as u32 + 1 })
                .collect();
        }
        let passing = (0..document.len() as u32).filter(|node| step.test.matches(document, *node));
        passing.map(NodeId::tree).collect()
    }

    /// For each node, how many nodes `step` finds from it.
    fn counts(&self, step: &Move) -> Vec<u32> {
        let mut found = self.candidates(step);
        step.predicates.iter().for_each(|predicate| self.filter(predicate, &mut found));
        let mut is_found = vec![0_u32; self.document.len()];
        if step.axis == Axis::Preceding {
            found.retain(|node| !self.document.is_never_preceding(node.tree));
        }
        found.iter().for_each(|node| is_found[node.index()] = 1);
        let tree = Tree { evaluator: self, is_found: &is_found };
        match step.axis {
            Axis::SelfNode => is_found,
            Axis::Child => tree.by_parent(),
            Axis::Parent => tree.each(|node, parent| if node == 0 { 0 } else { is_found[parent] }),
            Axis::Ancestor => tree.above(),
            Axis::AncestorOrSelf => {
                let above = tree.above();
                tree.each(|node, _| above[node] + is_found[node])
            }
            Axis::FollowingSibling => tree.siblings(true),
            Axis::PrecedingSibling => tree.siblings(false),
            axis => tree.ranges(axis),
        }
    }
}

impl Table {
    fn holds(&self, node: NodeId) -> bool {
        match self {
            Self::Truth(bits) => bits.contains(node.tree),
            Self::Count(counts) => counts[node.index()] > 0,
        }
    }
}

/// A copy of `code` without its content, which the caller replaces.
fn plain(code: &Code) -> Code {
    let kind = Kind::Value(Item::Boolean(false));
    Code { kind, result: code.result, is_constant: false, is_positional: false, slot: code.slot }
}

/// The inverse axis.
fn inverse(axis: Axis) -> Axis {
    match axis {
        Axis::Ancestor => Axis::Descendant,
        Axis::AncestorOrSelf => Axis::DescendantOrSelf,
        Axis::Attribute | Axis::Child => Axis::Parent,
        Axis::Descendant => Axis::Ancestor,
        Axis::DescendantOrSelf => Axis::AncestorOrSelf,
        Axis::Following => Axis::Preceding,
        Axis::FollowingSibling => Axis::PrecedingSibling,
        Axis::Parent => Axis::Child,
        Axis::Preceding => Axis::Following,
        Axis::PrecedingSibling => Axis::FollowingSibling,
        Axis::Namespace | Axis::SelfNode => axis,
    }
}

/// Passes over the document that add up the nodes found.
struct Tree<'a, 'd> {
    evaluator: &'a Evaluator<'d>,
    is_found: &'a [u32],
}

impl Tree<'_, '_> {
    fn parent(&self, node: usize) -> usize {
        self.evaluator.document.nodes[node].parent as usize
    }

    fn each(&self, count: impl Fn(usize, usize) -> u32) -> Vec<u32> {
        (0..self.is_found.len()).map(|node| count(node, self.parent(node))).collect()
    }

    fn by_parent(&self) -> Vec<u32> {
        let mut counts = vec![0; self.is_found.len()];
        (1..counts.len()).for_each(|node| counts[self.parent(node)] += self.is_found[node]);
        counts
    }

    fn above(&self) -> Vec<u32> {
        let mut counts = vec![0; self.is_found.len()];
        for node in 1..counts.len() {
            counts[node] = counts[self.parent(node)] + self.is_found[self.parent(node)];
        }
        counts
    }

    fn siblings(&self, is_following: bool) -> Vec<u32> {
        let mut counts = vec![0; self.is_found.len()];
        let mut seen = vec![0; self.is_found.len()];
        let mut visit = |node: usize| {
            counts[node] = seen[self.parent(node)];
            seen[self.parent(node)] += self.is_found[node];
        };
        match is_following {
            true => (1..self.is_found.len()).rev().for_each(&mut visit),
            false => (1..self.is_found.len()).for_each(&mut visit),
        }
        counts
    }

    /// Axes that are ranges of the document: from sums over everything before a place.
    fn ranges(&self, axis: Axis) -> Vec<u32> {
        let mut before = vec![0];
        let mut sum = 0;
        for found in self.is_found {
            sum += found;
            before.push(sum);
        }
        let end = |node: usize| self.evaluator.document.nodes[node].end as usize;
        let above = self.above();
        self.each(|node, _| match axis {
            Axis::Descendant => before[end(node)] - before[node + 1],
            Axis::DescendantOrSelf => before[end(node)] - before[node],
            Axis::Following => sum - before[end(node)],
            _ => before[node] - above[node],
        })
    }
}
