//! What is known about scripts and functions.

use camino::Utf8PathBuf;

use super::fork::Ahead;
use super::returns::Deferred;
use crate::digest::Digest;
use crate::source::{Source, Span};

/// A script that has been read and parsed.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// The names of the functions at its top level, in order, for suggesting the nearest one.
    pub functions: Vec<String>,
}

/// The role of a function in expops, by its decorator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `@process()`
    Process,
    /// `@step()`
    Step,
    /// `@chart()`
    Chart,
}

/// A parameter that can be given by name, or only by position. `*args` is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// Its name.
    pub name: String,
    /// Whether it has no default.
    pub required: bool,
}

/// A function at the top level of a script.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// The name under which it was requested.
    pub name: String,
    /// Its parameters, in order.
    pub parameters: Vec<Parameter>,
    /// Whether it has `**kwargs`.
    pub takes_everything: bool,
    /// Its role, if a decorator gives it one.
    pub role: Option<Role>,
    /// The keys of the dict that it returns, if they are spelled out.
    pub returns: Option<Vec<String>>,
    /// What a call returns instead of running.
    pub deferred: Option<Deferred>,
}

/// Something that counts for a digest.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// The module as an import would name it.
    pub module: String,
    /// The name defined, or the beginning of a statement; `None` for a whole module.
    pub name: Option<String>,
    /// The digest of its canonical form.
    pub digest: Digest,
    /// Its file, relative to the project.
    pub file: Utf8PathBuf,
    /// Its line, from 1.
    pub line: usize,
    /// Why a module counts whole, if known; of a definition that only a text mentions, the place of that text.
    pub why: Option<String>,
}

/// A step of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Its name: from `@step(name=...)`, else the function's.
    pub name: String,
    /// The file of the top-level statement that it is in, relative to the project.
    pub file: Utf8PathBuf,
    /// The line of that statement.
    pub line: usize,
}

/// An import that no module of the project satisfies.
#[derive(Clone, Debug)]
pub(crate) struct Foreign {
    /// The missing module.
    pub module: String,
    /// The library that may have it; `None` if it can only be a module of the project.
    pub library: Option<String>,
    /// The source that imports it.
    pub source: Source,
    /// The place in that source.
    pub span: Span,
    /// What else is in the module of expops that `module` is not in; `None` for all other modules.
    pub beside: Option<Vec<&'static str>>,
}

/// Everything that a call of a function can reach.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    /// The digest of all items.
    pub digest: Digest,
    /// The items that count, by module and place.
    pub items: Vec<Item>,
    /// The content of the modules that count whole, for people.
    pub inside: Vec<Item>,
    /// The steps, in order of first appearance.
    pub steps: Vec<Step>,
    /// The libraries that loading and running the code imports, if they may be imported before a fork. Empty if
    /// the code may change what an import depends on.
    pub ahead: Ahead,
    /// Whether the code reached may open a file of the project by itself. Deliberately conservative: any word
    /// that could have to do with files makes it true (`open`, `pathlib`, `read_csv`, a text with a `/`, a
    /// parameter `context`, code that cannot be followed). If it is false, the process certainly sees the
    /// project's data only through its inputs.
    pub reads_files: bool,
    /// The unguarded imports that no module of the project satisfies.
    pub foreign: Vec<Foreign>,
}
