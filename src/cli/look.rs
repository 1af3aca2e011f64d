//! The first steps of the commands that only inspect a pipeline.

use camino::Utf8Path;

use super::ended::Ended;
use super::location::Location;
use crate::defaults;
use crate::diagnostic::Diagnostics;
use crate::driver::{self, Checked, Failure, Project};
use crate::file;
use crate::graph::Graph;
use crate::layout::Layout;
use crate::plan::Plan;
use crate::probe::Probes;

/// Enters the folder of the project at `path`: from now on all paths are relative to it.
pub(super) fn enter(path: &Utf8Path) -> Result<Project, Failure> {
    let Project { folder, file } = Project::find(path).map_err(Failure::Usage)?;
    match std::env::set_current_dir(&folder) {
        Ok(()) => Ok(Project { folder: ".".into(), file }),
        Err(error) => Err(Failure::Usage(format!("cannot enter `{folder}`: {error}"))),
    }
}

/// Enters the folder of the project in `place` and plans it; returns the plan and the layout of the build
/// folder. Otherwise prints what is wrong with the project, as JSON on request.
pub(super) fn plan(place: &Location, is_json: bool) -> Result<(Plan, Layout), Ended> {
    let mut sink = Diagnostics::new();
    let planned = enter(&place.project).and_then(|project| driver::plan(&project, &place.build, &mut sink));
    match planned {
        Ok(plan) => Ok((plan, Layout::new(file::normal(&place.build)))),
        Err(failure) => Err(Ended::because(&failure, &sink, is_json)),
    }
}

/// Opens and expands the project at `path` and passes it to `look`, or prints what is wrong with it.
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
