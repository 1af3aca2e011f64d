//! What the Python of a process consists of: virtual environments, requirement files, modules that can be imported.

pub(super) mod imports;
mod lines;
pub(super) mod local;
pub(crate) mod venv;
