//! expops compiles an experiment pipeline to a Ninja file, a Makefile or a shell script.

pub mod cache;
pub mod cli;
pub mod command;
pub mod diagnostic;
pub mod digest;
pub mod emit;
pub mod exec;
pub mod file;
pub mod graph;
pub mod layout;
pub mod name;
pub mod pipeline;
pub mod plan;
pub mod plan_file;
pub mod probe;
pub mod quote;
pub mod runtime;
pub mod script;
pub mod signals;
pub mod size;
pub mod source;
pub mod split;
pub mod stamp;
pub mod syntax;
pub mod xpath;
