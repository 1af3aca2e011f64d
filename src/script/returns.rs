//! The keys of the dict that a function returns, if they are spelled out.

use std::collections::BTreeSet;

use ruff_python_ast as ast;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Stmt};

/// The keys that a call of `def` may return: those of all its `return {"key": …}`. `None` if it returns, or may
/// return, anything else.
pub(super) fn keys(def: &ast::StmtFunctionDef) -> Option<Vec<String>> {
    let mut returns = Returns::default();
    def.body.iter().for_each(|statement| returns.visit_stmt(statement));
    let is_known = !def.is_async && !returns.is_open && returns.count > 0;
    is_known.then(|| returns.keys.into_iter().collect())
}

/// What a call of `def` gives instead of running it, if its body does not run at once.
pub(super) fn deferred(def: &ast::StmtFunctionDef) -> Option<&'static str> {
    let mut returns = Returns::default();
    def.body.iter().for_each(|statement| returns.visit_stmt(statement));
    match (def.is_async, returns.yields) {
        (true, true) => Some("an asynchronous generator"),
        (true, false) => Some("a coroutine"),
        (false, true) => Some("a generator"),
        (false, false) => None,
    }
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
            Expr::Yield(_) | Expr::YieldFrom(_) => (self.is_open, self.yields) = (true, true),
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
