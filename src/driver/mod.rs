//! The compiler as a library: finds a project and takes it through the stages.

mod check;
mod compile;
mod exports;
mod failure;
mod imports;
mod options;
mod program;
mod project;
mod sources;
mod started;
mod write;

pub use check::Checked;
use check::check;
pub(crate) use check::expand;
pub use compile::{Compiled, compile};
pub(crate) use compile::{plan, plan_of};
pub use failure::Failure;
pub use options::Options;
pub(crate) use program::{DONE, write as write_program};
pub use project::Project;
pub(crate) use write::may_overwrite;

pub(crate) use crate::syntax::schema;

pub use crate::diagnostic::{Diagnostic, Diagnostics, render, render_json};
pub use crate::emit::Format;
pub use crate::plan::Plan;

use crate::pipeline::Missing;

/// Checks a project: reads its file and its scripts. All paths in the result are relative to the project.
pub fn open(project: &Project, sink: &mut Diagnostics) -> Result<Checked, Failure> {
    check(project, Missing::Ignored, sink)
}
