//! An expression compiled for one document: names are numbers, and types and dependences on the context are
//! known. `lower.rs` makes it, `eval.rs` runs it.

use std::rc::Rc;

use super::ast::{Axis, Operator};
use super::document::{Document, NodeId, NodeKind, XML_PREFIX};
use super::function::{Function, Type};
use super::number;

/// A value during evaluation: cheap to clone.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Nodes(Rc<Vec<NodeId>>),
    Boolean(bool),
    Number(f64),
    String(Rc<str>),
}

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) kind: Kind,
    pub(super) result: Type,
    /// Whether its value is the same in every context, so that it is computed only once.
    pub(super) is_constant: bool,
    /// Whether it asks for the position or the size of its own context.
    pub(super) is_positional: bool,
    /// Its index in the evaluator's memory.
    pub(super) slot: usize,
}

/// The kinds of [`Code`].
#[derive(Debug)]
pub(super) enum Kind {
    Value(Item),
    Or(Vec<Code>),
    And(Vec<Code>),
    Chain(Box<Code>, Vec<(Operator, Code)>),
    /// The value as a number, negated or not.
    Negative(bool, Box<Code>),
    Union(Vec<Code>),
    Path(Route),
    Filter(Box<Code>, Vec<Predicate>),
    Call(Function, Vec<Code>),
    /// `@name = 'value'`, the most common predicate; `None` if the document does not have the name or the
    /// value.
    AttributeIs(Option<(u32, u32)>),
}

/// A compiled location path.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) origin: Origin,
    pub(super) steps: Vec<Move>,
}

/// Where a path begins.
#[derive(Debug)]
pub(super) enum Origin {
    Root,
    Context,
    Code(Box<Code>),
}

/// A step of a path.
#[derive(Debug)]
pub(super) struct Move {
    pub(super) axis: Axis,
    pub(super) test: Test,
    pub(super) predicates: Vec<Predicate>,
    /// Whether a predicate depends on positions, so that each context node needs its own list.
    pub(super) is_positional: bool,
    /// At most this many nodes of the axis can matter: `a[2]` needs two.
    pub(super) limit: usize,
}

/// A predicate.
#[derive(Debug)]
pub(super) enum Predicate {
    /// The node at this position; none if it is not a whole number of at least 1.
    At(f64),
    /// The last node.
    Last,
    /// True or false, whatever the position.
    Free(Code),
    /// Depends on the position, or is a number to compare with it.
    General(Code),
}

impl Route {
    /// Whether the nodes with such a path can be found backwards from its end: no positions, and attributes
    /// only at the end of the path.
    pub(super) fn is_invertible(&self) -> bool {
        let Some((last, before)) = self.steps.split_last() else { return false };
        matches!(self.origin, Origin::Context)
            && last.axis != Axis::Namespace
            && self.steps.iter().all(|step| !step.is_positional)
            && before.iter().all(|step| !matches!(step.axis, Axis::Attribute | Axis::Namespace))
    }
}

/// A node test, with names by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// `*`: elements, or attributes on the attribute axis.
    Any,
    /// `xml:*`
    AnyXml,
    /// A name; `None` if the document does not have it.
    Name(Option<u32>),
    Node,
    Text,
    Comment,
    /// A processing instruction, with its target if one is given.
    Instruction(Option<Option<u32>>),
}

impl Test {
    /// Whether a node of the tree (not an attribute) passes.
    pub(super) fn matches(self, document: &Document, node: u32) -> bool {
        let kind = document.kinds[node as usize];
        let name = document.nodes[node as usize].name;
        match self {
            Self::Any => kind == NodeKind::Element,
            Self::AnyXml => kind == NodeKind::Element && is_xml(document, name),
            Self::Name(wanted) => kind == NodeKind::Element && wanted == Some(name),
            Self::Node => true,
            Self::Text => kind == NodeKind::Text,
            Self::Comment => kind == NodeKind::Comment,
            Self::Instruction(target) => {
                kind == NodeKind::ProcessingInstruction && target.is_none_or(|target| target == Some(name))
            }
        }
    }

    /// Whether the attribute at `index` passes on the attribute axis.
    pub(super) fn matches_attribute(self, document: &Document, index: usize) -> bool {
        let name = document.attributes[index].name;
        match self {
            Self::Any | Self::Node => true,
            Self::AnyXml => is_xml(document, name),
            Self::Name(wanted) => wanted == Some(name),
            Self::Text | Self::Comment | Self::Instruction(_) => false,
        }
    }
}

fn is_xml(document: &Document, name: u32) -> bool {
    document.names.get(name).split_once(':').is_some_and(|(prefix, _)| prefix == XML_PREFIX)
}

impl Item {
    pub(super) fn boolean(&self) -> bool {
        match self {
            Self::Nodes(nodes) => !nodes.is_empty(),
            Self::Boolean(boolean) => *boolean,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::String(string) => !string.is_empty(),
        }
    }

    pub(super) fn number(&self, document: &Document) -> f64 {
        match self {
            Self::Nodes(nodes) => match nodes.first() {
                Some(node) => number::from_str(&document.string_value(*node)),
                None => f64::NAN,
            },
            Self::Boolean(boolean) => f64::from(u8::from(*boolean)),
            Self::Number(number) => *number,
            Self::String(string) => number::from_str(string),
        }
    }

    pub(super) fn string(&self, document: &Document) -> Rc<str> {
        match self {
            Self::Nodes(nodes) => nodes.first().map_or("".into(), |node| document.string_value(*node).into()),
            Self::Boolean(true) => "true".into(),
            Self::Boolean(false) => "false".into(),
            Self::Number(number) => number::to_string(*number).into(),
            Self::String(string) => Rc::clone(string),
        }
    }
}
