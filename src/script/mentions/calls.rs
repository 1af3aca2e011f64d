//! What calls mention: whom they call, and the names in their literal arguments.

use ruff_python_ast as ast;
use ruff_python_ast::Expr;
use ruff_python_ast::visitor::Visitor;

use super::super::outline::{Call, Chain, Root};
use super::super::words;
use super::collect::{Lead, Mentions, dotted, text_of};
use super::texts;

impl Mentions {
    pub(super) fn callee(&self, func: &Expr) -> Call {
        if let Some((root, attrs)) = dotted(func) {
            return match (self.lead(root), attrs.last()) {
                (Lead::Outside(root), _) => Call::Chain(Chain { root, attrs, literal: None }),
                (Lead::Own { parameter }, Some(name)) => {
                    Call::Method { name: name.clone(), own: attrs.len() == 1 && !parameter }
                }
                (Lead::Own { .. }, None) => Call::Unknown,
            };
        }
        match func {
            Expr::Attribute(node) => Call::Method { name: node.attr.to_string(), own: false },
            Expr::Call(inner) => self.chain(&inner.func).map_or(Call::Unknown, Call::Made),
            _ => Call::Unknown,
        }
    }

    pub(super) fn call(&mut self, call: &ast::ExprCall) {
        let made = self.callee(&call.func);
        self.called(made);
        let first = call.arguments.args.first();
        let literal = first.and_then(text_of);
        match dotted(&call.func) {
            Some((name, attrs)) if attrs.is_empty() && self.asks_for_own_names(name, first.is_some()) => {}
            Some(("getattr", attrs)) if attrs.is_empty() && self.attribute_by_name(call) => return,
            _ => match (self.chain(&call.func), literal) {
                (Some(chain), Some(literal)) => {
                    // `import_module("name")` can be followed, if it is the one of `importlib`.
                    let unknown = chain.attrs.iter().filter(|attr| *attr != "import_module");
                    unknown.for_each(|attr| words::attribute(attr, &mut self.code.words));
                    self.mention(Chain { literal: Some(literal), ..chain });
                }
                _ => self.visit_expr(&call.func),
            },
        }
        if let Some(name) = called(&call.func)
            && takes_unknown_text(call)
        {
            self.code.words.evaluates |= texts::finds_names(name);
            self.code.words.may_evaluate |= texts::may_find_names(name);
        }
        if self.only_shows(&call.func) {
            self.shown(|this| this.visit_arguments(&call.arguments));
        } else {
            let evaluates = called(&call.func).is_some_and(texts::evaluates);
            let before = self.evaluated;
            self.evaluated |= evaluates;
            self.visit_arguments(&call.arguments);
            self.evaluated = before;
        }
    }

    /// Whether a function only displays the texts that it is given.
    fn only_shows(&self, func: &Expr) -> bool {
        match func {
            Expr::Name(name) => {
                let is_builtin = matches!(self.lead(&name.id), Lead::Outside(Root::Global(_)));
                name.id == "print" && is_builtin
            }
            Expr::Attribute(node) => texts::only_shows(&node.attr),
            _ => false,
        }
    }

    /// `locals()` or `vars()` in a function, or `vars(x)`: does not ask for names of the module.
    fn asks_for_own_names(&self, name: &str, has_argument: bool) -> bool {
        let in_function = self.deferred > 0;
        match name {
            "locals" | "vars" if in_function || has_argument => {
                matches!(self.lead(name), Lead::Outside(Root::Global(_)))
            }
            _ => false,
        }
    }

    /// Treats `getattr(module, "name")` as `module.name`. True if that was all of the call.
    fn attribute_by_name(&mut self, call: &ast::ExprCall) -> bool {
        let [object, name, rest @ ..] = &*call.arguments.args else { return false };
        let (Some(mut chain), Some(name)) = (self.chain(object), text_of(name)) else { return false };
        words::attribute(&name, &mut self.code.words);
        chain.attrs.push(name);
        self.mention(chain);
        rest.iter().for_each(|default| self.visit_expr(default));
        true
    }
}

/// The name of a function or method that is called.
fn called(func: &Expr) -> Option<&str> {
    match func {
        Expr::Name(name) => Some(&name.id),
        Expr::Attribute(node) => Some(&node.attr),
        _ => None,
    }
}

/// Whether a function is given a text that is not a literal.
fn takes_unknown_text(call: &ast::ExprCall) -> bool {
    let named = call.arguments.keywords.iter();
    let named = named
        .filter(|one| one.arg.as_ref().is_none_or(|name| texts::OF_TEXTS.contains(&name.as_str())))
        .map(|one| &one.value);
    call.arguments.args.first().into_iter().chain(named).any(|text| text_of(text).is_none())
}
