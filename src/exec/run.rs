//! Runs an instance from its name to its record.

use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};

use super::action::chart;
use super::action::obtain::Obtained;
use super::action::split;
use super::bound;
use super::decision::decide::{Decision, Todo};
use super::failure::Failure;
use super::guard;
use super::key::action_key::ActionKey;
use super::key::why::{Ended, Why};
use super::places::Places;
use super::publish;
use super::reads::report::{self, Sight};
use super::reads::world;
use super::remark::Remark;
use super::resources::allotment::Allotment;
use super::run_folder::{self, RunFolder};
use super::runners::launcher::Launcher;
use super::state::damage;
use super::state::inputs;
use super::state::instance::Instance;
use super::state::left_out::LeftOut;
use super::state::record::Record;
use super::told;
use super::values::action_result::ActionResult;
use super::values::beside;
use super::values::value::Values;
use crate::file;
use crate::journal::{self, Build, Event};
use crate::layout::Folder;
use crate::plan_file::{Opens, Work};
use crate::settings::OnFailure;

/// The coarsest step of a file system's times.
const STEP: Duration = Duration::from_secs(2);

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing that it can observe has changed: its results are up to date.
    Unchanged,
    /// What it made earlier under the same conditions was restored from the cache.
    Restored,
    /// It ran.
    Ran,
    /// It failed, and is left out.
    Dropped,
    /// It takes something that failed, and is left out, too.
    Skipped,
}

impl Instance {
    /// Runs it from the project's folder, unless its results are there or in the cache, and tells the build tool what
    /// it read; `sight` says where that runs.
    ///
    /// # Errors
    /// If it cannot be run, or fails.
    pub(crate) fn run(&self, sight: &Sight) -> Result<Outcome, Failure> {
        let named = |failure: Failure| {
            let message = format!("{}: {}", self.label(), failure.message);
            Failure { message, ..failure }.place(self.place())
        };
        if Launcher::chosen().is_some() {
            // While it runs for sure: what is launched ends with it.
            let _ = Build::present();
        }
        let result = self.run_locked(sight);
        self.leave_remote_alone();
        let is_told = |remark: &Remark| told::before(remark, &self.layout).unwrap_or(false);
        self.unremark(|remark| matches!(remark, Remark::NoCache(..)) && is_told(remark));
        self.journal(match &result {
            Ok(Outcome::Unchanged) => Event::Looked,
            Ok(outcome) => Event::Ended(self.ended(Ok(*outcome))),
            Err(failure) => Event::Ended(self.ended(Err(failure))),
        });
        result.map_err(|failure| {
            match damage::disown(&failure, &self.layout).and_then(|()| self.disown_environment()) {
                Ok(()) => named(failure),
                Err(other) => named(other),
            }
        })
    }

    /// Where the project file names its process.
    pub(super) fn place(&self) -> Option<String> {
        Places::read(&self.layout).of_process(&self.name).cloned()
    }

    fn run_locked(&self, sight: &Sight) -> Result<Outcome, Failure> {
        file::create_own_folder(self.layout.build(), &self.folder.0)?;
        let mut lock = guard::hold(&self.folder, &self.layout)?;
        lock.remark.take().into_iter().for_each(|remark| self.remark(remark));
        run_folder::sweep(&self.folder)?;
        let result = self.look_and_make(sight);
        if let Err(failure) = &result {
            self.explain_failure(failure)?;
        }
        drop(lock);
        result
    }

    fn look_and_make(&self, sight: &Sight) -> Result<Outcome, Failure> {
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
        self.insist_on_enough(&decided)?;
        let made = self.make(&decided).or_else(|failure| self.leave_out(failure));
        // What expops does by itself has no attempts.
        self.note(|told| told.ran = if told.ran > 0.0 { told.ran } else { start.elapsed().as_secs_f64() });
        self.explain(&decided, &made)?;
        let (outcome, reads) = made?;
        if matches!(outcome, Outcome::Dropped | Outcome::Skipped) {
            return Ok(outcome);
        }
        let before = decided.record.map(|record| record.reads);
        self.tell_reads(&reads, before.as_ref(), sight)?;
        bound::log(&self.folder.log())?;
        let beside = beside::list(&self.folder, &self.trust())?;
        let plan = Some(self.plan.digest());
        let unstable = world::unstable(&reads, &self.roots());
        Record { plan, beside, ..Record::new(decided.key, reads) }.write(&self.folder)?;
        self.date_before(&unstable);
        file::remove(&self.folder.force())?;
        Ok(outcome)
    }

    /// Makes what was made look older than what changed while it was made: build tools look at times, and would take it for
    /// newer.
    fn date_before(&self, changed: &[Utf8PathBuf]) {
        let time = |path: &Utf8Path| path.metadata().ok()?.modified().ok();
        let there = |path: &Utf8PathBuf| path.ancestors().find_map(time);
        // Some file systems know whole seconds only.
        let before = changed.iter().filter_map(there).min().and_then(|time| time.checked_sub(STEP));
        let Some(before) = before else { return };
        let stamped = self.stamped();
        let of = |folder: &Folder| Values::read(folder).map(|values| values.values).unwrap_or_default();
        let values = stamped.iter().flat_map(of).map(|value| self.layout.build().join(value.file));
        let own = values.filter(|path| path.starts_with(&self.folder.0));
        let stamps = stamped.iter().map(Folder::stamp);
        for path in stamps.chain(own).chain([self.folder.record()]) {
            if let Ok(file) = file::open_regular(&path) {
                // Where it fails, `expops run` still sees it.
                let _ = file.set_modified(before);
            }
        }
    }

    /// Updates the record of a run whose results stand: its time, and the plan that is now in force.
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
                report::tell(&self.name, &paths(now), before.as_deref(), (&self.layout, sight))
            }
        }
    }

    /// Insists that what it reads is a folder exactly where the generated file lists the contents. If not, the plan is
    /// removed, so that the next build compiles first.
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

    /// Writes down why the instance ran, and how it went.
    fn explain(
        &self,
        decided: &Decision,
        made: &Result<(Outcome, ActionKey), Failure>,
    ) -> Result<(), Failure> {
        let ended = match made {
            Ok((Outcome::Restored, _)) => Ended::Restored,
            Ok((Outcome::Dropped | Outcome::Skipped, _)) => {
                Ended::Failed(self.told().message.unwrap_or_default())
            }
            Ok(_) => Ended::Ran,
            Err(failure) => Ended::Failed(failure.sentence()),
        };
        let run = Some(self.ended(made.as_ref().map(|(outcome, _)| *outcome)));
        Why { ended, first: decided.record.is_none(), changes: decided.changes(), run }.write(&self.folder)
    }

    /// Writes down how it failed, if that happened before or after it was made.
    fn explain_failure(&self, failure: &Failure) -> Result<(), Failure> {
        let last = Why::read(&self.folder);
        let ended = Ended::Failed(failure.sentence());
        if last.as_ref().is_some_and(|why| why.ended == ended) {
            return Ok(());
        }
        let changes = last.map(|why| why.changes).unwrap_or_default();
        let run = Some(self.failed(failure));
        Why { ended, first: !self.folder.record().exists(), changes, run }.write(&self.folder)
    }

    /// What to report of how it ended.
    fn ended(&self, made: Result<Outcome, &Failure>) -> journal::Ended {
        let outcome = match made {
            Err(failure) => return self.failed(failure),
            Ok(Outcome::Restored) => "restored",
            Ok(Outcome::Dropped) => "dropped",
            Ok(Outcome::Skipped) => "skipped",
            Ok(_) => "ran",
        };
        journal::Ended { outcome: outcome.to_owned(), ..self.told() }
    }

    /// Makes its results; returns how it went and what it read.
    fn make(&self, decided: &Decision) -> Result<(Outcome, ActionKey), Failure> {
        if let Todo::Skip(how) = &decided.todo {
            how.write(&self.folder, &self.stamped())?;
            let message = format!("skipped: {} failed", how.label);
            self.note(|told| *told = journal::Ended { message: Some(message), ..journal::Ended::default() });
            return Ok((Outcome::Skipped, ActionKey::default()));
        }
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

    /// Leaves the instance out, if the user's part failed and the project file allows that.
    fn leave_out(&self, failure: Failure) -> Result<(Outcome, ActionKey), Failure> {
        let is_allowed = self.plan.settings.on_failure == Some(OnFailure::Drop);
        let Some(kind) = failure.kind.filter(|_| is_allowed) else { return Err(failure) };
        let how =
            LeftOut { kind, message: failure.sentence(), instance: self.name.clone(), label: self.label() };
        how.write(&self.folder, &self.stamped())?;
        let told = self.failed(&failure);
        self.note(|last| *last = told);
        self.remark(Remark::LeftOut(self.label(), failure.place(self.place()).to_string()));
        Ok((Outcome::Dropped, ActionKey::default()))
    }

    /// Insists that enough of what it gathers succeeded.
    fn insist_on_enough(&self, decided: &Decision) -> Result<(), Failure> {
        let Some(at_least) = self.plan.settings.at_least else { return Ok(()) };
        let (all, left) = match &decided.todo {
            Todo::Skip(_) => (1, 0),
            _ => inputs::survivors(&self.plan, &self.arms, &decided.failed),
        };
        if at_least.is_met(all, left) {
            return Ok(());
        }
        let arms = |failed: &inputs::Gathered| format!("{} failed: {}", failed.how.label, failed.how.message);
        let message = match &decided.todo {
            Todo::Skip(how) => {
                format!("none of what it gathers is left, and it asks for {at_least}: {} failed", how.label)
            }
            _ => format!("{left} of {all} that it gathers succeeded, and it asks for {at_least}"),
        };
        Err(Failure::new(message).detail(decided.failed.iter().map(arms).collect::<Vec<_>>().join("\n")))
    }

    fn publish(&self, result: &ActionResult, run: &RunFolder) -> Result<(), Failure> {
        let old = publish::begin(&self.folder)?;
        let values =
            publish::outputs(&result.values, &old, run, &self.folder, (self.layout.build(), &self.trust()))?;
        publish::rest(run, result, &self.folder)?;
        publish::settle(&self.folder, &values, result.metrics_digest())
    }
}
