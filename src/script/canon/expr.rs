//! The canonical form of expressions.

use ruff_python_ast as ast;
use ruff_python_ast::Expr;

use super::writer::Canon;

impl Canon<'_> {
    pub(super) fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::BoolOp(_)
            | Expr::Named(_)
            | Expr::BinOp(_)
            | Expr::UnaryOp(_)
            | Expr::Lambda(_)
            | Expr::If(_)
            | Expr::Compare(_) => self.operation(expr),
            Expr::Call(node) => {
                self.tag("call");
                self.expr(&node.func);
                self.arguments(&node.arguments);
            }
            Expr::Await(node) => {
                self.tag("await");
                self.expr(&node.value);
            }
            Expr::Yield(node) => {
                self.tag("yield");
                self.maybe(node.value.as_deref());
            }
            Expr::YieldFrom(node) => {
                self.tag("yieldfrom");
                self.expr(&node.value);
            }
            Expr::Dict(_)
            | Expr::Set(_)
            | Expr::List(_)
            | Expr::Tuple(_)
            | Expr::ListComp(_)
            | Expr::SetComp(_)
            | Expr::DictComp(_)
            | Expr::Generator(_) => self.display(expr),
            Expr::FString(_)
            | Expr::TString(_)
            | Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::IpyEscapeCommand(_) => self.literal(expr),
            Expr::Attribute(_) | Expr::Subscript(_) | Expr::Starred(_) | Expr::Name(_) | Expr::Slice(_) => {
                self.place(expr);
            }
        }
    }

    fn operation(&mut self, expr: &Expr) {
        match expr {
            Expr::BoolOp(node) => {
                self.tag(node.op.as_str());
                self.exprs(&node.values);
            }
            Expr::Named(node) => {
                self.tag("walrus");
                self.expr(&node.target);
                self.expr(&node.value);
            }
            Expr::BinOp(node) => {
                self.tag("binary");
                self.text(node.op.as_str());
                self.expr(&node.left);
                self.expr(&node.right);
            }
            Expr::UnaryOp(node) => {
                self.tag("unary");
                self.text(node.op.as_str());
                self.expr(&node.operand);
            }
            Expr::Lambda(node) => {
                self.tag("lambda");
                match node.parameters.as_deref() {
                    Some(parameters) => self.parameters(parameters),
                    None => self.parameters(&ast::Parameters::default()),
                }
                self.expr(&node.body);
            }
            Expr::If(node) => {
                self.tag("ifelse");
                self.expr(&node.test);
                self.expr(&node.body);
                self.expr(&node.orelse);
            }
            Expr::Compare(node) => {
                self.tag("compare");
                self.expr(&node.left);
                self.count(node.ops.len());
                node.ops.iter().for_each(|op| self.text(op.as_str()));
                self.exprs(&node.comparators);
            }
            other => unreachable!("matched by `expr`: {other:?}"),
        }
    }

    /// Expressions that denote a place: names, attributes, subscripts.
    fn place(&mut self, expr: &Expr) {
        match expr {
            Expr::Attribute(node) => {
                self.tag("attribute");
                self.expr(&node.value);
                self.text(&node.attr);
            }
            Expr::Subscript(node) => {
                self.tag("subscript");
                self.expr(&node.value);
                self.expr(&node.slice);
            }
            Expr::Starred(node) => {
                self.tag("starred");
                self.expr(&node.value);
            }
            Expr::Name(node) => {
                self.tag("name");
                self.text(&node.id);
            }
            Expr::Slice(node) => {
                self.tag("slice");
                self.maybe(node.lower.as_deref());
                self.maybe(node.upper.as_deref());
                self.maybe(node.step.as_deref());
            }
            other => unreachable!("matched by `expr`: {other:?}"),
        }
    }

    /// Displays and comprehensions. The order of their elements counts: Python keeps it.
    fn display(&mut self, expr: &Expr) {
        match expr {
            Expr::Dict(node) => {
                self.tag("dict");
                self.count(node.items.len());
                for item in &node.items {
                    self.maybe(item.key.as_ref());
                    self.expr(&item.value);
                }
            }
            Expr::Set(node) => {
                self.tag("set");
                self.exprs(&node.elts);
            }
            Expr::List(node) => {
                self.tag("list");
                self.exprs(&node.elts);
            }
            Expr::Tuple(node) => {
                self.tag("tuple");
                self.exprs(&node.elts);
            }
            Expr::ListComp(node) => {
                self.tag("listcomp");
                self.expr(&node.elt);
                self.generators(&node.generators);
            }
            Expr::SetComp(node) => {
                self.tag("setcomp");
                self.expr(&node.elt);
                self.generators(&node.generators);
            }
            Expr::DictComp(node) => {
                self.tag("dictcomp");
                self.maybe(node.key.as_deref());
                self.expr(&node.value);
                self.generators(&node.generators);
            }
            Expr::Generator(node) => {
                self.tag("generator");
                self.expr(&node.elt);
                self.generators(&node.generators);
            }
            other => unreachable!("matched by `expr`: {other:?}"),
        }
    }

    fn generators(&mut self, generators: &[ast::Comprehension]) {
        self.count(generators.len());
        for generator in generators {
            self.flag(generator.is_async);
            self.expr(&generator.target);
            self.expr(&generator.iter);
            self.exprs(&generator.ifs);
        }
    }

    pub(super) fn arguments(&mut self, arguments: &ast::Arguments) {
        self.exprs(&arguments.args);
        self.count(arguments.keywords.len());
        for keyword in &arguments.keywords {
            self.name(keyword.arg.as_ref());
            self.expr(&keyword.value);
        }
    }

    pub(super) fn parameters(&mut self, parameters: &ast::Parameters) {
        for group in [&parameters.posonlyargs, &parameters.args, &parameters.kwonlyargs] {
            self.count(group.len());
            for parameter in group {
                self.parameter(&parameter.parameter);
                self.maybe(parameter.default.as_deref());
            }
        }
        for rest in [&parameters.vararg, &parameters.kwarg] {
            self.flag(rest.is_some());
            if let Some(parameter) = rest {
                self.parameter(parameter);
            }
        }
    }

    fn parameter(&mut self, parameter: &ast::Parameter) {
        self.text(&parameter.name);
        self.maybe(parameter.annotation.as_deref());
    }
}
