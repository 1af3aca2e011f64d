//! What is known of scripts and functions.

use camino::Utf8PathBuf;

use super::fork::Ahead;
use crate::digest::Digest;
use crate::source::{Source, Span};

/// A script that has been read and parsed.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// The names of the functions at its top level, in order; to suggest the nearest one.
    pub functions: Vec<String>,
}

/// What a function is to expops, by its decorator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `@process()`
    Process,
    /// `@step()`
    Step,
    /// `@chart()`
    Chart,
}

/// A parameter that can be given by name, or by position only. `*args` is none.
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
    /// The name by which it was asked for.
    pub name: String,
    /// Its parameters, in order.
    pub parameters: Vec<Parameter>,
    /// Whether it has `**kwargs`.
    pub takes_everything: bool,
    /// What its decorator makes of it.
    pub role: Option<Role>,
    /// The keys of the dict that it returns, if they are written out.
    pub returns: Option<Vec<String>>,
}

/// Something that is counted into a digest.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// The module as an import would name it.
    pub module: String,
    /// The name defined, or the beginning of a statement; `None` for a whole module.
    pub name: Option<String>,
    /// Of its canonical form.
    pub digest: Digest,
    /// Its file, relative to the project.
    pub file: Utf8PathBuf,
    /// Its line, from 1.
    pub line: usize,
    /// Why a module counts as a whole, where that is known.
    pub why: Option<String>,
}

/// A step of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Its name: that of `@step(name=...)`, else the function's.
    pub name: String,
    /// The file of the top-level statement it stands in, relative to the project.
    pub file: Utf8PathBuf,
    /// The line of that statement.
    pub line: usize,
}

/// An import that leads to no module of the project.
#[derive(Clone, Debug)]
pub(crate) struct Foreign {
    /// The module that is not there.
    pub module: String,
    /// The library that may have it; `None` if it can only be one of the project's.
    pub library: Option<String>,
    /// The text that imports it.
    pub source: Source,
    /// Where in it.
    pub span: Span,
}

/// What a call of a function can reach.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    /// Over all items.
    pub digest: Digest,
    /// What is counted, by module and place.
    pub items: Vec<Item>,
    /// What stands in the modules that are counted whole, for people.
    pub inside: Vec<Item>,
    /// The steps, in order of first appearance.
    pub steps: Vec<Step>,
    /// What loading the code and running it imports of libraries that may be imported before a fork: nothing, if the
    /// code may do something to what an import goes by.
    pub ahead: Ahead,
    /// Whether the code reached may open a file of the project by itself. Deliberately conservative:
    /// any word that could have to do with files makes it true (`open`, `pathlib`, `read_csv`, a text
    /// with a `/`, a parameter `context`, code that cannot be followed). False is certain enough to say
    /// that the process sees the project's data only through its inputs.
    pub reads_files: bool,
    /// The imports that lead to no module of the project and that nothing guards.
    pub foreign: Vec<Foreign>,
}
