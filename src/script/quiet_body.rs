//! Does a function, used as a decorator, certainly do nothing but make another function? If so, a function that
//! it decorates and that nothing calls changes nothing for anyone. Looks only at the text of the one function;
//! anything unknown is not quiet.

use std::collections::BTreeSet;

use ruff_python_ast as ast;
use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, Stmt};

use super::bound::Names;
use super::mentions::dotted;

/// Functions whose calls do nothing but look at a value, or make a function of another one.
const QUIET: [&str; 7] =
    ["wraps", "partial", "update_wrapper", "isinstance", "callable", "getattr", "lru_cache"];

/// Whether applying `def` is quiet: as `@name`, and as `@name(...)`, where the result is applied.
pub(super) fn decorates_quietly(def: &ast::StmtFunctionDef) -> [bool; 2] {
    let plain = quiet_body(def);
    [plain, plain && returned(&def.body).all(|value| is_applied_quietly(value, def))]
}

/// What the statements of a function return, but not those of functions in it.
fn returned(body: &[Stmt]) -> impl Iterator<Item = &Expr> {
    let of_branches = body.iter().filter_map(Stmt::as_if_stmt).flat_map(|node| &node.body);
    body.iter().chain(of_branches).filter_map(|statement| statement.as_return_stmt()?.value.as_deref())
}

/// Whether applying what `def` returns is quiet: a function that it defines, a lambda, or `def` itself with arguments.
fn is_applied_quietly(value: &Expr, def: &ast::StmtFunctionDef) -> bool {
    match value {
        Expr::NoneLiteral(_) => true,
        Expr::Lambda(lambda) => quiet_expr(&lambda.body),
        Expr::Name(name) => {
            let inner = def.body.iter().filter_map(Stmt::as_function_def_stmt);
            let all: Vec<_> = inner.filter(|inner| inner.name.as_str() == name.id.as_str()).collect();
            let is_bound_again = |statement: &Stmt| match statement {
                Stmt::Assign(node) => node.targets.iter().any(|target| named(target) == Some(&*name.id)),
                _ => false,
            };
            !all.is_empty() && all.into_iter().all(quiet_body) && !def.body.iter().any(is_bound_again)
        }
        Expr::Call(call) => {
            let is_partial = last(&call.func).is_some_and(|name| name == "partial");
            let first = call.arguments.args.first();
            is_partial
                && first.is_some_and(|first| {
                    named(first) == Some(&*def.name) || first.is_name_expr() && is_applied_quietly(first, def)
                })
        }
        _ => false,
    }
}

fn named(expr: &Expr) -> Option<&str> {
    expr.as_name_expr().map(|name| name.id.as_str())
}

/// Whether a function that is made inside of another one is decorated with something that only makes functions.
fn is_decorated_quietly(def: &ast::StmtFunctionDef) -> bool {
    let makes_functions = |expr: &Expr| {
        let function = expr.as_call_expr().map_or(expr, |call| &*call.func);
        last(function).is_some_and(|name| ["wraps", "lru_cache", "cache"].contains(&name.as_str()))
    };
    def.decorator_list
        .iter()
        .all(|decorator| makes_functions(&decorator.expression) && quiet_expr(&decorator.expression))
}

/// The last name of a dotted one.
fn last(expr: &Expr) -> Option<String> {
    dotted(expr).map(|(root, attrs)| attrs.last().map_or(root.to_owned(), Clone::clone))
}

fn quiet_body(def: &ast::StmtFunctionDef) -> bool {
    let own: BTreeSet<String> = Names::of_function(&def.parameters, &def.body).bound.into_keys().collect();
    def.body.iter().all(|statement| match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(node) => node.value.is_string_literal_expr(),
        Stmt::Return(node) => node.value.as_deref().is_none_or(quiet_expr),
        Stmt::FunctionDef(inner) => is_decorated_quietly(inner),
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
                self.0 |= !last(&call.func).is_some_and(|name| QUIET.contains(&name.as_str()));
                walk_expr(self, expr);
            }
            Expr::Lambda(lambda) => {
                lambda.parameters.iter().for_each(|parameters| self.visit_parameters(parameters));
            }
            _ => walk_expr(self, expr),
        }
    }
}
