//! What the Python of a process consists of: virtual environments, requirement files, modules that can be imported.

pub(super) mod damage;
pub(super) mod imports;
mod installed;
mod lines;
pub(super) mod local;
pub(crate) mod venv;
