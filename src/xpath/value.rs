//! The result of an evaluation.

use super::document::NodeId;

/// The value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nodes in document order, without duplicates.
    NodeSet(Vec<NodeId>),
    /// True or false.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A string.
    String(String),
}
