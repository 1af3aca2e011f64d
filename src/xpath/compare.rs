//! Comparisons and arithmetic. A comparison with a node set holds if it holds for one of its nodes; two sets
//! are compared in time linear in both. Knows nothing of expressions.

use std::borrow::Cow;
use std::collections::HashSet;

use super::ast::Operator;
use super::code::Item;
use super::document::{Document, NodeId};
use super::number;

/// The operator that holds if the operands are swapped.
pub(super) fn mirrored(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        same => same,
    }
}

/// `left operator right` on numbers, for arithmetic operators.
pub(super) fn arithmetic(operator: Operator, left: f64, right: f64) -> f64 {
    match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Modulo => left % right,
        _ => f64::NAN,
    }
}

fn compare_numbers(operator: Operator, left: f64, right: f64) -> bool {
    match operator {
        Operator::Equal => left == right,
        Operator::NotEqual => left != right,
        Operator::Less => left < right,
        Operator::LessOrEqual => left <= right,
        Operator::Greater => left > right,
        Operator::GreaterOrEqual => left >= right,
        _ => false,
    }
}

fn is_equality(operator: Operator) -> bool {
    matches!(operator, Operator::Equal | Operator::NotEqual)
}

/// `left operator right`.
pub(super) fn compare(document: &Document, operator: Operator, left: &Item, right: &Item) -> bool {
    match (left, right) {
        (Item::Nodes(left), Item::Nodes(right)) => {
            Summary::new(document, right).compare(document, left, operator)
        }
        (Item::Nodes(nodes), other) => compare_nodes(document, operator, nodes, other),
        (other, Item::Nodes(nodes)) => compare_nodes(document, mirrored(operator), nodes, other),
        (left, right) if is_equality(operator) => {
            let is_wanted = operator == Operator::Equal;
            let is_equal = match (left, right) {
                (Item::Boolean(_), _) | (_, Item::Boolean(_)) => left.boolean() == right.boolean(),
                (Item::Number(_), _) | (_, Item::Number(_)) => {
                    left.number(document) == right.number(document)
                }
                _ => left.string(document) == right.string(document),
            };
            is_equal == is_wanted
        }
        (left, right) => compare_numbers(operator, left.number(document), right.number(document)),
    }
}

/// A node set against a boolean, a number or a string.
fn compare_nodes(document: &Document, operator: Operator, nodes: &[NodeId], other: &Item) -> bool {
    let number_of = |node: &NodeId| number::from_str(&document.string_value(*node));
    match other {
        Item::Boolean(other) => {
            let (left, right) = (f64::from(u8::from(!nodes.is_empty())), f64::from(u8::from(*other)));
            compare_numbers(operator, left, right)
        }
        Item::String(other) if is_equality(operator) => {
            let is_wanted = operator == Operator::Equal;
            nodes.iter().any(|node| (document.string_value(*node) == **other) == is_wanted)
        }
        other => {
            let other = other.number(document);
            nodes.iter().any(|node| compare_numbers(operator, number_of(node), other))
        }
    }
}

/// A summary of a node set, sufficient to compare any other with it.
pub(super) struct Summary {
    strings: HashSet<Box<str>>,
    least: f64,
    greatest: f64,
}

impl Summary {
    pub(super) fn new(document: &Document, nodes: &[NodeId]) -> Self {
        let (mut least, mut greatest) = (f64::NAN, f64::NAN);
        let mut strings = HashSet::new();
        for node in nodes {
            let value = document.string_value(*node);
            if strings.contains(&*value) {
                continue;
            }
            // `min` and `max` ignore NaN.
            let number = number::from_str(&value);
            (least, greatest) = (least.min(number), greatest.max(number));
            strings.insert(value.into());
        }
        Self { strings, least, greatest }
    }

    /// Whether `operator` holds between a node of `left` and one of the set.
    pub(super) fn compare(&self, document: &Document, left: &[NodeId], operator: Operator) -> bool {
        let mut values = left.iter().map(|node| document.string_value(*node));
        let number = |value: Cow<'_, str>| number::from_str(&value);
        match operator {
            Operator::Equal => values.any(|value| self.strings.contains(&*value)),
            Operator::NotEqual => match self.strings.len() {
                0 => false,
                1 => values.any(|value| !self.strings.contains(&*value)),
                _ => !left.is_empty(),
            },
            Operator::Less | Operator::LessOrEqual => {
                values.any(|value| compare_numbers(operator, number(value), self.greatest))
            }
            _ => values.any(|value| compare_numbers(operator, number(value), self.least)),
        }
    }
}
