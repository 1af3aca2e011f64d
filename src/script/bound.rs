//! Which names a block of Python binds, by Python's scoping rules: a name assigned anywhere in a function is
//! local to all of it. Does not know what the names mean.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast as ast;
use ruff_python_ast::visitor::{
    Visitor, walk_arguments, walk_except_handler, walk_expr, walk_pattern, walk_stmt,
};
use ruff_python_ast::{Alias, Expr, Pattern, Stmt};

use super::outline::Import;

/// How a name is bound in a block.
#[derive(Clone, Default)]
pub(super) struct Bound {
    /// By these imports.
    pub(super) imports: Vec<Import>,
    /// Whether something else binds it as well.
    pub(super) otherwise: bool,
    /// Whether it is a parameter, so that the caller may pass anything.
    pub(super) parameter: bool,
}

/// The names that a block binds, and those that it declares `global` or `nonlocal`.
#[derive(Default)]
pub(super) struct Names {
    /// The names bound.
    pub(super) bound: BTreeMap<String, Bound>,
    /// The names declared `global`.
    pub(super) global: BTreeSet<String>,
    /// The names declared `nonlocal`.
    pub(super) nonlocal: BTreeSet<String>,
}

impl Names {
    /// The names bound by `body`, except in functions and classes inside it.
    pub(super) fn of_body(body: &[Stmt]) -> Self {
        let mut names = Self::default();
        names.visit_body(body);
        names.settle()
    }

    /// The names bound by one expression (`:=`).
    pub(super) fn of_expr(expr: &Expr) -> Self {
        let mut names = Self::default();
        names.visit_expr(expr);
        names.settle()
    }

    /// The names bound in a function: its parameters and its body.
    pub(super) fn of_function(parameters: &ast::Parameters, body: &[Stmt]) -> Self {
        let mut names = Self::default();
        for parameter in parameters {
            names.bind(parameter.name()).parameter = true;
        }
        names.visit_body(body);
        names.settle()
    }

    fn settle(mut self) -> Self {
        let elsewhere = |name: &String| self.global.contains(name) || self.nonlocal.contains(name);
        let moved: Vec<String> = self.bound.keys().filter(|name| elsewhere(name)).cloned().collect();
        moved.iter().for_each(|name| drop(self.bound.remove(name)));
        self
    }

    fn bind(&mut self, name: &str) -> &mut Bound {
        self.bound.entry(name.to_owned()).or_default()
    }

    fn bind_otherwise(&mut self, name: Option<&ast::Identifier>) {
        if let Some(name) = name {
            self.bind(name).otherwise = true;
        }
    }
}

/// The name that `import alias` binds, and what it is bound to.
pub(super) fn import(alias: &Alias) -> (String, Import) {
    let whole = alias.name.to_string();
    let (bound, module) = match &alias.asname {
        Some(name) => (name.to_string(), whole.clone()),
        None => {
            let top = whole.split('.').next().unwrap_or_default().to_owned();
            (top.clone(), top)
        }
    };
    (bound, Import { level: 0, module, name: None, loads: whole })
}

/// The name that `from module import alias` binds, and what it is bound to.
pub(super) fn import_from(node: &ast::StmtImportFrom, alias: &Alias) -> (String, Import) {
    let module = node.module.as_ref().map_or(String::new(), ToString::to_string);
    let bound = alias.asname.as_ref().unwrap_or(&alias.name).to_string();
    let name = Some(alias.name.to_string());
    (bound, Import { level: node.level, module: module.clone(), name, loads: module })
}

impl<'a> Visitor<'a> for Names {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => {
                self.bind_otherwise(Some(&def.name));
                def.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
                self.visit_parameters(&def.parameters);
            }
            Stmt::ClassDef(def) => {
                self.bind_otherwise(Some(&def.name));
                def.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
                if let Some(arguments) = &def.arguments {
                    walk_arguments(self, arguments);
                }
            }
            Stmt::Import(node) => {
                for alias in &node.names {
                    let (name, import) = import(alias);
                    self.bind(&name).imports.push(import);
                }
            }
            Stmt::ImportFrom(node) => {
                for alias in node.names.iter().filter(|alias| &alias.name != "*") {
                    let (name, import) = import_from(node, alias);
                    self.bind(&name).imports.push(import);
                }
            }
            Stmt::Global(node) => self.global.extend(node.names.iter().map(ToString::to_string)),
            Stmt::Nonlocal(node) => self.nonlocal.extend(node.names.iter().map(ToString::to_string)),
            _ => walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(node) if !node.ctx.is_load() => self.bind(&node.id).otherwise = true,
            Expr::Lambda(_) => {}
            _ => walk_expr(self, expr),
        }
    }

    /// The target of a comprehension is local to it; a `:=` inside it binds in our block.
    fn visit_comprehension(&mut self, comprehension: &'a ast::Comprehension) {
        self.visit_expr(&comprehension.iter);
        comprehension.ifs.iter().for_each(|test| self.visit_expr(test));
    }

    fn visit_except_handler(&mut self, handler: &'a ast::ExceptHandler) {
        let ast::ExceptHandler::ExceptHandler(inner) = handler;
        self.bind_otherwise(inner.name.as_ref());
        walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        match pattern {
            Pattern::MatchAs(node) => self.bind_otherwise(node.name.as_ref()),
            Pattern::MatchStar(node) => self.bind_otherwise(node.name.as_ref()),
            Pattern::MatchMapping(node) => self.bind_otherwise(node.rest.as_ref()),
            _ => {}
        }
        walk_pattern(self, pattern);
    }
}
