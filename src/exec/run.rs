//! Runs an instance from its name to its record.

use std::time::Instant;

use super::action_result::ActionResult;
use super::allotment::Allotment;
use super::decide::{Decision, Todo};
use super::failure::Failure;
use super::instance::Instance;
use super::key::ActionKey;
use super::obtain::Obtained;
use super::reads::{self, Sight};
use super::record::Record;
use super::run_folder::{self, RunFolder};
use super::why::{Ended, Why};
use super::{beside, bound, chart, damage, guard, publish, split, world};
use crate::file;
use crate::journal::{self, Event};
use crate::plan_file::{Opens, Work};

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing that it can observe has changed: its results stand.
    Unchanged,
    /// What it made before under the same conditions came back from the cache.
    Restored,
    /// It ran.
    Ran,
}

impl Instance {
    /// Runs it, from the project's folder, unless its results are there or in the cache; and tells the build tool, of
    /// which `sight` says where it runs, what it read.
    ///
    /// # Errors
    /// If it cannot be run, or fails.
    pub(crate) fn run(&self, sight: &Sight) -> Result<Outcome, Failure> {
        let named = |failure: Failure| {
            let message = format!("{}: {}", self.label(), failure.message);
            Failure { message, ..failure }
        };
        let result = self.run_locked(sight);
        self.journal(match &result {
            Ok(Outcome::Unchanged) => Event::Looked,
            Ok(outcome) => Event::Ended(self.ended(Ok(*outcome))),
            Err(failure) => Event::Ended(self.ended(Err(failure))),
        });
        result.map_err(|failure| match damage::disown(&failure, &self.layout) {
            Ok(()) => named(failure),
            Err(other) => named(other),
        })
    }

    fn run_locked(&self, sight: &Sight) -> Result<Outcome, Failure> {
        file::create_folder(&self.folder.0)?;
        let mut lock = guard::hold(&self.folder, &self.layout)?;
        lock.remark.take().into_iter().for_each(|remark| self.remark(remark));
        run_folder::sweep(&self.folder)?;
        self.insist_on_listing()?;
        self.insist_on_looks()?;
        let decided = self.decide()?;
        if matches!(decided.todo, Todo::Nothing) {
            self.tell_reads(&decided.reads, Some(&decided.reads), sight)?;
            self.renew(decided.record)?;
            Why::forget_failure(&self.folder)?;
            return Ok(Outcome::Unchanged);
        }
        let start = Instant::now();
        let made = self.make(&decided);
        // What expops does by itself has no attempts.
        self.note(|told| told.ran = if told.ran > 0.0 { told.ran } else { start.elapsed().as_secs_f64() });
        self.explain(&decided, &made)?;
        let (outcome, reads) = made?;
        let before = decided.record.map(|record| record.reads);
        self.tell_reads(&reads, before.as_ref(), sight)?;
        bound::log(&self.folder.log())?;
        let beside = beside::list(&self.folder, &self.trust())?;
        let plan = Some(self.plan.digest());
        Record { plan, beside, ..Record::new(decided.key, reads) }.write(&self.folder)?;
        file::remove(&self.folder.force())?;
        drop(lock);
        Ok(outcome)
    }

    /// Gives the record of a run whose results stand the present time, and the plan that is in force.
    fn renew(&self, record: Option<Record>) -> Result<(), Failure> {
        let plan = Some(self.plan.digest());
        match record {
            Some(record) if record.plan != plan => Record { plan, ..record }.write(&self.folder),
            _ => Record::touch(&self.folder),
        }
    }

    /// Tells the build tool what it read by itself, if it can read anything.
    fn tell_reads(&self, now: &ActionKey, before: Option<&ActionKey>, sight: &Sight) -> Result<(), Failure> {
        match self.plan.work {
            Work::Merge | Work::DynamicChart { .. } => Ok(()),
            Work::Python { .. } | Work::Shell { .. } => {
                let paths = |reads| world::paths(reads, &self.roots());
                let before = before.map(paths);
                reads::tell(&self.name, &paths(now), before.as_deref(), (&self.layout, sight))
            }
        }
    }

    /// Insists that what it reads is a folder exactly where the generated file names what is in it. If not, the plan
    /// is taken away, so that the next build compiles first.
    fn insist_on_listing(&self) -> Result<(), Failure> {
        let data = self.plan.data.values().filter(|_| self.plan.observes_data);
        let mut read = self.plan.settings.files.iter().chain(data);
        let Some(path) = read.find(|path| path.exists() && path.is_dir() != self.plan.listed.contains(path))
        else {
            return Ok(());
        };
        file::remove(&self.layout.plan(&self.plan.process))?;
        file::remove(&self.layout.proofs())?;
        let what = if path.is_dir() { "a folder" } else { "no folder" };
        Err(Failure::new(format!("`{path}` has become {what} since it was compiled")).help("build again"))
    }

    /// Leaves behind why the instance ran, and what came of it.
    fn explain(
        &self,
        decided: &Decision,
        made: &Result<(Outcome, ActionKey), Failure>,
    ) -> Result<(), Failure> {
        let ended = match made {
            Ok((Outcome::Restored, _)) => Ended::Restored,
            Ok(_) => Ended::Ran,
            Err(failure) => Ended::Failed(failure.message.clone()),
        };
        let run = Some(self.ended(made.as_ref().map(|(outcome, _)| *outcome)));
        Why { ended, first: decided.record.is_none(), changes: decided.changes(), run }.write(&self.folder)
    }

    /// What there is to tell of how it ended.
    fn ended(&self, made: Result<Outcome, &Failure>) -> journal::Ended {
        match made {
            Err(failure) => self.failed(failure),
            Ok(Outcome::Restored) => journal::Ended { outcome: "restored".to_owned(), ..self.told() },
            Ok(_) => journal::Ended { outcome: "ran".to_owned(), ..self.told() },
        }
    }

    /// What came of it, and what it read.
    fn make(&self, decided: &Decision) -> Result<(Outcome, ActionKey), Failure> {
        let mut run = RunFolder::new(&self.folder, Allotment::of(&self.plan.settings, 1))?;
        let Obtained { result, is_restored, reads } = self.obtain(decided, &mut run)?;
        match (&self.plan.opens, &self.plan.probes) {
            (Some(Opens::Data { .. }), _) => split::data(self, decided, &result, &run),
            (Some(Opens::Seed(_)), _) => split::seeds(self, &decided.inputs, &result, &run),
            (None, Some(_)) => chart::make(self, &run, &result),
            (None, None) => self.publish(&result, &run),
        }?;
        if !self.runs_code() {
            self.still_observes(decided)?;
        }
        Ok((if is_restored { Outcome::Restored } else { Outcome::Ran }, reads))
    }

    fn publish(&self, result: &ActionResult, run: &RunFolder) -> Result<(), Failure> {
        let old = publish::begin(&self.folder)?;
        let values =
            publish::outputs(&result.values, &old, run, &self.folder, (self.layout.build(), &self.trust()))?;
        publish::rest(run, result, &self.folder)?;
        publish::settle(&self.folder, &values, result.metrics_digest())
    }
}
