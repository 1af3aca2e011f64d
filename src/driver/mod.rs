//! The compiler as a library: finds a project and takes it through the stages.

mod check;
mod failure;
mod project;
mod sources;

use camino::Utf8Path;

pub use check::{Checked, check, expand, run_order};
pub use failure::Failure;
pub use project::Project;

use crate::diagnostic::Diagnostics;

/// How many instances the commands that only look at a pipeline go through at most: what was compiled with
/// a higher `--max-instances` than usual can still be looked at, and a slip of the finger ends.
pub const MOST_INSTANCES: u64 = 4_000_000;

/// Finds the project at `path`, enters its folder, and checks it: from now on all paths are relative to the project.
pub fn open(path: &Utf8Path, sink: &mut Diagnostics) -> Result<Checked, Failure> {
    let project = Project::find(path).map_err(Failure::Usage)?;
    project.enter().map_err(Failure::Usage)?;
    check(&project.file, sink)
}
