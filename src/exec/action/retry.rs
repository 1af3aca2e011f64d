//! Tries the user's part of an instance as often as its settings say, within the limits of each attempt.

use std::fs::File;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;

use crate::exec::bound;
use crate::exec::decision::decide::Decision;
use crate::exec::failure::Failure;
use crate::exec::publish;
use crate::exec::resources::account;
use crate::exec::resources::allotment::Allotment;
use crate::exec::run_folder::RunFolder;
use crate::exec::runners::launcher::Launcher;
use crate::exec::runners::python::Told;
use crate::exec::state::instance::Instance;
use crate::exec::values::action_result::ActionResult;
use crate::file;
use crate::journal::{Ended, Event};
use crate::layout::run as run_files;
use crate::settings::Retries;
use crate::signals;

impl Instance {
    /// Calls the user's code, again if it fails in a way that its settings retry.
    pub(in crate::exec) fn call_patiently(
        &self,
        decided: &Decision,
        run: &mut RunFolder,
    ) -> Result<(ActionResult, Told), Failure> {
        let mut earlier = None;
        let mut attempt = 1;
        loop {
            run.allotment = Allotment::of(&self.plan.settings, attempt);
            let result = self.call_once(decided, run);
            let again = result.as_ref().err().and_then(|failure| self.again(failure, attempt));
            let (Some(retries), Err(failure)) = (again, &result) else {
                return self.with_earlier(earlier, attempt).and(result);
            };
            self.journal(Event::Ended(self.failed(failure)));
            earlier = Some(self.put_log_aside(earlier, attempt, run)?);
            self.start_again(decided, run)?;
            if let Some(signal) = signals::pause(Duration::from_secs(retries.wait)).unwrap_or_default() {
                return Err(Failure::new(format!("interrupted by signal {signal}")));
            }
            attempt += 1;
        }
    }

    /// Restores everything to what it was before the first attempt.
    fn start_again(&self, decided: &Decision, run: &mut RunFolder) -> Result<(), Failure> {
        if Launcher::chosen().is_none() {
            return run.start_again(&self.project);
        }
        // A lost job may still be alive, and write to where it ran.
        run.move_on(&self.folder)?;
        run.start_again(&self.project)?;
        self.watch(decided, run);
        Ok(())
    }

    fn call_once(&self, decided: &Decision, run: &mut RunFolder) -> Result<(ActionResult, Told), Failure> {
        let attempt = run.allotment.attempt;
        self.note(|told| *told = Ended { attempt, ..Ended::default() });
        let resources = &self.plan.settings.resources;
        let is_said =
            !(resources.cpus.is_empty() && resources.memory.is_empty() && resources.gpus.is_empty());
        // What is launched elsewhere takes nothing from this machine.
        let is_here = Launcher::chosen().is_none();
        let (_held, waited) = account::take(&mut run.allotment, is_said && is_here, &self.layout)?;
        self.note(|told| told.waited = waited.as_secs_f64());
        self.journal(Event::Started { attempt });
        let start = Instant::now();
        let result = self.call(decided, run);
        let all = start.elapsed().as_secs_f64();
        self.note(|told| {
            // What the other end has noted. The rest of the time, it waited in a queue.
            let ran = if told.ran > 0.0 { told.ran.min(all) } else { all };
            (told.ran, told.waited) = (ran, told.waited + all - ran);
        });
        result
    }

    /// The settings for retries, if the failure of attempt number `attempt` warrants another.
    fn again(&self, failure: &Failure, attempt: u32) -> Option<&Retries> {
        let retries = self.plan.settings.retries.as_ref()?;
        let is_worth = attempt < self.plan.settings.attempts() && retries.on.contains(&failure.kind?);
        is_worth.then_some(retries)
    }

    /// What to report of a failed attempt.
    pub(in crate::exec) fn failed(&self, failure: &Failure) -> Ended {
        let outcome = failure.kind.map_or("failed", |kind| kind.name()).to_owned();
        let kind = failure.kind.map(|kind| kind.name().to_owned());
        Ended { outcome, kind, message: Some(failure.sentence()), ..self.told() }
    }

    /// Appends the log of an attempt to those of earlier attempts.
    fn put_log_aside(
        &self,
        earlier: Option<Utf8PathBuf>,
        attempt: u32,
        run: &RunFolder,
    ) -> Result<Utf8PathBuf, Failure> {
        let path = earlier.unwrap_or_else(|| run.path().join(run_files::EARLIER));
        file::context(self.add_log(&path, attempt), "write", &path)?;
        Ok(path)
    }

    /// Appends what the last attempt printed to a file, under a line with its number.
    fn add_log(&self, path: &Utf8PathBuf, attempt: u32) -> io::Result<()> {
        let mut all = File::options().create(true).append(true).open(path)?;
        writeln!(all, "{}{attempt}", run_files::ATTEMPT)?;
        if let Ok(mut log) = file::open_regular(self.folder.log()) {
            io::copy(&mut log, &mut all)?;
        }
        Ok(())
    }

    /// Puts the logs of all attempts into the instance's log, if there were several.
    fn with_earlier(&self, earlier: Option<Utf8PathBuf>, attempt: u32) -> Result<(), Failure> {
        let Some(path) = earlier else { return Ok(()) };
        bound::log(&self.folder.log())?;
        file::context(self.add_log(&path, attempt), "write", &path)?;
        publish::rename(&path, &self.folder.log())
    }
}
