//! Runs [`Code`] over a document: values in a context, paths set by set. Position-free steps take a whole node
//! set at a time, so that a path costs time linear in the document; anything that is the same in every context
//! is computed once; predicates that would walk far for many nodes are answered from tables (`table.rs`).
//!
//! What remains superlinear: predicates that count positions on long axes for many contexts
//! (`//*/preceding::*[last()]`), string values of many nested elements (`//*[. = 'x']` in a deep tree), and
//! paths from many contexts if their value matters rather than their existence (`//*[string(.//x)]`).

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use super::ast::{Axis, Operator};
use super::axis::{Walk, tidy};
use super::code::{Code, Item, Kind, Move, Origin, Predicate, Route, Test};
use super::compare::{Summary, arithmetic, compare};
use super::document::{Document, NodeId};
use super::function::{Function, Type};
use super::table::Table;

/// The context of an evaluation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    pub(super) node: NodeId,
    pub(super) position: usize,
    pub(super) size: usize,
}

impl Context {
    /// A context with a single node.
    pub(super) fn alone(node: NodeId) -> Self {
        Self { node, position: 1, size: 1 }
    }
}

/// What is remembered about one piece of code.
#[derive(Default)]
pub(super) struct Memory {
    /// The value, if it is the same everywhere.
    value: OnceCell<Item>,
    /// The string values of a node set that is the same everywhere.
    summary: OnceCell<Rc<Summary>>,
    /// How many nodes have been visited for it.
    pub(super) spent: Cell<u64>,
    /// The answers for all nodes, once a table is cheaper.
    pub(super) table: RefCell<Option<Rc<Table>>>,
}

/// The state of an evaluation.
pub(super) struct Evaluator<'d> {
    pub(super) document: &'d Document,
    pub(super) memory: Vec<Memory>,
    /// How many nodes have been visited in total.
    pub(super) looked: Cell<u64>,
    /// How many nodes may be visited for one piece of code before a table of answers is made.
    pub(super) patience: u64,
}

impl<'d> Evaluator<'d> {
    pub(super) fn new(document: &'d Document, slots: usize, patience: u64) -> Self {
        let memory = std::iter::repeat_with(Memory::default).take(slots).collect();
        Self { document, memory, looked: Cell::new(0), patience }
    }

    /// The value of `code` in the context `at`.
    pub(super) fn value(&self, code: &Code, at: &Context) -> Item {
        if let Kind::Value(value) = &code.kind {
            return value.clone();
        }
        if !code.is_constant {
            return self.compute(code, at);
        }
        let memory = &self.memory[code.slot].value;
        if let Some(value) = memory.get() {
            return value.clone();
        }
        let value = self.compute(code, at);
        memory.get_or_init(|| value).clone()
    }

    fn compute(&self, code: &Code, at: &Context) -> Item {
        match &code.kind {
            Kind::Value(value) => value.clone(),
            Kind::Or(_) | Kind::And(_) | Kind::AttributeIs(_) => Item::Boolean(self.truth(code, at)),
            Kind::Chain(first, rest) => self.chain(code, first, rest, at),
            Kind::Negative(is_odd, operand) => {
                let number = self.number(operand, at);
                Item::Number(if *is_odd { -number } else { number })
            }
            Kind::Union(operands) => {
                let mut all: Vec<NodeId> = Vec::new();
                for operand in operands {
                    all.extend(self.nodes(operand, at).iter());
                }
                tidy(&mut all);
                Item::Nodes(Rc::new(all))
            }
            Kind::Path(route) => Item::Nodes(Rc::new(self.route(route, at))),
            Kind::Filter(primary, predicates) => {
                let mut nodes = self.nodes(primary, at).to_vec();
                predicates.iter().for_each(|predicate| self.filter(predicate, &mut nodes));
                Item::Nodes(Rc::new(nodes))
            }
            Kind::Call(function, arguments) => self.call(*function, arguments, code, at),
        }
    }

    /// The value of `code` as a boolean; for a path, only finds out whether it leads anywhere.
    pub(super) fn boolean(&self, code: &Code, at: &Context) -> bool {
        match &code.kind {
            Kind::AttributeIs(Some((name, value))) => self.attribute_is(at.node, *name, *value),
            Kind::AttributeIs(None) => false,
            _ if code.is_constant => self.value(code, at).boolean(),
            Kind::Or(_) | Kind::And(_) => self.truth(code, at),
            Kind::Path(route) => self.exists(code, route, at),
            _ => self.value(code, at).boolean(),
        }
    }

    fn truth(&self, code: &Code, at: &Context) -> bool {
        match &code.kind {
            Kind::Or(operands) => operands.iter().any(|operand| self.boolean(operand, at)),
            Kind::And(operands) => operands.iter().all(|operand| self.boolean(operand, at)),
            _ => self.boolean(code, at),
        }
    }

    pub(super) fn number(&self, code: &Code, at: &Context) -> f64 {
        self.value(code, at).number(self.document)
    }

    pub(super) fn string(&self, code: &Code, at: &Context) -> Rc<str> {
        self.value(code, at).string(self.document)
    }

    /// The value of `code` whose type is a node set.
    pub(super) fn nodes(&self, code: &Code, at: &Context) -> Rc<Vec<NodeId>> {
        match self.value(code, at) {
            Item::Nodes(nodes) => nodes,
            _ => Rc::default(),
        }
    }

    fn attribute_is(&self, node: NodeId, name: u32, value: u32) -> bool {
        if node.attribute > 0 {
            return false;
        }
        let range = self.document.attribute_range(node);
        self.document.attributes[range].iter().any(|a| a.name == name && a.value == value)
    }

    fn chain(&self, code: &Code, first: &Code, rest: &[(Operator, Code)], at: &Context) -> Item {
        if let [(operator, second)] = rest
            && code.result == Type::Boolean
        {
            return Item::Boolean(self.comparison(code, (first, *operator, second), at));
        }
        let mut left = self.value(first, at);
        for (operator, operand) in rest {
            let right = self.value(operand, at);
            left = match code.result {
                Type::Number => {
                    let (left, right) = (left.number(self.document), right.number(self.document));
                    Item::Number(arithmetic(*operator, left, right))
                }
                _ => Item::Boolean(compare(self.document, *operator, &left, &right)),
            };
        }
        left
    }

    /// One comparison, without tables.
    pub(super) fn compare_here(&self, parts: (&Code, Operator, &Code), at: &Context) -> bool {
        let (first, operator, second) = parts;
        match (first.result, second.result) {
            (Type::Nodes, Type::Nodes) if second.is_constant || !first.is_constant => {
                let summary = self.summary(second, at);
                summary.compare(self.document, &self.nodes(first, at), operator)
            }
            (Type::Nodes, Type::Nodes) => {
                let summary = self.summary(first, at);
                summary.compare(self.document, &self.nodes(second, at), super::compare::mirrored(operator))
            }
            _ => compare(self.document, operator, &self.value(first, at), &self.value(second, at)),
        }
    }

    fn summary(&self, code: &Code, at: &Context) -> Rc<Summary> {
        let new = || Rc::new(Summary::new(self.document, &self.nodes(code, at)));
        if code.is_constant { Rc::clone(self.memory[code.slot].summary.get_or_init(new)) } else { new() }
    }

    /// The nodes that a path leads to.
    pub(super) fn route(&self, route: &Route, at: &Context) -> Vec<NodeId> {
        let set = match &route.origin {
            Origin::Root => vec![NodeId::ROOT],
            Origin::Context => vec![at.node],
            Origin::Code(code) => self.nodes(code, at).to_vec(),
        };
        route.steps.iter().fold(set, |set, step| self.step(step, &set))
    }

    fn step(&self, step: &Move, set: &[NodeId]) -> Vec<NodeId> {
        let (axis, test) = (step.axis, step.test);
        let walk = Walk { document: self.document, axis, test, is_inverse: false };
        if !step.is_positional {
            if let Some(mut found) = self.by_attribute(step, set) {
                step.predicates[1..].iter().for_each(|predicate| self.filter(predicate, &mut found));
                return found;
            }
            let (mut found, looked) = walk.all(set);
            self.note(looked);
            step.predicates.iter().for_each(|predicate| self.filter(predicate, &mut found));
            return found;
        }
        let mut all = Vec::new();
        for node in set {
            let (mut found, looked) = walk.from(*node, step.limit);
            self.note(looked);
            step.predicates.iter().for_each(|predicate| self.filter(predicate, &mut found));
            all.append(&mut found);
        }
        tidy(&mut all);
        all
    }

    /// `//x[@name='value']`: from the attributes to their elements.
    fn by_attribute(&self, step: &Move, set: &[NodeId]) -> Option<Vec<NodeId>> {
        let Predicate::Free(Code { kind: Kind::AttributeIs(wanted), .. }) = step.predicates.first()? else {
            return None;
        };
        let [node] = set else { return None };
        let is_element_test = matches!(step.test, Test::Any | Test::Name(_));
        if step.axis != Axis::Descendant || node.attribute > 0 || !is_element_test {
            return None;
        }
        let (name, value) = match wanted {
            Some(pair) => *pair,
            None => return Some(Vec::new()),
        };
        let end = self.document.end(node.tree);
        let owners = self.document.elements_with(name, value, node.tree + 1, end);
        self.note(u64::from(end - node.tree));
        let passing = owners.into_iter().filter(|owner| step.test.matches(self.document, *owner));
        Some(passing.map(NodeId::tree).collect())
    }

    pub(super) fn note(&self, looked: u64) {
        self.looked.set(self.looked.get() + looked);
    }

    /// Keeps the nodes that pass. Positions count in `nodes`.
    pub(super) fn filter(&self, predicate: &Predicate, nodes: &mut Vec<NodeId>) {
        match predicate {
            Predicate::At(place) => {
                let index = (1..=nodes.len()).contains(&(*place as usize)) && place.fract() == 0.0;
                *nodes = if index { vec![nodes[*place as usize - 1]] } else { Vec::new() };
            }
            Predicate::Last => {
                nodes.drain(..nodes.len().saturating_sub(1));
            }
            Predicate::Free(code) => nodes.retain(|node| self.boolean(code, &Context::alone(*node))),
            Predicate::General(code) => {
                let size = nodes.len();
                let mut position = 0;
                nodes.retain(|node| {
                    position += 1;
                    let at = Context { node: *node, position, size };
                    match self.value(code, &at) {
                        Item::Number(number) => number == position as f64,
                        other => other.boolean(),
                    }
                });
            }
        }
    }

    fn call(&self, function: Function, arguments: &[Code], code: &Code, at: &Context) -> Item {
        match (function, arguments) {
            (Function::Boolean, [argument]) => Item::Boolean(self.boolean(argument, at)),
            (Function::Not, [argument]) => Item::Boolean(!self.boolean(argument, at)),
            (Function::Count, [argument]) => Item::Number(self.count(code, argument, at) as f64),
            (Function::Position, _) => Item::Number(at.position as f64),
            (Function::Last, _) => Item::Number(at.size as f64),
            _ => self.library(function, arguments, at),
        }
    }
}
