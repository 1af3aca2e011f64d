//! The canonical form of statements.

use ruff_python_ast as ast;
use ruff_python_ast::{ExceptHandler, Expr, Stmt};

use super::writer::Canon;

impl Canon<'_> {
    fn block(&mut self, body: &[Stmt]) {
        let counted: Vec<&Stmt> = body.iter().filter(|statement| self.counts(statement)).collect();
        self.count(counted.len());
        counted.into_iter().for_each(|statement| self.statement(statement));
    }

    /// Whether a statement does anything: `pass`, docstrings and `...` do not.
    fn counts(&self, statement: &Stmt) -> bool {
        match statement {
            Stmt::Pass(_) => false,
            Stmt::Expr(inner) if inner.value.is_string_literal_expr() => self.form.docs,
            Stmt::Expr(inner) => !inner.value.is_ellipsis_literal_expr(),
            _ => true,
        }
    }

    pub(super) fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::FunctionDef(def) => self.function(def),
            Stmt::ClassDef(def) => self.class(def),
            Stmt::For(node) => {
                self.tag("for");
                self.flag(node.is_async);
                self.expr(&node.target);
                self.expr(&node.iter);
                self.block(&node.body);
                self.block(&node.orelse);
            }
            Stmt::While(node) => {
                self.tag("while");
                self.expr(&node.test);
                self.block(&node.body);
                self.block(&node.orelse);
            }
            Stmt::If(node) => self.if_statement(node),
            Stmt::With(node) => {
                self.tag("with");
                self.flag(node.is_async);
                self.count(node.items.len());
                for item in &node.items {
                    self.expr(&item.context_expr);
                    self.maybe(item.optional_vars.as_deref());
                }
                self.block(&node.body);
            }
            Stmt::Match(node) => self.match_statement(node),
            Stmt::Try(node) => self.try_statement(node),
            Stmt::Return(_)
            | Stmt::Delete(_)
            | Stmt::TypeAlias(_)
            | Stmt::Assign(_)
            | Stmt::AugAssign(_)
            | Stmt::AnnAssign(_)
            | Stmt::Raise(_)
            | Stmt::Assert(_)
            | Stmt::Import(_)
            | Stmt::ImportFrom(_)
            | Stmt::Global(_)
            | Stmt::Nonlocal(_)
            | Stmt::Expr(_)
            | Stmt::Pass(_)
            | Stmt::Break(_)
            | Stmt::Continue(_)
            | Stmt::IpyEscapeCommand(_) => self.simple(statement),
        }
    }

    /// Statements without a block.
    fn simple(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Return(node) => {
                self.tag("return");
                self.maybe(node.value.as_deref());
            }
            Stmt::Delete(node) => {
                self.tag("del");
                self.exprs(&node.targets);
            }
            Stmt::TypeAlias(node) => {
                self.tag("type");
                self.expr(&node.name);
                self.type_params(node.type_params.as_deref());
                self.expr(&node.value);
            }
            Stmt::Assign(node) => {
                self.tag("=");
                self.exprs(&node.targets);
                self.expr(&node.value);
            }
            Stmt::AugAssign(node) => {
                self.tag("op=");
                self.text(node.op.as_str());
                self.expr(&node.target);
                self.expr(&node.value);
            }
            Stmt::AnnAssign(node) => {
                self.tag(":=");
                self.flag(node.simple);
                self.expr(&node.target);
                self.expr(&node.annotation);
                self.maybe(node.value.as_deref());
            }
            Stmt::Raise(node) => {
                self.tag("raise");
                self.maybe(node.exc.as_deref());
                self.maybe(node.cause.as_deref());
            }
            Stmt::Assert(node) => {
                self.tag("assert");
                self.expr(&node.test);
                self.maybe(node.msg.as_deref());
            }
            Stmt::Expr(node) => {
                self.tag("do");
                self.expr(&node.value);
            }
            other => self.words(other),
        }
    }

    /// Statements made only of names. Callers have matched every other kind; [`Canon::statement`] names them
    /// all.
    fn words(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Import(node) => {
                self.tag("import");
                self.flag(node.is_lazy);
                self.aliases(&node.names);
            }
            Stmt::ImportFrom(node) => {
                self.tag("from");
                self.flag(node.is_lazy);
                self.name(node.module.as_ref());
                self.count(node.level as usize);
                self.aliases(&node.names);
            }
            Stmt::Global(node) => {
                self.tag("global");
                self.count(node.names.len());
                node.names.iter().for_each(|name| self.text(name));
            }
            Stmt::Nonlocal(node) => {
                self.tag("nonlocal");
                self.count(node.names.len());
                node.names.iter().for_each(|name| self.text(name));
            }
            Stmt::IpyEscapeCommand(node) => {
                self.tag("ipython");
                self.text(&format!("{:?}", node.kind));
                self.text(&node.value);
            }
            Stmt::Break(_) => self.tag("break"),
            Stmt::Continue(_) => self.tag("continue"),
            Stmt::Pass(_) => self.tag("pass"),
            other => unreachable!("matched by the callers: {other:?}"),
        }
    }

    fn function(&mut self, def: &ast::StmtFunctionDef) {
        self.tag("def");
        self.text(&def.name);
        if self.form.stubs {
            return;
        }
        self.flag(def.is_async);
        self.decorators(&def.decorator_list);
        self.type_params(def.type_params.as_deref());
        self.parameters(&def.parameters);
        self.maybe(def.returns.as_deref());
        self.block(&def.body);
    }

    fn class(&mut self, def: &ast::StmtClassDef) {
        self.tag("class");
        self.text(&def.name);
        if self.form.stubs {
            return;
        }
        self.decorators(&def.decorator_list);
        self.type_params(def.type_params.as_deref());
        match def.arguments.as_deref() {
            Some(arguments) => self.arguments(arguments),
            None => {
                self.count(0);
                self.count(0);
            }
        }
        self.block(&def.body);
    }

    fn decorators(&mut self, decorators: &[ast::Decorator]) {
        self.count(decorators.len());
        decorators.iter().for_each(|decorator| self.expr(&decorator.expression));
    }

    /// `elif` is written as an `if` alone in an `else`, which means the same.
    fn if_statement(&mut self, node: &ast::StmtIf) {
        self.tag("if");
        self.expr(&node.test);
        self.block(&node.body);
        for clause in &node.elif_else_clauses {
            match &clause.test {
                Some(test) => {
                    self.count(1);
                    self.tag("if");
                    self.expr(test);
                    self.block(&clause.body);
                }
                None => self.block(&clause.body),
            }
        }
        if node.elif_else_clauses.last().is_none_or(|clause| clause.test.is_some()) {
            self.count(0);
        }
    }

    fn match_statement(&mut self, node: &ast::StmtMatch) {
        self.tag("match");
        self.expr(&node.subject);
        self.count(node.cases.len());
        for case in &node.cases {
            self.pattern(&case.pattern);
            self.maybe(case.guard.as_deref());
            self.block(&case.body);
        }
    }

    fn try_statement(&mut self, node: &ast::StmtTry) {
        self.tag("try");
        self.flag(node.is_star);
        self.block(&node.body);
        self.count(node.handlers.len());
        for ExceptHandler::ExceptHandler(handler) in &node.handlers {
            self.maybe(handler.type_.as_deref());
            self.name(handler.name.as_ref());
            self.block(&handler.body);
        }
        self.block(&node.orelse);
        self.block(&node.finalbody);
    }

    fn aliases(&mut self, names: &[ast::Alias]) {
        self.count(names.len());
        for alias in names {
            self.text(&alias.name);
            self.name(alias.asname.as_ref());
        }
    }

    pub(super) fn maybe(&mut self, expr: Option<&Expr>) {
        self.flag(expr.is_some());
        if let Some(expr) = expr {
            self.expr(expr);
        }
    }

    pub(super) fn exprs(&mut self, exprs: &[Expr]) {
        self.count(exprs.len());
        exprs.iter().for_each(|expr| self.expr(expr));
    }
}
