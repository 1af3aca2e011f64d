//! expops compiles an experiment pipeline to a Ninja file, a Makefile or a shell script.

pub mod diagnostic;
pub mod digest;
pub mod file;
pub mod source;
pub mod stamp;
pub mod xpath;
