//! From a syntax tree to the outline of its module. Blocks at module level are taken apart, so that the
//! functions and imports in them are units; the rest of such a block is an effect.

use camino::Utf8Path;
use ruff_python_ast as ast;
use ruff_python_ast::visitor::Visitor;
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::bound::{Names, import, import_from};
use super::canon::{self, Form};
use super::mentions::{Mentions, dotted};
use super::outline::{Alias, Class, Code, Fresh, Import, Kind, Module, Signature, Unit};
use super::{quiet_body, returns};
use crate::digest::Digest;
use crate::source::{Source, Span};

/// The outline of a module's statements.
pub(super) fn module(source: &Source, path: &Utf8Path, body: &[Stmt]) -> Module {
    let lines = Lines::of(source.text());
    let mut builder = Builder { source, lines, in_block: false, units: Vec::new() };
    builder.body(body);
    let all: Vec<&Stmt> = body.iter().collect();
    let mut module = Module {
        path: path.to_owned(),
        source: source.clone(),
        units: builder.units,
        bindings: Default::default(),
        used: Default::default(),
        alters_path: false,
        stars: Vec::new(),
        whole: whole(source.text(), &all),
    };
    module.index();
    module
}

fn whole(text: &str, statements: &[&Stmt]) -> [Digest; 2] {
    let form = |docs| Form { docs, stubs: false };
    let is_text = |s: &Stmt| matches!(s, Stmt::Expr(e) if e.value.is_string_literal_expr());
    let counted: Vec<&Stmt> =
        statements.iter().copied().filter(|s| !is_text(s) && !s.is_pass_stmt()).collect();
    [canon::digest(text, form(false), &counted), canon::digest(text, form(true), statements)]
}

/// The offsets of lines, to look up line numbers quickly.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect())
    }

    fn line(&self, at: usize) -> usize {
        self.0.partition_point(|start| *start <= at)
    }
}

struct Builder<'a> {
    source: &'a Source,
    lines: Lines,
    in_block: bool,
    units: Vec<Unit>,
}

impl Builder<'_> {
    fn body(&mut self, body: &[Stmt]) {
        body.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Stmt) {
        if self.definition(statement) {
            return;
        }
        match statement {
            Stmt::Assign(node) => self.assign(statement, &node.targets, Some(&node.value)),
            Stmt::AnnAssign(node) => {
                self.assign(statement, std::slice::from_ref(&*node.target), node.value.as_deref());
            }
            Stmt::AugAssign(node) => self.augmented(statement, node),
            Stmt::TypeAlias(node) => self.assign(statement, std::slice::from_ref(&*node.name), None),
            Stmt::Expr(node) => self.expression(statement, &node.value),
            Stmt::Pass(_) | Stmt::Global(_) => {}
            Stmt::If(node) => self.if_statement(statement, node),
            _ => self.effect(statement),
        }
    }

    /// Functions, classes and imports, at module level or in a block there.
    fn definition(&mut self, statement: &Stmt) -> bool {
        match statement {
            Stmt::FunctionDef(def) => self.function(statement, def),
            Stmt::ClassDef(def) => self.class(statement, def),
            Stmt::Import(node) => {
                for alias in &node.names {
                    let (bound, import) = import(alias);
                    self.import(bound, import, alias.range());
                }
            }
            Stmt::ImportFrom(node) => {
                for alias in &node.names {
                    let (bound, import) = import_from(node, alias);
                    self.import(bound, import, alias.range());
                }
            }
            _ => return false,
        }
        true
    }

    fn unit(&self, kind: Kind, binds: Vec<String>, statement: &Stmt, code: Code) -> Unit {
        let name = binds.join(", ");
        let digest = |docs, stubs| canon::digest(self.source.text(), Form { docs, stubs }, &[statement]);
        let stubs = !statement.is_function_def_stmt() && !statement.is_class_def_stmt();
        let span = span(statement.range());
        let digests = [digest(false, stubs), digest(true, stubs)];
        let line = self.lines.line(span.start);
        let in_block = self.in_block;
        Unit { kind, in_block, name, binds, decorators: Vec::new(), code, digests, span, line }
    }

    fn function(&mut self, statement: &Stmt, def: &ast::StmtFunctionDef) {
        let mut mentions = Mentions::default();
        let decorators = mentions.decorators(&def.decorator_list);
        mentions.visit_stmt(statement);
        let mut signature = signature(&def.parameters);
        signature.decorates_quietly = quiet_body::decorates_quietly(def);
        (signature.returns, signature.deferred) = returns::of(def);
        let binds = vec![def.name.to_string()];
        let mut unit = self.unit(Kind::Function(signature), binds, statement, mentions.code);
        unit.decorators = decorators;
        unit.span = span(def.name.range());
        unit.line = self.lines.line(unit.span.start);
        self.units.push(unit);
    }

    fn class(&mut self, statement: &Stmt, def: &ast::StmtClassDef) {
        let mut mentions = Mentions::default();
        let decorators = mentions.decorators(&def.decorator_list);
        let bases = def.bases().iter().map(|base| mentions.chain(base)).collect();
        let mut class = Class { bases, ..Class::default() };
        for keyword in def.keywords() {
            match keyword.arg.as_deref() {
                Some("metaclass") => class.metaclass = Some(mentions.chain(&keyword.value)),
                _ => class.keywords = true,
            }
        }
        class.defines = Names::of_body(&def.body).bound.into_keys().collect();
        mentions.visit_stmt(statement);
        let binds = vec![def.name.to_string()];
        let mut unit = self.unit(Kind::Class(class), binds, statement, mentions.code);
        unit.decorators = decorators;
        unit.span = span(def.name.range());
        unit.line = self.lines.line(unit.span.start);
        self.units.push(unit);
    }

    fn import(&mut self, bound: String, import: Import, range: TextRange) {
        let level = import.level.to_string();
        let name = import.name.as_deref().unwrap_or("");
        let digest = canon::digest_words(&["import", &bound, &level, &import.module, name, &import.loads]);
        // `from __future__` changes how the whole module is compiled.
        let future = import.module == "__future__" && import.level == 0;
        let kind = if future { Kind::Effect } else { Kind::Import(import) };
        let span = span(range);
        self.units.push(Unit {
            kind,
            in_block: self.in_block,
            name: bound.clone(),
            binds: vec![bound],
            decorators: Vec::new(),
            code: Code::default(),
            digests: [digest; 2],
            span,
            line: self.lines.line(span.start),
        });
    }

    fn assign(&mut self, statement: &Stmt, targets: &[Expr], value: Option<&Expr>) {
        let single = if let [target] = targets { Some(target) } else { None };
        match single {
            Some(Expr::Attribute(ast::ExprAttribute { value: base, .. }))
            | Some(Expr::Subscript(ast::ExprSubscript { value: base, .. })) => {
                self.mutation(statement, base, None, |mentions| mentions.visit_stmt(statement));
                return;
            }
            _ if !targets.iter().all(is_names) => return self.effect(statement),
            _ => {}
        }
        let mut mentions = Mentions::default();
        let alias = single.and(value).and_then(|value| alias(&mentions, value));
        let fresh = single.filter(|target| target.is_name_expr()).and(value).map_or(Fresh::No, fresh);
        mentions.visit_stmt(statement);
        let binds: Vec<String> = Names::of_body(std::slice::from_ref(statement)).bound.into_keys().collect();
        let unit = self.unit(Kind::Assign { fresh, alias }, binds, statement, mentions.code);
        self.units.push(unit);
    }

    fn augmented(&mut self, statement: &Stmt, node: &ast::StmtAugAssign) {
        let base = match &*node.target {
            Expr::Attribute(target) => &*target.value,
            Expr::Subscript(target) => &*target.value,
            name => name,
        };
        self.mutation(statement, base, None, |mentions| mentions.visit_stmt(statement));
    }

    /// A statement that changes what is stored at `base`. If that begins with a name of the module, the users
    /// of the name observe the change; whether nobody else does is decided later.
    fn mutation(
        &mut self,
        statement: &Stmt,
        base: &Expr,
        method: Option<String>,
        visit: impl FnOnce(&mut Mentions),
    ) {
        let mut inner = base;
        let mut deep = false;
        while let Expr::Attribute(ast::ExprAttribute { value, .. })
        | Expr::Subscript(ast::ExprSubscript { value, .. }) = inner
        {
            inner = value;
            deep = true;
        }
        let Expr::Name(root) = inner else { return self.effect(statement) };
        let mut mentions = Mentions::default();
        visit(&mut mentions);
        let root = root.id.to_string();
        let mut binds: Vec<String> =
            Names::of_body(std::slice::from_ref(statement)).bound.into_keys().collect();
        if !binds.contains(&root) {
            binds.push(root.clone());
        }
        let kind = Kind::Mutation { root: root.clone(), deep, method };
        let unit = self.unit(kind, binds, statement, mentions.code);
        self.units.push(unit);
    }

    fn expression(&mut self, statement: &Stmt, value: &Expr) {
        match value {
            Expr::StringLiteral(_) | Expr::EllipsisLiteral(_) => {}
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(func) if dotted(&call.func).is_some() => {
                    let method = Some(func.attr.to_string());
                    self.mutation(statement, &func.value, method, |mentions| {
                        mentions.visit_expr(&func.value);
                        mentions.visit_arguments(&call.arguments);
                        // The words of the whole expression count as well; the call itself is judged
                        // separately.
                        let mut all = Mentions::default();
                        all.visit_expr(value);
                        mentions.code.words = all.code.words;
                        mentions.code.mentions = all.code.mentions;
                        mentions.code.texts = all.code.texts;
                    });
                }
                _ => self.effect(statement),
            },
            _ => self.effect(statement),
        }
    }

    /// A statement that counts for everyone who loads the module.
    fn effect(&mut self, statement: &Stmt) {
        let mut mentions = Mentions::without_definitions();
        mentions.visit_stmt(statement);
        let names = Names::of_body(std::slice::from_ref(statement));
        let mut inner = Inner(Vec::new());
        ast::visitor::walk_stmt(&mut inner, statement);
        let own = |name: &String| !inner.0.iter().any(|def| binds_only(def, name));
        let binds: Vec<String> = names.bound.into_keys().filter(own).collect();
        let mut unit = self.unit(Kind::Effect, binds, statement, mentions.code);
        unit.name = first_words(self.source, statement);
        self.units.push(unit);
        let around = std::mem::replace(&mut self.in_block, true);
        for def in inner.0 {
            self.definition(def);
        }
        self.in_block = around;
    }

    fn if_statement(&mut self, statement: &Stmt, node: &ast::StmtIf) {
        if !never_on_import(&node.test) {
            return self.effect(statement);
        }
        // Keeps what runs when the test is false. An `elif` is so rare here that the whole statement is taken.
        match node.elif_else_clauses.as_slice() {
            [] => {}
            [only] if only.test.is_none() => self.body(&only.body),
            _ => self.effect(statement),
        }
    }
}

/// Collects the definitions and imports in the blocks of a statement.
struct Inner<'a>(Vec<&'a Stmt>);

impl<'a> Visitor<'a> for Inner<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) | Stmt::Import(_) | Stmt::ImportFrom(_) => {
                self.0.push(statement)
            }
            Stmt::If(node) if never_on_import(&node.test) => {
                node.elif_else_clauses.iter().for_each(|clause| self.visit_elif_else_clause(clause));
            }
            _ => ast::visitor::walk_stmt(self, statement),
        }
    }
}

fn binds_only(definition: &Stmt, name: &str) -> bool {
    matches!(definition, Stmt::FunctionDef(def) if &def.name == name)
        || matches!(definition, Stmt::ClassDef(def) if &def.name == name)
}

/// Tests that are false whenever a script is imported: `__name__ == "__main__"` and `TYPE_CHECKING`.
fn never_on_import(test: &Expr) -> bool {
    match test {
        Expr::Compare(node) => {
            let is_name = |e: &Expr| matches!(e, Expr::Name(n) if &n.id == "__name__");
            let is_main = |e: &Expr| matches!(e, Expr::StringLiteral(s) if s.value.to_str() == "__main__");
            let sides = [&*node.left, &node.comparators[0]];
            matches!(&*node.ops, [ast::CmpOp::Eq])
                && (is_name(sides[0]) && is_main(sides[1]) || is_main(sides[0]) && is_name(sides[1]))
        }
        _ => dotted(test).is_some_and(|(root, attrs)| match attrs.as_slice() {
            [] => root == "TYPE_CHECKING",
            [attr] => attr == "TYPE_CHECKING" && matches!(root, "typing" | "typing_extensions" | "t"),
            _ => false,
        }),
    }
}

fn span(range: TextRange) -> Span {
    Span::new(range.start().to_usize(), range.end().to_usize())
}

fn first_words(source: &Source, statement: &Stmt) -> String {
    let text = source.slice(span(statement.range()));
    let line = text.lines().next().unwrap_or_default().trim_end();
    line.chars().take(60).collect()
}

fn is_names(target: &Expr) -> bool {
    match target {
        Expr::Name(_) => true,
        Expr::Tuple(node) => node.elts.iter().all(is_names),
        Expr::List(node) => node.elts.iter().all(is_names),
        Expr::Starred(node) => is_names(&node.value),
        _ => false,
    }
}

fn signature(parameters: &ast::Parameters) -> Signature {
    let named = parameters.iter_non_variadic_params();
    Signature {
        parameters: named.map(|p| (p.name().to_string(), p.default.is_none())).collect(),
        takes_everything: parameters.kwarg.is_some(),
        returns: None,
        deferred: None,
        decorates_quietly: [false; 2],
    }
}

fn alias(mentions: &Mentions, value: &Expr) -> Option<Alias> {
    match value {
        Expr::Lambda(node) => {
            Some(Alias::Lambda(node.parameters.as_deref().map(signature).unwrap_or_default()))
        }
        Expr::Call(call) => {
            let target = mentions.chain(call.arguments.find_positional(0)?)?;
            Some(Alias::Of { target, wrapper: Some(mentions.decorator(&call.func)) })
        }
        _ => Some(Alias::Of { target: mentions.chain(value)?, wrapper: None }),
    }
}

fn fresh(value: &Expr) -> Fresh {
    let scalar = |e: &Expr| e.is_literal_expr() || e.is_f_string_expr();
    match value {
        Expr::List(_)
        | Expr::Dict(_)
        | Expr::Set(_)
        | Expr::Tuple(_)
        | Expr::ListComp(_)
        | Expr::DictComp(_)
        | Expr::SetComp(_) => {
            let mut mentions = Mentions::default();
            mentions.visit_expr(value);
            if mentions.code.mentions.is_empty() { Fresh::Deep } else { Fresh::Shallow }
        }
        Expr::Call(call) if dotted(&call.func).is_some() => Fresh::IfCallIs,
        Expr::BinOp(_) | Expr::UnaryOp(_) | Expr::Compare(_) => Fresh::Shallow,
        _ if scalar(value) => Fresh::Deep,
        _ => Fresh::No,
    }
}
