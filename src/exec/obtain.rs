//! Gets what the user's code makes: out of the cache, or by running it, and then into the cache. A cache
//! that does not work costs a warning and a run, never a failure.

use std::{fs, io};

use super::chart;
use super::decide::{Decision, Todo};
use super::failure::Failure;
use super::inputs::Foreseen;
use super::intact::{Intact, Sources};
use super::made::Made;
use super::run_folder::RunFolder;
use super::{Instance, Outcome, command_of, publish, python, shell};
use crate::cache::Cache;
use crate::file;
use crate::plan_file::{Opens, Work};

/// What a run leaves: its values, its files, and what it printed.
const PARTS: [&str; 3] = ["out", "files", "log"];

impl Instance {
    /// What the user's code makes of what was decided on; in `run`, which the caller publishes from.
    pub(super) fn obtain(&self, decided: &Decision, run: &mut RunFolder) -> Result<(Made, Outcome), Failure> {
        if !self.runs_code() {
            self.insist_on_inputs(decided)?;
            return Ok((Made::default(), Outcome::Ran));
        }
        let cache = self.cache();
        if let Some(made) = self.restore(&cache, decided, run)? {
            return Ok((made, Outcome::Restored));
        }
        self.insist_on_inputs(decided)?;
        run.link_inputs(&self.plan, &self.project)?;
        let sources = Sources::before(&decided.observed);
        let inputs = Intact::before(&decided.given, self.layout.build());
        let made = self.call(decided, run).and_then(|made| made.seal(&run.out()));
        run.unlink_inputs()?;
        if made.is_ok() {
            self.still_observes(decided)?;
            sources.after()?;
        }
        inputs.after(self.layout.build())?;
        let made = made?;
        self.remember(&cache, decided, &made, run).unwrap_or_else(|error| warn(&cache, &error));
        Ok((made, Outcome::Ran))
    }

    fn remember(&self, cache: &Cache, decided: &Decision, made: &Made, run: &RunFolder) -> io::Result<()> {
        if self.folder.log().exists() {
            fs::copy(self.folder.log(), run.log())?;
        }
        cache.publish(decided.key, serde_json::to_value(made)?, run.path(), &PARTS)
    }

    /// Puts the log of the run that is brought back in the place of the last one's.
    fn restore_log(&self, run: &RunFolder) -> Result<(), Failure> {
        match run.log().exists() {
            true => publish::rename(&run.log(), &self.folder.log()),
            false => Ok(file::remove(&self.folder.log())?),
        }
    }

    /// Fills `run` from the cache; `None`, and nothing in `run`, if that cannot be done.
    fn restore(&self, cache: &Cache, decided: &Decision, run: &RunFolder) -> Result<Option<Made>, Failure> {
        let Todo::Restore(entry) = &decided.todo else { return Ok(None) };
        match cache.restore(decided.key, entry, run.path()) {
            Ok(true) => {
                if let Ok(made) = serde_json::from_value(entry.answer.clone()) {
                    self.restore_log(run)?;
                    return Ok(Some(made));
                }
                let _ = cache.forget(decided.key);
            }
            Ok(false) => {}
            Err(error) => warn(cache, &error),
        }
        run.empty()?;
        Ok(None)
    }

    /// Calls what the process names.
    fn call(&self, decided: &Decision, run: &RunFolder) -> Result<Made, Failure> {
        match &self.plan.work {
            Work::Shell { command, outputs } => {
                let values = shell::run(self, command, outputs, &decided.given, run)?;
                Ok(Made { values, ..Made::default() })
            }
            Work::Python { .. } => {
                let mode = match (&self.plan.opens, &self.plan.probes) {
                    (Some(Opens::Data { .. }), _) => python::Mode::Split(Vec::new()),
                    (None, Some(_)) => python::Mode::Chart(chart::metrics(self)?),
                    _ => python::Mode::Process,
                };
                let command = command_of(self, decided.interpreter.as_ref());
                python::run(self, &mode, &decided.given, run, &command).map(Made::from)
            }
            Work::Merge | Work::DynamicChart { .. } => Ok(Made::default()),
        }
    }

    /// Insists that nothing has changed since the decision: what a run makes of two states of the world
    /// belongs to neither.
    pub(super) fn still_observes(&self, decided: &Decision) -> Result<(), Failure> {
        // Another build may have put other values in the place of the inputs.
        let given = self.taken(self.given()?);
        let now = self.observe(&given, decided.interpreter.as_ref(), &Foreseen::default())?;
        let changes = now.changes(&decided.observed);
        let Some(first) = changes.first() else { return Ok(()) };
        Err(Failure::new(format!("its {} changed while it ran", first.name)).help("build again"))
    }
}

/// Says that the cache does not work.
pub(super) fn warn(cache: &Cache, error: &io::Error) {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    eprintln!("warning: the cache in `{}` cannot be used: {text}", cache.folder());
}
