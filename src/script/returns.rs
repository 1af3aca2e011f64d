//! The keys of the dict that a function returns, if they are spelled out.

use std::collections::BTreeSet;

use ruff_python_ast as ast;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Stmt};

/// A function whose call does not run its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deferred {
    /// It has a `yield`.
    Generator,
    /// It is `async`.
    Coroutine,
    /// It is both.
    AsyncGenerator,
}

/// The keys that a call of `def` may return: those of all its `return {"key": …}`; `None` if it returns, or may
/// return, anything else. And what it returns instead of running.
pub(super) fn of(def: &ast::StmtFunctionDef) -> (Option<Vec<String>>, Option<Deferred>) {
    let mut returns = Returns::default();
    def.body.iter().for_each(|statement| returns.visit_stmt(statement));
    let deferred = match (def.is_async, returns.yields) {
        (true, true) => Some(Deferred::AsyncGenerator),
        (true, false) => Some(Deferred::Coroutine),
        (false, true) => Some(Deferred::Generator),
        (false, false) => None,
    };
    let is_known = deferred.is_none() && !returns.is_open && returns.count > 0;
    (is_known.then(|| returns.keys.into_iter().collect()), deferred)
}

#[derive(Default)]
struct Returns {
    keys: BTreeSet<String>,
    count: usize,
    /// Whether it returns something that is not spelled out.
    is_open: bool,
    yields: bool,
}

impl<'a> Visitor<'a> for Returns {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            // Their returns are their own.
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            Stmt::Return(node) => {
                self.count += 1;
                match node.value.as_deref().and_then(literal) {
                    Some(keys) => self.keys.extend(keys),
                    None => self.is_open = true,
                }
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Lambda(_) => {}
            Expr::Yield(_) | Expr::YieldFrom(_) => self.yields = true,
            _ => walk_expr(self, expression),
        }
    }
}

/// The keys of a dict literal that spells out all of its keys.
fn literal(value: &Expr) -> Option<Vec<String>> {
    let key = |item: &ast::DictItem| match &item.key {
        Some(Expr::StringLiteral(text)) => Some(text.value.to_str().to_owned()),
        _ => None,
    };
    value.as_dict_expr()?.items.iter().map(key).collect()
}
