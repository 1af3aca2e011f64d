//! Hands a command to a launcher, and collects the result.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};

use super::chosen::Launcher;
use super::done::Done;
use super::environment;
use super::heart;
use super::keeper::{self, Work, own_program};
use super::order::{Need, Order, Word};
use super::queue::Queue;
use super::task::{self, Task};
use crate::exec::content::trust::Trust;
use crate::exec::exit::{self, Exit, Usage};
use crate::exec::failure::Failure;
use crate::exec::resources::allotment::Allotment;
use crate::exec::runners::child;
use crate::file;
use crate::journal::Build;
use crate::layout::run as run_files;
use crate::settings::FailureKind;
use crate::signals;
use crate::variable::{LATENCY, PATIENCE};

/// How many seconds a task continues without a sign of life from the build, unless the user says otherwise.
const USUAL_PATIENCE: u64 = 120;

/// How long a launcher may take to end after its task has.
const FAREWELL: Duration = Duration::from_secs(10);

/// How often to look for a result that is not there yet.
const LOOK: Duration = Duration::from_millis(100);

/// A command for a launcher, with its context.
pub(in crate::exec) struct Call<'a> {
    /// The instance, for people.
    pub label: String,
    /// The run folder, absolute.
    pub run: &'a Utf8Path,
    /// What it may use.
    pub allotment: &'a Allotment,
    /// The files that it is given, absolute.
    pub inputs: Vec<Utf8PathBuf>,
    /// The files that it is to make, as far as they are known, absolute.
    pub outputs: Vec<Utf8PathBuf>,
    /// What is known of files.
    pub trust: Trust,
    /// Where it may wait for others that share its job.
    pub queue: Option<Queue>,
}

/// Runs `command` by `launcher`, with stdout and stderr in the file `log`.
///
/// # Errors
/// If there is no complete result in the end, with the kind of failure as far as it is known.
pub(in crate::exec) fn run(
    launcher: &Launcher,
    command: &Command,
    log: &Utf8Path,
    call: &Call<'_>,
) -> Result<Exit, Failure> {
    let task = prepare(command, log, call)?;
    let order = order(launcher, &task, call)?;
    let word = match &call.queue {
        Some(queue) => wait_in(queue, order, &task, &call.trust),
        None => keep(order, &task),
    }?;
    match wait_for_result(launcher, &word, &task, &call.trust) {
        Some(done) => Ok(ended(done)),
        None => Err(failure(launcher, &word, &task, log)),
    }
}

/// Puts what the task needs into the run folder.
fn prepare(command: &Command, log: &Utf8Path, call: &Call<'_>) -> Result<Task, Failure> {
    let run = call.run;
    drop(child::new_log(log)?);
    for old in [
        run_files::DONE,
        run_files::CLAIM,
        run_files::TASK_LOG,
        run_files::ALIVE,
        run_files::BATCH,
        run_files::SCRATCH,
    ] {
        file::remove(&run.join(old))?;
    }
    file::context(fs::hard_link(log, run.join(run_files::TASK_LOG)), "link", log)?;
    let text = |word: &std::ffi::OsStr| word.to_string_lossy().into_owned();
    let folder = command.get_current_dir().and_then(Utf8Path::from_path).unwrap_or(run);
    let task = Task {
        version: task::VERSION,
        nonce: nonce()?,
        label: call.label.clone(),
        arguments: [command.get_program()].into_iter().chain(command.get_args()).map(text).collect(),
        folder: folder.to_owned(),
        environment: environment::sent(command),
        run: run.to_owned(),
        time: call.allotment.time.map(|time| time.as_secs()),
        patience: PATIENCE.or(USUAL_PATIENCE),
    };
    write_private(
        &run.join(run_files::TASK),
        &serde_json::to_vec(&task).map_err(|e| Failure::new(e.to_string()))?,
    )?;
    for (list, paths) in [(run_files::INPUTS, &call.inputs), (run_files::OUTPUTS, &call.outputs)] {
        let lines: String = paths.iter().map(|path| format!("{path}\n")).collect();
        file::context(fs::write(run.join(list), lines), "write", &run.join(list))?;
    }
    Ok(task)
}

/// Writes a file that nobody else may read: it contains the environment.
fn write_private(path: &Utf8Path, content: &[u8]) -> Result<(), Failure> {
    file::remove(path)?;
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(content));
    Ok(file::context(written, "write", path)?)
}

/// A text that is different for each attempt.
fn nonce() -> Result<String, Failure> {
    let made = tempfile::Builder::new().prefix("").rand_bytes(16).make(|path| {
        Ok(path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
    });
    made.map(|made| made.into_parts().0).map_err(|error| Failure::new(error.to_string()))
}

fn order(launcher: &Launcher, task: &Task, call: &Call<'_>) -> Result<Order, Failure> {
    let Allotment { attempt, cpus, memory, time, gpus, .. } = call.allotment;
    let need = Need {
        cpus: *cpus,
        memory: memory.map(|memory| memory.div_ceil(1 << 20)),
        time: time.map(|time| time.as_secs()),
        gpus: *gpus,
    };
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let path = |name: &str| call.run.join(name).into_string();
    let told = [
        ("EXPOPS_LABEL", task.label.clone()),
        ("EXPOPS_CPUS", cpus.to_string()),
        ("EXPOPS_MEMORY_MB", number(need.memory)),
        ("EXPOPS_TIME_S", number(need.time)),
        ("EXPOPS_GPUS", number(need.gpus.map(u64::from))),
        ("EXPOPS_ATTEMPT", attempt.to_string()),
        ("EXPOPS_REQUEST", path(run_files::TASK)),
        ("EXPOPS_INPUTS", path(run_files::INPUTS)),
        ("EXPOPS_OUTPUTS", path(run_files::OUTPUTS)),
    ];
    Ok(Order {
        launcher: launcher.clone(),
        program: own_program().map_err(|error| Failure::new(format!("cannot find expops: {error}")))?,
        runs: vec![call.run.to_owned()],
        told: told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<_, _>>(),
        name: format!("{}.{}", task.label, &task.nonce[..6.min(task.nonce.len())]),
        need,
        patience: task.patience,
    })
}

/// The pipe to a keeper, who takes its closing for the end of the build.
#[derive(Default)]
struct Life(Mutex<(Option<ChildStdin>, bool)>);

impl Life {
    /// The end may come before the keeper has been started.
    fn begin(&self, pipe: Option<ChildStdin>) {
        let mut life = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        life.0 = pipe.filter(|_| !life.1);
    }

    fn end(&self) {
        let mut life = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *life = (None, true);
    }
}

/// Starts a keeper, which starts the launcher, and waits for both.
fn keep(order: Order, task: &Task) -> Result<Word, Failure> {
    let life = Life::default();
    let attend = || -> io::Result<Option<Word>> {
        let mut keeper = keeper::start(&Work::Task(order))?;
        life.begin(keeper.stdin.take());
        let mut said = String::new();
        keeper.stdout.take().map_or(Ok(0), |output| BufReader::new(output).read_line(&mut said))?;
        keeper.wait()?;
        Ok(serde_json::from_str(&said).ok())
    };
    let kept = while_the_build_runs(task, || life.end(), attend)?;
    Ok(kept.map_err(|error| Failure::new(format!("cannot start the launcher: {error}")))?.unwrap_or_default())
}

/// Waits in the queue for a job that several instances share, and for the end of the task in it.
fn wait_in(queue: &Queue, order: Order, task: &Task, trust: &Trust) -> Result<Word, Failure> {
    let is_over = AtomicBool::new(false);
    let end = || is_over.store(true, Ordering::SeqCst);
    let work = || {
        let is_done = || Done::read(task, |path| trust.bytes(path)).is_some();
        queue.wait(order, task, is_done, || is_over.load(Ordering::SeqCst))
    };
    while_the_build_runs(task, end, work)?
}

/// Works with signs of life for the task, and calls `end` when a signal arrives or the build has ended: both are
/// failures.
fn while_the_build_runs<T>(
    task: &Task,
    end: impl Fn() + Send + Sync,
    work: impl FnOnce() -> T,
) -> Result<T, Failure> {
    let patience = Duration::from_secs(task.patience);
    let since = Cell::new(None::<Instant>);
    let is_over = move || Build::is_over() || is_late(task, &since);
    let (done, signal) =
        signals::during(|_| end(), || heart::beating(&task.run, patience, (is_over, &end), work))
            .map_err(|error| Failure::new(format!("cannot watch for signals: {error}")))?;
    match signal {
        Some(signal) => Err(Failure::new(format!("interrupted by signal {signal}"))),
        None if Build::is_over() => Err(Failure::new("the build that this was part of has ended")),
        None => Ok(done),
    }
}

/// Whether the task ended some time ago, and its launcher has not: it may hang. `since` keeps when the end was first seen.
fn is_late(task: &Task, since: &Cell<Option<Instant>>) -> bool {
    if !task.run.join(run_files::DONE).exists() {
        since.set(None);
        return false;
    }
    let seen = since.get().unwrap_or_else(Instant::now);
    since.set(Some(seen));
    seen.elapsed() > FAREWELL
}

/// The end of the task, once all its files have appeared.
fn wait_for_result(launcher: &Launcher, word: &Word, task: &Task, trust: &Trust) -> Option<Done> {
    let usual = if word.kind.is_some() || word.not_started.is_some() { 0 } else { launcher.latency() };
    let latency = Duration::from_secs(LATENCY.or(usual));
    let start = Instant::now();
    loop {
        if let Some(done) = Done::read(task, |path| trust.bytes(path)) {
            return Some(done);
        }
        if start.elapsed() >= latency {
            return None;
        }
        std::thread::sleep(LOOK);
        // Some file systems only notice new names when a folder is listed.
        let _ = task.run.read_dir_utf8().map(Iterator::count);
    }
}

fn ended(done: Done) -> Exit {
    let status = done.signal.map_or_else(|| exit::status(done.code.unwrap_or(1)), exit::killed);
    let cut = done.cut;
    let Done { cpu, memory, host, job, ran, .. } = done;
    let usage = Usage { cpu, memory, host, job, ran };
    Exit { status, cut, usage }
}

/// Explains why there is no complete result.
fn failure(launcher: &Launcher, word: &Word, task: &Task, log: &Utf8Path) -> Failure {
    let name = launcher.name();
    if let Some(why) = &word.not_started {
        return Failure::new(format!("the launcher `{name}` cannot be started: {why}"))
            .help("EXPOPS_LAUNCHER names it: a program, or `slurm`");
    }
    let how = match (word.signal, word.code) {
        (Some(signal), _) => format!("was killed by signal {signal}"),
        (None, Some(code)) => format!("ended with exit status {code}"),
        (None, None) => "was lost".to_owned(),
    };
    if word.kind.is_none() && !task.run.join(run_files::CLAIM).exists() {
        return not_begun(&format!("the launcher `{name}` {how}"), launcher, word);
    }
    let (kind, what) = match word.kind {
        Some(FailureKind::Timeout) => (FailureKind::Timeout, "the job took longer than its `time`"),
        Some(FailureKind::OutOfMemory) => (FailureKind::OutOfMemory, "the job used more than its `memory`"),
        Some(kind) => (kind, "the job or its node is gone"),
        None => (FailureKind::Lost, "what it had started left no whole result"),
    };
    let detail = [child::last_lines(&word.said), child::tail(log)].join("\n");
    let failure = Failure::new(format!("the launcher `{name}` {how}: {what}")).kind(kind);
    failure.detail(detail.trim()).log(log.as_str())
}

/// A launcher that has started nothing: that is no failure of the task, so it has no kind.
fn not_begun(ended: &str, launcher: &Launcher, word: &Word) -> Failure {
    let said = child::last_lines(&word.said);
    let lines: Vec<_> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let telling = lines.iter().find(|line| line.contains("error")).or(lines.last());
    let why = telling.map(|line| format!(": {line}")).unwrap_or_default();
    let failure = Failure::new(format!("{ended} and has run nothing{why}")).help(launcher.advice());
    if lines.len() > 1 { failure.detail(lines.join("\n")) } else { failure }
}
