//! The compiler as a library: finds a project and takes it through the stages.

mod check;
mod compile;
mod failure;
mod options;
mod project;
mod sources;
mod write;

use camino::Utf8Path;

pub use check::{Checked, check, expand};
pub use compile::{Compiled, compile, plan};
pub use failure::Failure;
pub use options::Options;
pub use project::Project;
pub use write::may_overwrite;

use crate::diagnostic::Diagnostics;

/// Finds the project at `path`, enters its folder, and checks it: from now on all paths are relative to the project.
pub fn open(path: &Utf8Path, sink: &mut Diagnostics) -> Result<Checked, Failure> {
    let project = Project::find(path).map_err(Failure::Usage)?;
    project.enter().map_err(Failure::Usage)?;
    check(&project.file, sink)
}
