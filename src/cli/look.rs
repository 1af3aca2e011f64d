//! What the commands that only look at a pipeline begin with.

use camino::Utf8Path;

use super::ended::Ended;
use crate::defaults;
use crate::diagnostic::Diagnostics;
use crate::driver::{self, Checked, Failure, Project};
use crate::graph::Graph;
use crate::probe::Probes;

/// Enters the folder of the project at `path`: from now on all paths are relative to it.
pub(super) fn enter(path: &Utf8Path) -> Result<Project, Failure> {
    let Project { folder, file } = Project::find(path).map_err(Failure::Usage)?;
    match std::env::set_current_dir(&folder) {
        Ok(()) => Ok(Project { folder: ".".into(), file }),
        Err(error) => Err(Failure::Usage(format!("cannot enter `{folder}`: {error}"))),
    }
}

/// Opens and expands the project at `path` and lets `look` have it, or says what is wrong with it.
pub(super) fn look(
    path: &Utf8Path,
    look: impl for<'p> FnOnce(&'p Checked, Graph<'p>, &Probes) -> Ended,
) -> Ended {
    let mut sink = Diagnostics::new();
    let checked = match enter(path).and_then(|project| driver::open(&project, &mut sink)) {
        Ok(checked) => checked,
        Err(failure) => return Ended::because(&failure, &sink, false),
    };
    match driver::expand(&checked, defaults::MAX_INSTANCES_TO_LOOK_AT, &mut sink) {
        Ok((graph, probes)) => look(&checked, graph, &probes),
        Err(reported) => Ended::because(&reported.into(), &sink, false),
    }
}
