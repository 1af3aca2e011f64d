//! XPath 1.0, whole: the language of probe paths and queries, parsed, printed back and evaluated
//! over a [`Document`]. Knows nothing of pipelines; where libxml2 deviates from the letter of the
//! standard it does as libxml2 does, and says so at the place.

mod ast;
mod explain;
mod parse;
mod print;
mod scan;

use std::fmt;

use crate::source::Span;

pub use ast::{AXES, Axis, Call, Expr, ExprKind, Name, NodeTest, Number, Operator, Path, Start, Step};
pub use parse::parse;
pub use scan::{MAX_LENGTH, MAX_NESTING};

/// Why a text is not an XPath expression, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The place, in bytes of the text; empty at its end if something is missing there.
    pub span: Span,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to write instead, if that can be told.
    pub help: Option<String>,
}

impl SyntaxError {
    fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SyntaxError {}

#[cfg(test)]
mod tests;
