//! The outline of a module: its top-level statements as units, each with the names that it binds, what it
//! mentions, and the digest of its canonical form. Flat: no syntax tree outlives its parse.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;

use super::returns::Deferred;
use super::words::Words;
use crate::digest::Digest;
use crate::source::{Source, Span};

/// What an import statement asks for, for a single name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// The number of leading dots.
    pub(super) level: u32,
    /// The module that the bound name refers to, or that `name` is taken from.
    pub(super) module: String,
    /// The name taken from it.
    pub(super) name: Option<String>,
    /// The module that is loaded: `import a.b` binds `a` and loads `a.b`.
    pub(super) loads: String,
}

/// Where a chain begins.
#[derive(Clone, Debug)]
pub(super) enum Root {
    /// A name of the module, or a builtin.
    Global(String),
    /// A name that a function itself imported.
    Imports(Vec<Import>),
}

/// `root.attr.attr`, and the text that it is called with, if any.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) root: Root,
    pub(super) attrs: Vec<String>,
    pub(super) literal: Option<String>,
}

impl Chain {
    /// The chain as written: `root.attr.attr`.
    pub(super) fn spelled(&self) -> String {
        let root = match &self.root {
            Root::Global(name) => name.as_str(),
            Root::Imports(imports) => imports.first().map_or("", |import| &import.module),
        };
        [root].into_iter().chain(self.attrs.iter().map(String::as_str)).collect::<Vec<_>>().join(".")
    }

    /// The chain of `attrs` on what `import NAME` binds.
    pub(super) fn by_import(name: &str, attrs: &[String]) -> Self {
        let import = Import { level: 0, module: name.to_owned(), name: None, loads: name.to_owned() };
        Self { root: Root::Imports(vec![import]), attrs: attrs.to_vec(), literal: None }
    }

    /// The chain that is just the module-level name `name`.
    pub(super) fn global(name: &str) -> Self {
        Self { root: Root::Global(name.to_owned()), attrs: Vec::new(), literal: None }
    }
}

/// A decorator: its name, whether it is `@name(...)`, and its `name=` argument.
#[derive(Clone, Debug)]
pub(super) struct Decorator {
    pub(super) chain: Option<Chain>,
    pub(super) called: bool,
    pub(super) label: Option<String>,
}

/// Something that code mentions, in source order.
pub(super) enum Mention {
    /// A name, perhaps with attributes.
    Use(Chain),
    /// An import that runs with the code, and its place, unless a `try` or an `if` guards it.
    Load(Import, Option<Span>),
    /// A decorated function or class inside the code.
    Def { name: String, decorators: Vec<Decorator> },
}

/// What a text used as a value may name, for whoever evaluates it.
#[derive(Clone, Debug)]
pub(super) struct TextMention {
    /// The name, with its attributes.
    pub(super) chain: Chain,
    /// Whether it is the beginning of a name that is put together at run time (`env.`).
    pub(super) is_package: bool,
}

/// The callee of a call.
pub(super) enum Call {
    /// Something with a name that leads outside the code.
    Chain(Chain),
    /// A method of a value; `own` if the value is a variable of this code.
    Method { name: String, own: bool },
    /// The result of a call: `process()(f)`.
    Made(Chain),
    /// Anything else.
    Unknown,
}

/// What a piece of code mentions and does. `eager`: when it is loaded; `deferred`: inside functions.
#[derive(Default)]
pub(super) struct Code {
    pub(super) mentions: Vec<Mention>,
    pub(super) texts: Vec<TextMention>,
    pub(super) eager_names: BTreeSet<String>,
    pub(super) eager_calls: Vec<Call>,
    pub(super) deferred_calls: Vec<Call>,
    pub(super) eager_writes_outside: bool,
    pub(super) deferred_writes_outside: bool,
    pub(super) global_writes: BTreeSet<String>,
    pub(super) words: Words,
}

/// What is known about a function's signature.
#[derive(Clone, Default)]
pub(super) struct Signature {
    /// The name, and whether it has no default.
    pub(super) parameters: Vec<(String, bool)>,
    pub(super) takes_everything: bool,
    /// The keys of the dict that it returns, if they are spelled out.
    pub(super) returns: Option<Vec<String>>,
    /// What a call returns instead of running.
    pub(super) deferred: Option<Deferred>,
    /// Whether, as a decorator, it only makes a function: used as `@name`, and as `@name(...)`.
    pub(super) decorates_quietly: [bool; 2],
}

/// What is known about a class.
#[derive(Default)]
pub(super) struct Class {
    pub(super) bases: Vec<Option<Chain>>,
    pub(super) keywords: bool,
    pub(super) metaclass: Option<Option<Chain>>,
    /// The names defined in its body.
    pub(super) defines: BTreeSet<String>,
}

/// The value assigned to a name, if that makes the name an alias of a function.
pub(super) enum Alias {
    /// `name = other`, `name = wrapper(other)`, `name = wrapper(...)(other)`.
    Of { target: Chain, wrapper: Option<Decorator> },
    /// `name = lambda ...`.
    Lambda(Signature),
}

/// Whether an assigned value is a new container that nothing else refers to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fresh {
    /// Others may refer to it.
    No,
    /// It is new, but others may refer to its content.
    Shallow,
    /// It is new, with everything in it.
    Deep,
    /// It is new if the unit's only eager call makes a new container.
    IfCallIs,
}

/// The kinds of units, by their statement.
pub(super) enum Kind {
    Function(Signature),
    Class(Class),
    Import(Import),
    Assign {
        fresh: Fresh,
        alias: Option<Alias>,
    },
    /// `name.append(x)`, `name[k] = v`, `name.attr = v`; `deep` if it reaches further inside.
    Mutation {
        root: String,
        deep: bool,
        method: Option<String>,
    },
    /// Runs when the module is loaded, and does something that anyone might observe.
    Effect,
}

/// A top-level statement.
pub(super) struct Unit {
    pub(super) kind: Kind,
    /// Whether it is in a block, such as `try`, that decides whether it runs and what its failure means.
    pub(super) in_block: bool,
    pub(super) name: String,
    pub(super) binds: Vec<String>,
    pub(super) decorators: Vec<Decorator>,
    pub(super) code: Code,
    /// Digests of its canonical form, without docstrings and with them.
    pub(super) digests: [Digest; 2],
    pub(super) span: Span,
    pub(super) line: usize,
}

/// A module.
pub(super) struct Module {
    /// Its file, relative to the project.
    pub(super) path: Utf8PathBuf,
    pub(super) source: Source,
    pub(super) units: Vec<Unit>,
    /// The units that bind, change or (inside a function, by `global`) rebind a name.
    pub(super) bindings: BTreeMap<String, Vec<usize>>,
    /// All names that the module mentions.
    pub(super) used: BTreeSet<String>,
    /// Whether it changes where modules are found.
    pub(super) alters_path: bool,
    /// The units that are `from module import *`.
    pub(super) stars: Vec<usize>,
    /// Digests of the canonical form of the whole module, without docstrings and with them.
    pub(super) whole: [Digest; 2],
}

impl Module {
    /// The name under which a star import is indexed, which no program can use.
    pub(super) const STAR: &'static str = "*";

    /// Whether it is a package's `__init__.py`, where names are imported to be used elsewhere.
    pub(super) fn is_init(&self) -> bool {
        self.path.file_name() == Some("__init__.py")
    }

    /// Builds the index of names.
    pub(super) fn index(&mut self) {
        for mention in self.units.iter().flat_map(|unit| &unit.code.mentions) {
            if let Mention::Use(Chain { root: Root::Global(name), attrs, .. }) = mention {
                let path = attrs.first().is_some_and(|attr| attr == "path");
                self.alters_path |= (name == "sys" && path) || name == "site";
                self.used.insert(name.clone());
            }
        }
        for (i, unit) in self.units.iter().enumerate() {
            if unit.binds.iter().any(|name| name == Self::STAR) {
                self.stars.push(i);
                continue;
            }
            let names: BTreeSet<&String> = unit.binds.iter().chain(&unit.code.global_writes).collect();
            for name in names {
                self.bindings.entry(name.clone()).or_default().push(i);
            }
        }
    }

    /// The units that bind or change `name`.
    pub(super) fn binding(&self, name: &str) -> &[usize] {
        self.bindings.get(name).map_or(&[], Vec::as_slice)
    }
}

/// A module and one of its units.
pub(super) type UnitId = (usize, usize);
