//! What evaluation returns.

use super::document::NodeId;

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nodes in document order, none of them twice.
    NodeSet(Vec<NodeId>),
    /// True or false.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A string.
    String(String),
}
