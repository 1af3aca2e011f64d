//! The visitor that collects what is mentioned, scope by scope.

use ruff_python_ast as ast;
use ruff_python_ast::visitor::Visitor;
use ruff_python_ast::{Expr, Stmt};

use super::super::bound::Names;
use super::super::outline::{Call, Chain, Code, Decorator, Mention, Root, TextMention};
use super::super::words;
use super::texts;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Function,
    Class,
    Comprehension,
}

pub(super) struct Scope {
    kind: Kind,
    names: Names,
}

/// What a name refers to.
pub(super) enum Lead {
    Outside(Root),
    Own { parameter: bool },
}

/// The visitor. Start it at module level.
#[derive(Default)]
pub(in crate::script) struct Mentions {
    pub(super) scopes: Vec<Scope>,
    pub(super) deferred: usize,
    pub(super) in_annotation: bool,
    /// Whether the surrounding code only displays texts: `raise`, `print`, a logger.
    pub(super) only_shown: bool,
    /// In what is given to a function that evaluates texts.
    pub(super) evaluated: bool,
    pub(super) stubs: bool,
    /// The number of surrounding blocks that guard their content.
    pub(super) guards: usize,
    /// What has been found.
    pub(in crate::script) code: Code,
}

impl Mentions {
    /// A visitor that skips functions and classes at module level: they are units of their own.
    pub(in crate::script) fn without_definitions() -> Self {
        Self { stubs: true, ..Self::default() }
    }

    /// The decorators, as far as they can be named.
    pub(in crate::script) fn decorators(&self, list: &[ast::Decorator]) -> Vec<Decorator> {
        list.iter().map(|decorator| self.decorator(&decorator.expression)).collect()
    }

    /// A decorator or wrapper: `name`, `name(...)`, `name(name="label")`.
    pub(in crate::script) fn decorator(&self, expr: &Expr) -> Decorator {
        let Expr::Call(call) = expr else {
            return Decorator { chain: self.chain(expr), called: false, label: None };
        };
        let label = call.arguments.find_argument_value("name", 0).and_then(text_of);
        Decorator { chain: self.chain(&call.func), called: true, label }
    }

    /// The chain of names in `expr`, if it is one and leads outside.
    pub(in crate::script) fn chain(&self, expr: &Expr) -> Option<Chain> {
        let (root, attrs) = dotted(expr)?;
        match self.lead(root) {
            Lead::Outside(root) => Some(Chain { root, attrs, literal: None }),
            Lead::Own { .. } => None,
        }
    }

    pub(super) fn lead(&self, name: &str) -> Lead {
        for (i, scope) in self.scopes.iter().enumerate().rev() {
            if scope.kind == Kind::Class && i + 1 != self.scopes.len() {
                continue;
            }
            if scope.names.global.contains(name) {
                break;
            }
            if let Some(bound) = scope.names.bound.get(name) {
                if bound.imports.is_empty() {
                    return Lead::Own { parameter: bound.parameter };
                }
                return Lead::Outside(Root::Imports(bound.imports.clone()));
            }
        }
        Lead::Outside(Root::Global(name.to_owned()))
    }

    pub(super) fn mention(&mut self, chain: Chain) {
        if let Root::Global(name) = &chain.root
            && self.deferred == 0
        {
            self.code.eager_names.insert(name.clone());
        }
        self.code.mentions.push(Mention::Use(chain));
    }

    pub(super) fn called(&mut self, call: Call) {
        if self.in_annotation {
            return;
        }
        if self.deferred == 0 { &mut self.code.eager_calls } else { &mut self.code.deferred_calls }
            .push(call);
    }

    pub(super) fn in_scope(&mut self, kind: Kind, names: Names, visit: impl FnOnce(&mut Self)) {
        self.scopes.push(Scope { kind, names });
        visit(self);
        self.scopes.pop();
    }

    /// Visits in a scope with the type parameters (`def f[T]`), if there are any.
    pub(super) fn with_type_params(
        &mut self,
        params: Option<&ast::TypeParams>,
        visit: impl FnOnce(&mut Self),
    ) {
        let Some(params) = params else { return visit(self) };
        let mut names = Names::default();
        for param in &params.type_params {
            names.bound.entry(param.name().to_string()).or_default().otherwise = true;
        }
        self.in_scope(Kind::Comprehension, names, |this| {
            this.visit_type_params(params);
            visit(this);
        });
    }

    pub(super) fn function(&mut self, def: &ast::StmtFunctionDef) {
        self.decorated(&def.name, &def.decorator_list);
        self.with_type_params(def.type_params.as_deref(), |this| {
            this.visit_parameters(&def.parameters);
            def.returns.iter().for_each(|returns| this.visit_annotation(returns));
            this.deferred += 1;
            let names = Names::of_function(&def.parameters, &def.body);
            this.in_scope(Kind::Function, names, |this| this.visit_body(&def.body));
            this.deferred -= 1;
        });
    }

    fn decorated(&mut self, name: &str, list: &[ast::Decorator]) {
        if !self.scopes.is_empty() && !list.is_empty() {
            let decorators = self.decorators(list);
            self.code.mentions.push(Mention::Def { name: name.to_owned(), decorators });
        }
        for decorator in list {
            match &decorator.expression {
                // At module level the unit's own decorators are judged separately.
                Expr::Call(call) if self.scopes.is_empty() => {
                    self.visit_expr(&call.func);
                    self.visit_arguments(&call.arguments);
                }
                expr => {
                    self.visit_expr(expr);
                    if !self.scopes.is_empty() && !expr.is_call_expr() {
                        let call = self.callee(expr);
                        self.called(call);
                    }
                }
            }
        }
    }

    pub(super) fn class(&mut self, def: &ast::StmtClassDef) {
        self.decorated(&def.name, &def.decorator_list);
        self.with_type_params(def.type_params.as_deref(), |this| {
            if let Some(arguments) = &def.arguments {
                this.visit_arguments(arguments);
            }
            let declared = Names::of_body(&def.body);
            let names = Names { global: declared.global, nonlocal: declared.nonlocal, ..Names::default() };
            this.in_scope(Kind::Class, names, |this| {
                for stmt in &def.body {
                    this.visit_stmt(stmt);
                    this.bind_in_class(stmt);
                }
            });
        });
    }

    /// In a class body a name belongs to the class only after the statement that binds it, and for certain only
    /// if that statement is not nested in another.
    fn bind_in_class(&mut self, stmt: &Stmt) {
        let certain = match stmt {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) | Stmt::Assign(_) => true,
            Stmt::Import(_) | Stmt::ImportFrom(_) | Stmt::TypeAlias(_) => true,
            Stmt::AnnAssign(node) => node.value.is_some(),
            _ => false,
        };
        if certain && let Some(scope) = self.scopes.last_mut() {
            scope.names.bound.extend(Names::of_body(std::slice::from_ref(stmt)).bound);
        }
    }

    /// Records a store into something, unless it belongs to this code.
    pub(super) fn stored(&mut self, place: &Expr) {
        let mut base = place;
        while let Expr::Attribute(ast::ExprAttribute { value, .. })
        | Expr::Subscript(ast::ExprSubscript { value, .. }) = base
        {
            base = value;
        }
        let own = match base {
            Expr::Name(name) => matches!(self.lead(&name.id), Lead::Own { parameter: false }),
            _ => false,
        };
        if !own {
            self.writes_outside();
        }
    }

    pub(super) fn writes_outside(&mut self) {
        if self.deferred == 0 {
            self.code.eager_writes_outside = true;
        } else {
            self.code.deferred_writes_outside = true;
        }
    }

    pub(super) fn name(&mut self, node: &ast::ExprName) {
        if !node.ctx.is_load() {
            if self.scopes.last().is_some_and(|scope| scope.names.global.contains(node.id.as_str())) {
                self.code.global_writes.insert(node.id.to_string());
                self.writes_outside();
                self.mention(Chain::global(&node.id));
            }
            return;
        }
        if let Lead::Outside(root) = self.lead(&node.id) {
            self.mention(Chain { root, attrs: Vec::new(), literal: None });
        }
    }

    pub(super) fn attribute(&mut self, expr: &Expr, node: &ast::ExprAttribute) {
        words::attribute(&node.attr, &mut self.code.words);
        if !node.ctx.is_load() {
            self.stored(expr);
        }
        match self.chain(expr) {
            Some(chain) => {
                chain.attrs.iter().for_each(|attr| words::attribute(attr, &mut self.code.words));
                self.mention(chain);
            }
            None => self.visit_expr(&node.value),
        }
    }

    /// `"Model"` as an annotation: libraries evaluate it, so its words are names.
    pub(super) fn quoted_annotation(&mut self, text: &str) {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        for word in words {
            if let Lead::Outside(root) = self.lead(word) {
                self.mention(Chain { root, attrs: Vec::new(), literal: None });
            }
        }
    }

    /// A text used as a value: whoever gets it may evaluate it, here or in another module.
    pub(super) fn text_value(&mut self, text: &str) {
        words::text(text, &mut self.code.words);
        // A single name is a column, a key or a mode, except where it is evaluated.
        if self.in_annotation || self.only_shown || (texts::is_name(text) && !self.evaluated) {
            return;
        }
        for parts in texts::chains(text) {
            self.text_mention(parts, false);
        }
        if let Some(parts) = texts::package(text) {
            self.text_mention(parts, true);
        }
    }

    fn text_mention(&mut self, mut parts: Vec<String>, is_package: bool) {
        let attrs = parts.split_off(1);
        let Some(name) = parts.pop() else { return };
        if let Lead::Outside(root) = self.lead(&name) {
            if let Root::Global(name) = &root
                && self.deferred == 0
            {
                self.code.eager_names.insert(name.clone());
            }
            let chain = Chain { root, attrs, literal: None };
            self.code.texts.push(TextMention { chain, is_package });
        }
    }

    pub(super) fn shown(&mut self, visit: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.only_shown, true);
        visit(self);
        self.only_shown = before;
    }

    pub(super) fn comprehension(&mut self, generators: &[ast::Comprehension], visit: impl FnOnce(&mut Self)) {
        let Some((first, rest)) = generators.split_first() else { return };
        self.visit_expr(&first.iter);
        let mut names = Names::default();
        for generator in generators {
            let bound = Names::of_expr(&generator.target).bound.into_keys();
            bound.for_each(|name| names.bound.entry(name).or_default().otherwise = true);
        }
        self.in_scope(Kind::Comprehension, names, |this| {
            this.visit_expr(&first.target);
            first.ifs.iter().for_each(|test| this.visit_expr(test));
            for generator in rest {
                this.visit_expr(&generator.iter);
                this.visit_expr(&generator.target);
                generator.ifs.iter().for_each(|test| this.visit_expr(test));
            }
            visit(this);
        });
    }
}

/// Splits `a.b.c` into `a` and `[b, c]`.
pub(in crate::script) fn dotted(expr: &Expr) -> Option<(&str, Vec<String>)> {
    let mut attrs = Vec::new();
    let mut base = expr;
    while let Expr::Attribute(node) = base {
        attrs.push(node.attr.to_string());
        base = &node.value;
    }
    attrs.reverse();
    match base {
        Expr::Name(name) => Some((name.id.as_str(), attrs)),
        _ => None,
    }
}

/// The text of a literal.
pub(super) fn text_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::StringLiteral(node) => Some(node.value.to_str().to_owned()),
        _ => None,
    }
}
