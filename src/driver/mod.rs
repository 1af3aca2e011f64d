//! The compiler as a library: finds a project and takes it through the stages.

mod check;
mod compile;
mod failure;
mod options;
mod project;
mod sources;
mod write;

use camino::Utf8Path;

pub use check::Checked;
use check::check;
pub(crate) use check::expand;
pub(crate) use compile::plan;
pub use compile::{Compiled, compile};
pub use failure::Failure;
pub use options::Options;
pub use project::Project;
pub(crate) use write::may_overwrite;

pub(crate) use crate::syntax::schema;

pub use crate::diagnostic::{Diagnostic, Diagnostics, render, render_json};
pub use crate::emit::Format;
pub use crate::plan::Plan;

use crate::pipeline::Missing;

/// Finds the project at `path`, enters its folder, and checks it: from now on all paths are relative to the project.
pub fn open(path: &Utf8Path, sink: &mut Diagnostics) -> Result<Checked, Failure> {
    let project = Project::find(path).map_err(Failure::Usage)?;
    project.enter().map_err(Failure::Usage)?;
    check(&project.file, Missing::Ignored, sink)
}
