//! Does a function, used as a decorator, certainly do nothing but make another function? If so, a function that
//! it decorates and that nothing calls changes nothing for anyone. Looks only at the text of the one function;
//! anything unknown is not quiet.

use std::collections::BTreeSet;

use ruff_python_ast as ast;
use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, Stmt};

use super::bound::Names;
use super::mentions::dotted;

/// Whether applying `def` is quiet: as `@name`, and as `@name(...)`, where the result is applied.
pub(super) fn decorates_quietly(def: &ast::StmtFunctionDef) -> [bool; 2] {
    let plain = quiet_body(def);
    let inner = def.body.iter().filter_map(|statement| statement.as_function_def_stmt());
    [plain, plain && inner.into_iter().all(quiet_body)]
}

fn quiet_body(def: &ast::StmtFunctionDef) -> bool {
    let own: BTreeSet<String> = Names::of_function(&def.parameters, &def.body).bound.into_keys().collect();
    def.body.iter().all(|statement| match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(node) => node.value.is_string_literal_expr(),
        Stmt::Return(node) => node.value.as_deref().is_none_or(quiet_expr),
        Stmt::FunctionDef(inner) => {
            inner.decorator_list.iter().all(|decorator| quiet_expr(&decorator.expression))
        }
        Stmt::Assign(node) => {
            quiet_expr(&node.value) && node.targets.iter().all(|target| is_own(target, &own))
        }
        Stmt::If(node) => {
            // `if func is None: return decorator`
            quiet_expr(&node.test)
                && node.elif_else_clauses.is_empty()
                && node.body.iter().all(|inner| match inner {
                    Stmt::Return(node) => node.value.as_deref().is_none_or(quiet_expr),
                    _ => false,
                })
        }
        _ => false,
    })
}

fn is_own(target: &Expr, own: &BTreeSet<String>) -> bool {
    dotted(target).is_some_and(|(root, attrs)| attrs.len() <= 1 && own.contains(root))
}

fn quiet_expr(expr: &Expr) -> bool {
    let mut loud = Loud(false);
    loud.visit_expr(expr);
    !loud.0
}

/// Whether an expression calls anything not known to be harmless.
struct Loud(bool);

impl<'a> Visitor<'a> for Loud {
    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => {
                const QUIET: [&str; 7] =
                    ["wraps", "partial", "update_wrapper", "isinstance", "callable", "getattr", "lru_cache"];
                let name = dotted(&call.func)
                    .map(|(root, attrs)| attrs.last().map_or(root.to_owned(), Clone::clone));
                self.0 |= !name.is_some_and(|name| QUIET.contains(&name.as_str()));
                walk_expr(self, expr);
            }
            Expr::Lambda(_) => {}
            _ => walk_expr(self, expr),
        }
    }
}
