//! Further errors of a project file that could not be read as a whole, reported in the same run unless they may
//! follow from those already reported.

use camino::Utf8Path;

use super::check;
use super::missing::Missing;
use crate::diagnostic::{Diagnostic, Diagnostics, Needs, Severity, codes};
use crate::script::Library;
use crate::source::Span;
use crate::syntax::{Config, ProcessConfig};

/// With more errors than this, the author has enough to do for one run.
const MANY: usize = 50;

/// Checks as much as could be read of a project file with errors; those are in `sink`.
pub(crate) fn check_partly(
    config: &Config,
    root: &Utf8Path,
    library: &mut Library,
    missing: Missing,
    sink: &mut Diagnostics,
) {
    let errors = sink.sorted().into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let told: Vec<(Span, &str)> = errors.map(|error| (place(error), error.code.id)).collect();
    if told.len() > MANY {
        return;
    }
    let mut more = Diagnostics::new();
    let _ = check(config, root, library, missing, &mut more);
    let broken: Vec<Span> = told.iter().filter_map(|(span, _)| Some(around(config, *span)?.span)).collect();
    let outside: Vec<_> = told.iter().filter(|(span, _)| around(config, *span).is_none()).collect();
    let names_stand = outside.iter().all(|(span, _)| span.start < config.pipeline.start);
    let references_stand = outside.iter().all(|(_, code)| *code == codes::ADJACENCY.id);
    let is_cause = |diagnostic: &&Diagnostic| {
        let is_sound =
            around(config, place(diagnostic)).is_none_or(|process| !broken.contains(&process.span));
        let stands = match diagnostic.code.needs {
            Needs::Process => true,
            Needs::Names => names_stand,
            Needs::References => references_stand,
            Needs::Everything => false,
        };
        is_sound && stands
    };
    let causes: Vec<Diagnostic> = more.sorted().into_iter().filter(is_cause).cloned().collect();
    causes.into_iter().for_each(|diagnostic| sink.push(diagnostic));
}

fn place(diagnostic: &Diagnostic) -> Span {
    diagnostic.labels.first().map(|label| label.span).unwrap_or_default()
}

/// The process whose definition contains a place.
fn around(config: &Config, place: Span) -> Option<&ProcessConfig> {
    config.processes.iter().find(|process| process.span.start <= place.start && place.end <= process.span.end)
}
