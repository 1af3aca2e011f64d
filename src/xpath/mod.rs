//! All of XPath 1.0, the language of probe paths and queries: parsed, printed back and evaluated over a
//! [`Document`]. Knows nothing of pipelines. Where libxml2 departs from the letter of the standard, so does
//! this; each such place says so.

mod ast;
mod axis;
mod bits;
mod build;
mod call;
mod code;
mod compare;
mod deep;
mod document;
mod error;
mod eval;
mod explain;
mod function;
mod index;
mod intern;
mod lower;
mod number;
mod parse;
mod print;
mod scan;
mod table;
mod value;
mod xml;

use std::rc::Rc;

pub use crate::source::Span;

use code::Item;
use eval::{Context, Evaluator};
use lower::Lowering;

pub use ast::{AXES, Axis, Call, Expr, ExprKind, Name, NodeTest, Number, Operator, Path, Start, Step};
pub use build::Builder;
pub use document::{Document, NodeId, NodeKind};
pub use error::{EvalError, SyntaxError};
pub use parse::parse;
pub use scan::{MAX_LENGTH, MAX_NESTING};
pub use value::Value;

/// How deep an expression may be to be evaluated on any thread's stack.
const SHALLOW: usize = 24;

/// The value of `expr` in `document` at the node `context`. All errors of the expression are found before
/// anything is evaluated, whatever the document contains.
pub fn evaluate(expr: &Expr, document: &Document, context: NodeId) -> Result<Value, EvalError> {
    // Documents of a few hundred nodes are not worth a table.
    evaluate_patiently(expr, document, context, document.len().max(256) as u64)
}

/// The same, with every index and table made as soon as it could be useful: for tests, whose documents are too
/// small to need them.
#[doc(hidden)]
pub fn evaluate_eagerly(expr: &Expr, document: &Document, context: NodeId) -> Result<Value, EvalError> {
    document.expect_questions();
    evaluate_patiently(expr, document, context, 0)
}

fn evaluate_patiently(
    expr: &Expr,
    document: &Document,
    context: NodeId,
    patience: u64,
) -> Result<Value, EvalError> {
    deep::run(expr.depth() > SHALLOW, || {
        let mut lowering = Lowering::new(document);
        let code = lowering.lower(expr)?;
        let evaluator = Evaluator::new(document, lowering.slots, patience);
        let item = evaluator.value(&code, &Context::alone(context));
        drop(evaluator);
        Ok(match item {
            Item::Nodes(nodes) => Value::NodeSet(Rc::unwrap_or_clone(nodes)),
            Item::Boolean(boolean) => Value::Boolean(boolean),
            Item::Number(number) => Value::Number(number),
            Item::String(string) => Value::String(string.to_string()),
        })
    })
    .unwrap_or_else(|| {
        let message = "the expression is nested too deep for the memory at hand";
        Err(EvalError::new(expr.span, message))
    })
}

#[cfg(test)]
mod tests;
