//! Finds a worker, or starts one.

use std::fs::{self, File, TryLockError};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::json;

use super::kind::Kind;
use super::socket::{self, Socket};
use crate::exec::mark::{CHILD, CHILD_LENGTH, Mark, WATCH};
use crate::process;
use crate::variable::{WORKER_IDLE, WORKER_WAIT};

/// How often to check things that nobody notifies us about.
const STEP: Duration = Duration::from_millis(3);

/// What a signal that interrupts us has to reach.
#[derive(Default)]
pub(super) struct Stop {
    group: AtomicI32,
    stream: Mutex<Option<UnixStream>>,
    is_asked: AtomicBool,
    /// What the child had started when the first signal came.
    below: Mutex<Vec<(u32, u64)>>,
    /// How long the child may run.
    pub(super) limit: Option<Duration>,
    mark: Option<Mark>,
}

impl Stop {
    /// For a child that may run for `limit`; what it starts has this mark.
    pub(super) fn new(limit: Option<Duration>, mark: Option<Mark>) -> Self {
        Self { limit, mark, ..Self::default() }
    }

    /// From now on signals reach the child, and everything that it starts.
    pub(super) fn child(&self, pid: i32) {
        self.group.store(pid, Ordering::SeqCst);
    }

    /// The connection, which a signal closes as long as there is no child. False if there already was a signal.
    pub(super) fn connection(&self, stream: &UnixStream) -> bool {
        *self.stream.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = stream.try_clone().ok();
        !self.is_asked()
    }

    /// Whether there was a signal.
    pub(super) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::SeqCst)
    }

    /// Passes a signal on.
    pub(super) fn pass_on(&self, signal: i32) {
        self.is_asked.store(true, Ordering::SeqCst);
        match self.group.load(Ordering::SeqCst) {
            0 => {
                let stream = self.stream.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                stream.iter().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
            }
            group => {
                // After its end nobody is below it.
                let mut below = self.below.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                below.extend(process::below(group.unsigned_abs()));
                send(group, Signal::from_named_raw(signal));
            }
        }
    }

    /// Kills what is left.
    pub(super) fn kill(&self) {
        match self.group.load(Ordering::SeqCst) {
            0 => {}
            group => {
                let child = group.unsigned_abs();
                process::kill_below(child);
                send(group, Some(Signal::KILL));
                process::kill_known(&self.below.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
                self.mark.iter().for_each(|mark| process::kill_run(None, &mark.entries()));
            }
        }
    }
}

fn send(group: i32, signal: Option<Signal>) {
    if let (Some(group), Some(signal)) = (Pid::from_raw(group), signal) {
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

/// How long a worker may take to start, or to answer.
pub(super) fn patience() -> Duration {
    Duration::from_secs(WORKER_WAIT.or(30))
}

/// A connection to the worker at `place`, which is started if nobody answers.
pub(super) fn find(
    place: &Socket,
    kind: &Kind,
    command: &Command,
    stop: &Stop,
) -> Result<UnixStream, String> {
    if let Ok(stream) = UnixStream::connect(&place.path) {
        return Ok(stream);
    }
    let end = Instant::now() + patience();
    let lock = File::create(place.lock()).map_err(|error| format!("cannot lock its folder: {error}"))?;
    loop {
        match lock.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < end && !stop.is_asked() => {
                std::thread::sleep(STEP);
            }
            Err(error) => return Err(format!("cannot lock its folder: {error}")),
        }
        if let Ok(stream) = UnixStream::connect(&place.path) {
            return Ok(stream);
        }
    }
    match UnixStream::connect(&place.path) {
        Ok(stream) => Ok(stream),
        Err(_) => start(place, kind, command, || Instant::now() > end || stop.is_asked()),
    }
}

fn start(
    place: &Socket,
    kind: &Kind,
    command: &Command,
    is_over: impl Fn() -> bool,
) -> Result<UnixStream, String> {
    let cannot = |error: std::io::Error| format!("cannot start it: {error}");
    socket::sweep();
    let _ = fs::remove_file(&place.path);
    let configuration = json!({
        "socket": place.path,
        "idle": WORKER_IDLE.or(5),
        "cpus": kind.cpus,
        "libraries": kind.libraries,
        "excluded": [],
    });
    let output = File::create(place.log()).map_err(cannot)?;
    let mut worker = Command::new(command.get_program());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => worker.env(name, value),
            None => worker.env_remove(name),
        };
    }
    if worker.get_envs().any(|(name, value)| name == WATCH && value.is_some()) {
        worker.env(WATCH, place.events());
    }
    worker.env(CHILD, "-".repeat(CHILD_LENGTH));
    worker.arg(kind.runtime.join("expops_build/_run.py")).arg("--worker").arg(configuration.to_string());
    worker.current_dir(&kind.runtime).stdin(Stdio::null());
    worker.stdout(output.try_clone().map_err(cannot)?).stderr(output);
    let mut child = worker.spawn().map_err(cannot)?;
    process::share(child.id());
    loop {
        if let Ok(stream) = UnixStream::connect(&place.path) {
            return Ok(stream);
        }
        match child.try_wait() {
            Ok(None) if !is_over() => std::thread::sleep(STEP),
            Ok(None) => {
                let _ = child.kill();
                return Err("it did not start in time".to_owned());
            }
            _ => return Err(format!("it did not start: see `{}`", place.log())),
        }
    }
}
