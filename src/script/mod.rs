//! Reads a project's Python scripts without running them: which functions they define, with which parameters;
//! what a function reaches, and a digest of that; its steps. The parser's types stop here.
//!
//! What counts for a digest: the function and, transitively, every function, class and module-level value that
//! it names, through imports of the project's own modules; the statements that change such a value; and
//! everything that loading those modules does besides defining names. Comments, docstrings, formatting and
//! positions do not count, nor do definitions that nothing reaches. Where code cannot be followed, whole
//! modules count (see `reach`).
//!
//! Not known here: what libraries do; compiled modules and `.pyc` files of the project; what is written to
//! `sys.path` at run time; what a caller does with a function that a library returns.

mod absent;
mod bound;
mod build;
mod canon;
mod effect;
mod find;
mod fork;
mod functions;
mod library;
mod link;
mod mentions;
mod model;
mod names;
mod outline;
mod parse;
mod quiet;
mod quiet_body;
mod reach;
mod returns;
mod steps;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use find::standard_modules;
pub(crate) use fork::{Library as Preloaded, in_order as libraries_in_order};
pub(crate) use library::Library;
pub(crate) use model::{Foreign, Function, Item, Reach, Role};
pub(crate) use names::module_names;
pub(crate) use parse::deeply;
pub(crate) use returns::Deferred;
