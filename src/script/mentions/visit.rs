//! The parts of the syntax tree in which something is mentioned.

use ruff_python_ast as ast;
use ruff_python_ast::visitor::{Visitor, walk_annotation, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use super::super::bound::{Names, import, import_from};
use super::super::outline::{Import, Mention};
use super::super::words;
use super::collect::{Kind, Mentions};
use crate::source::Span;

impl<'a> Visitor<'a> for Mentions {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) if self.stubs && self.scopes.is_empty() => {}
            Stmt::FunctionDef(def) => self.function(def),
            Stmt::ClassDef(def) => self.class(def),
            Stmt::Import(node) => {
                node.names.iter().for_each(|alias| self.load(import(alias).1, alias));
            }
            Stmt::ImportFrom(node) => {
                node.names.iter().for_each(|alias| self.load(import_from(node, alias).1, alias));
            }
            Stmt::Try(_) | Stmt::If(_) => {
                self.guards += 1;
                walk_stmt(self, stmt);
                self.guards -= 1;
            }
            Stmt::TypeAlias(node) => {
                let params = node.type_params.as_deref();
                self.with_type_params(params, |this| this.visit_annotation(&node.value));
            }
            // A docstring, or a string used as a comment.
            Stmt::Expr(node) if node.value.is_string_literal_expr() => {}
            // The text of an exception or a failed assertion is for people.
            Stmt::Raise(_) => self.shown(|this| walk_stmt(this, stmt)),
            Stmt::Assert(node) => {
                self.visit_expr(&node.test);
                self.shown(|this| node.msg.iter().for_each(|message| this.visit_expr(message)));
            }
            Stmt::Nonlocal(_) => self.writes_outside(),
            _ => walk_stmt(self, stmt),
        }
    }

    fn visit_annotation(&mut self, expr: &'a Expr) {
        let before = std::mem::replace(&mut self.in_annotation, true);
        walk_annotation(self, expr);
        self.in_annotation = before;
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(node) => self.name(node),
            Expr::Attribute(node) => self.attribute(expr, node),
            Expr::Call(node) => self.call(node),
            Expr::Subscript(node) => {
                if !node.ctx.is_load() {
                    self.stored(expr);
                }
                walk_expr(self, expr);
            }
            Expr::Lambda(node) => {
                let none = ast::Parameters::default();
                let parameters = node.parameters.as_deref().unwrap_or(&none);
                self.visit_parameters(parameters);
                self.deferred += 1;
                let names = Names::of_function(parameters, &[]);
                self.in_scope(Kind::Function, names, |this| this.visit_expr(&node.body));
                self.deferred -= 1;
            }
            Expr::ListComp(node) => self.comprehension(&node.generators, |this| this.visit_expr(&node.elt)),
            Expr::SetComp(node) => self.comprehension(&node.generators, |this| this.visit_expr(&node.elt)),
            Expr::Generator(node) => self.comprehension(&node.generators, |this| this.visit_expr(&node.elt)),
            Expr::DictComp(node) => self.comprehension(&node.generators, |this| {
                node.key.iter().for_each(|key| this.visit_expr(key));
                this.visit_expr(&node.value);
            }),
            Expr::StringLiteral(node) => {
                self.text_value(node.value.to_str());
                if self.in_annotation {
                    self.quoted_annotation(node.value.to_str());
                }
            }
            _ => walk_expr(self, expr),
        }
    }

    fn visit_string_literal(&mut self, literal: &'a ast::StringLiteral) {
        self.text_value(&literal.value);
    }

    fn visit_bytes_literal(&mut self, literal: &'a ast::BytesLiteral) {
        words::text(&String::from_utf8_lossy(&literal.value), &mut self.code.words);
    }

    fn visit_interpolated_string_element(&mut self, element: &'a ast::InterpolatedStringElement) {
        if let ast::InterpolatedStringElement::Literal(literal) = element {
            self.text_value(&literal.value);
        }
        ast::visitor::walk_interpolated_string_element(self, element);
    }
}

impl Mentions {
    fn load(&mut self, import: Import, alias: &ast::Alias) {
        let range = alias.range();
        let span = Span::new(range.start().to_usize(), range.end().to_usize());
        self.code.mentions.push(Mention::Load(import, (self.guards == 0).then_some(span)));
    }
}
