//! expops compiles an experiment pipeline to a Ninja file, a Makefile or a shell script.

mod cache;
pub mod cli;
mod command;
mod defaults;
mod diagnostic;
mod digest;
pub mod driver;
mod dry_run;
mod emit;
mod exec;
mod file;
mod graph;
#[doc(hidden)]
pub mod journal;
mod layout;
mod name;
mod pipeline;
mod plan;
mod plan_file;
mod probe;
mod quote;
mod runtime;
mod script;
mod signals;
mod size;
mod source;
pub mod split;
mod stamp;
mod syntax;
#[doc(hidden)]
pub mod watch;
pub mod xpath;
