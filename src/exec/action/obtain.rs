//! Gets what the user's code makes: from the cache, or by running it and then storing it in the cache. A cache that
//! does not work costs a warning and a run, never a failure.

use std::io;

use camino::Utf8PathBuf;

use super::seal;
use super::snapshot::{self, InputSnapshot, SourceSnapshot};
use crate::cache::{Cache, List, Remote};
use crate::exec::decision::decide::{Decision, Remembered, Todo};
use crate::exec::decision::remote::Way;
use crate::exec::failure::Failure;
use crate::exec::key::action_key::ActionKey;
use crate::exec::publish;
use crate::exec::reads::seen::Reads;
use crate::exec::remark::Remark;
use crate::exec::run_folder::RunFolder;
use crate::exec::runners::python;
use crate::exec::runners::python::Told;
use crate::exec::runners::request::Mode;
use crate::exec::runners::shell;
use crate::exec::state::inputs::Input;
use crate::exec::state::inputs::named;
use crate::exec::state::instance::Instance;
use crate::exec::state::metrics;
use crate::exec::values::action_result::{ActionResult, Cost};
use crate::file;
use crate::journal::Ended;
use crate::plan_file::{Opens, Work};

/// The result of an action, and where it came from.
pub(in crate::exec) struct Obtained {
    pub(in crate::exec) result: ActionResult,
    /// Whether it came from the cache.
    pub(in crate::exec) is_restored: bool,
    /// What was read, beyond what is known before a run.
    pub(in crate::exec) reads: ActionKey,
}

impl Instance {
    /// Gets what the user's code makes for the decision, in `run`, from which the caller publishes it.
    pub(in crate::exec) fn obtain(
        &self,
        decided: &Decision,
        run: &mut RunFolder,
    ) -> Result<Obtained, Failure> {
        if !self.runs_code() {
            self.insist_on_inputs(decided)?;
            let (result, reads) = (ActionResult::default(), ActionKey::default());
            return Ok(Obtained { result, is_restored: false, reads });
        }
        let cache = self.cache();
        if let Some((result, reads)) = self.restore(&cache, decided, run)? {
            return Ok(Obtained { result, is_restored: true, reads });
        }
        self.insist_on_inputs(decided)?;
        self.insist_on_interpreter(decided)?;
        run.link_inputs(&self.plan, &self.project)?;
        self.watch(decided, run);
        let sources = SourceSnapshot::before(&decided.key);
        let inputs = InputSnapshot::before(&decided.inputs, self.layout.build());
        let result = self.call_patiently(decided, run);
        run.unlink_inputs()?;
        if result.is_ok() {
            self.still_observes(decided)?;
            sources.after()?;
        }
        inputs.after(self.layout.build())?;
        let (mut result, told) = result.map_err(|failure| self.with_environment(failure))?;
        result.cost = Some(Cost { ran: self.told().ran, cpu: self.told().cpu });
        let reads = self.reads(decided, run, &told)?;
        seal::insist_on_data(&result, &reads.left, &run.out())?;
        let bound = self.bound_output(&cache, &result, run);
        if self.may_remember(&cache, &reads, bound.is_some())
            && let Err(error) = self.remember(&cache, decided, (&result, &reads.key, bound.is_some()), run)
        {
            self.remark(Remark::no_cache(cache.folder(), &error));
        }
        Ok(Obtained { result, is_restored: false, reads: reads.key })
    }

    /// Whether the result may serve others: if something changed while it was being read, nobody else will read the
    /// same, and a path that only this machine has, or a file that names this checkout, is meaningless in a shared cache.
    fn may_remember(&self, cache: &Cache, reads: &Reads, is_bound: bool) -> bool {
        let is_shared = cache.folder() != self.layout.cache();
        reads.unstable.is_empty() && !(is_shared && (is_bound || reads.key.is_bound_to_this_machine()))
    }

    /// The first file among the outputs that names this checkout, if the result would go where others take it from.
    fn bound_output(&self, cache: &Cache, result: &ActionResult, run: &RunFolder) -> Option<Utf8PathBuf> {
        let stays = cache.folder() == self.layout.cache() && Remote::present().is_none();
        if stays || !self.is_cached() {
            return None;
        }
        let checkout = seal::checkout_of(self).ok()?;
        let files = result.values.iter().filter(|value| value.format == "file");
        let found =
            files.map(|value| run.out().join(&value.file)).find_map(|path| checkout.named_in(&path))?;
        let file = found.strip_prefix(run.out()).unwrap_or(&found).to_owned();
        self.remark(Remark::Bound(self.label(), file.clone()));
        Some(file)
    }

    /// Insists that what it is about to read is what was made. A split does not read what it only passes on.
    pub(in crate::exec) fn insist_on_inputs(&self, decided: &Decision) -> Result<(), Failure> {
        let is_read = |input: &&Input| match (&self.plan.work, &self.plan.opens) {
            (Work::Merge, Some(Opens::Data { key, .. })) => input.name == key.as_deref().unwrap_or("data"),
            (Work::Merge, _) => false,
            _ => true,
        };
        let inputs = decided.inputs.iter().filter(is_read);
        let values = inputs.flat_map(|input| named(std::slice::from_ref(input)));
        snapshot::insist(values, self.layout.build(), &self.trust())
    }

    fn remember(
        &self,
        cache: &Cache,
        decided: &Decision,
        (result, reads, is_bound): (&ActionResult, &ActionKey, bool),
        run: &RunFolder,
    ) -> io::Result<()> {
        if !self.is_cached() {
            return Ok(());
        }
        let entry = decided.key.digest_with(reads);
        let log = (self.plan.settings.cache_log != Some(false)).then(|| self.folder.log());
        let kept: Vec<_> = [run.out(), run.files()].into_iter().chain(log).collect();
        cache.publish(entry, serde_json::to_value(result)?, &kept)?;
        let list = match reads.is_empty() {
            true => None,
            false => Some((decided.digest, List { entry, reads: serde_json::to_value(reads)? })),
        };
        if let Some((key, list)) = list.clone() {
            cache.add_list(key, list)?;
        }
        if !is_bound && !reads.is_bound_to_this_machine() {
            self.with_remote(Way::To, |remote| cache.push(remote, entry, list));
        }
        Ok(())
    }

    /// Copies what is only in the remote cache into this one.
    fn pull(&self, cache: &Cache, decided: &Decision, found: &Remembered) -> bool {
        if !found.entry.is_foreign() {
            return true;
        }
        let pulled = self.with_remote(Way::From, |remote| {
            if !cache.pull(remote, found.key, &found.entry)? {
                return Ok(false);
            }
            if !found.reads.is_empty() {
                let reads = serde_json::to_value(&found.reads)?;
                cache.add_list(decided.digest, List { entry: found.key, reads })?;
            }
            Ok(true)
        });
        pulled.unwrap_or(false)
    }

    /// Replaces the last run's log by that of the restored run.
    fn restore_log(&self, run: &RunFolder) -> Result<(), Failure> {
        match run.log().exists() {
            true => publish::rename(&run.log(), &self.folder.log()),
            false => Ok(file::remove(&self.folder.log())?),
        }
    }

    /// Fills `run` from the cache; `None`, with nothing in `run`, if that is impossible.
    fn restore(
        &self,
        cache: &Cache,
        decided: &Decision,
        run: &RunFolder,
    ) -> Result<Option<(ActionResult, ActionKey)>, Failure> {
        let Todo::Restore(found) = &decided.todo else { return Ok(None) };
        if !self.pull(cache, decided, found) {
            return Ok(None);
        }
        let Remembered { entry, key, reads } = found;
        match cache.restore(*key, entry, run.path()) {
            Ok(true) => {
                let answer = serde_json::from_value::<ActionResult>(entry.answer.clone()).ok();
                let out = run.out();
                let is_whole = |result: &ActionResult| {
                    result.is_sound(&out) && result.is_as_made(&out, entry, &self.trust())
                };
                if let Some(result) = answer.filter(is_whole) {
                    self.restore_log(run)?;
                    let Cost { ran, cpu } = result.cost.clone().unwrap_or_default();
                    self.note(|told| *told = Ended { ran, cpu, ..Ended::default() });
                    return Ok(Some((result, reads.clone())));
                }
                let _ = cache.forget(*key);
            }
            Ok(false) => {}
            Err(error) => self.remark(Remark::no_cache(cache.folder(), &error)),
        }
        run.empty()?;
        Ok(None)
    }

    /// Calls the function or the command of the process.
    pub(in crate::exec) fn call(
        &self,
        decided: &Decision,
        run: &RunFolder,
    ) -> Result<(ActionResult, Told), Failure> {
        match &self.plan.work {
            Work::Shell { command, outputs } => {
                let values = shell::run(self, command, outputs, (&decided.inputs, &decided.failed), run)?;
                Ok((ActionResult { values, ..ActionResult::default() }, Told::default()))
            }
            Work::Python { outputs, .. } => {
                let mode = match (&self.plan.opens, &self.plan.probes) {
                    (Some(Opens::Data { .. }), _) => Mode::Split(Vec::new()),
                    (None, Some(_)) => Mode::Chart(metrics::all(self)?),
                    _ => Mode::Process,
                };
                let interpreter = decided.interpreter.as_ref();
                let mut answer = python::run(self, &mode, &decided.inputs, run, interpreter)?;
                let told = std::mem::take(&mut answer.watch);
                let result = seal::result(answer, self, &run.out())?;
                insist_on_files(outputs, &result)?;
                Ok((result, told))
            }
            Work::Merge | Work::DynamicChart { .. } => Ok((ActionResult::default(), Told::default())),
        }
    }
}

/// Insists that the values of declared outputs are files with the declared names: the build tool waits for those.
fn insist_on_files(outputs: &[(String, Utf8PathBuf)], result: &ActionResult) -> Result<(), Failure> {
    for (key, file) in outputs {
        let value = result.values.iter().find(|value| value.key == *key);
        let made = match value {
            Some(value) if value.name() == Some(file.as_str()) => continue,
            Some(value) => value.name().map_or_else(|| "no file".to_owned(), |name| format!("`{name}`")),
            None => "nothing".to_owned(),
        };
        let message = format!("the output `{key}` is declared as the file `{file}`, and {made} was returned");
        let help =
            format!("return a `pathlib.Path` to a file `{file}`, or change `outputs` in the project file");
        return Err(Failure::new(message).help(help));
    }
    Ok(())
}
