//! expops compiles an experiment pipeline to a Ninja file, a Makefile or a shell script.

pub mod diagnostic;
pub mod digest;
pub mod file;
pub mod size;
pub mod source;
pub mod split;
pub mod stamp;
