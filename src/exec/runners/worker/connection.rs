//! The protocol between a client and a worker: one line of JSON to the worker, lines of JSON back.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use rustix::process::{Pid, Signal};
use serde::Deserialize;

use super::start::{Stop, patience};
use crate::exec::exit::{Exit, Usage};
use crate::file;
use crate::settings::FailureKind;

/// How often to check whether a child is still there.
const STEP: Duration = Duration::from_secs(1);

/// How it ended.
pub(super) enum Answer {
    /// The child ran to its end.
    Ended(Exit),
    /// The child gave up: its code has set what a library reads when it is imported.
    Steered,
    /// This worker cannot run the instance.
    Refused,
    /// The worker has ended, or is about to: find another one.
    Again,
    /// The worker died while the child ran.
    Died,
    /// The worker no longer answers.
    Hangs,
}

/// A line from the worker.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    started: Option<i32>,
    ended: Option<i32>,
    usage: Spent,
    again: bool,
    steered: bool,
}

/// What a child used, in seconds and KiB.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Spent {
    user: f64,
    system: f64,
    peak_kb: u64,
}

impl Line {
    /// How the child ended; `is_late` if it was killed because its time was up.
    fn exit(&self, status: i32, is_late: bool) -> Exit {
        let status = ExitStatus::from_raw(status);
        let usage = Usage {
            cpu: Some(self.usage.user + self.usage.system),
            memory: Some(self.usage.peak_kb.saturating_mul(1024)),
            ..Usage::default()
        };
        let cut = (is_late && !status.success()).then_some(FailureKind::Timeout);
        Exit { status, cut, usage }
    }
}

/// A connection to a worker that we may use.
pub(super) struct Connection {
    stream: BufReader<UnixStream>,
    worker: Option<Pid>,
    read: Vec<u8>,
}

/// The result of reading a line.
enum Heard {
    Line(Line),
    Nothing,
    End,
}

impl Connection {
    /// The connection, if the worker belongs to the user and is in the same control group.
    pub(super) fn new(stream: UnixStream) -> Option<Self> {
        let peer = rustix::net::sockopt::socket_peercred(&stream).ok()?;
        let group = |who: String| file::read_proc(format!("/proc/{who}/cgroup")).ok();
        let pid = peer.pid.as_raw_nonzero();
        let is_ours = peer.uid == rustix::process::getuid() && group(pid.to_string()) == group("self".into());
        stream.set_read_timeout(Some(STEP)).ok()?;
        is_ours.then(|| Self { stream: BufReader::new(stream), worker: Some(peer.pid), read: Vec::new() })
    }

    /// Makes the worker do what `request` asks for.
    pub(super) fn run(mut self, request: &str, stop: &Stop) -> Answer {
        if !stop.connection(self.stream.get_ref())
            || self.stream.get_mut().write_all(format!("{request}\n").as_bytes()).is_err()
        {
            return Answer::Again;
        }
        match self.first() {
            Ok(pid) => {
                stop.child(pid);
                self.end_of(pid, stop)
            }
            Err(answer) => answer,
        }
    }

    /// Waits for the child to be started, and returns its process id.
    fn first(&mut self) -> Result<i32, Answer> {
        let end = Instant::now() + patience();
        while Instant::now() < end {
            match self.hear() {
                Heard::Line(Line { started: Some(pid), .. }) => return Ok(pid),
                Heard::Line(Line { again: true, .. }) | Heard::End => return Err(Answer::Again),
                Heard::Line(_) => return Err(Answer::Refused),
                Heard::Nothing => {}
            }
        }
        self.kill_worker();
        Err(Answer::Hangs)
    }

    /// Waits for the child to end, and ends it if the worker no longer waits for it.
    fn end_of(&mut self, pid: i32, stop: &Stop) -> Answer {
        let (mut since, mut is_late) = (None, false);
        let start = Instant::now();
        loop {
            match self.hear() {
                Heard::Line(Line { steered: true, .. }) => return Answer::Steered,
                Heard::Line(line @ Line { ended: Some(status), .. }) => {
                    return Answer::Ended(line.exit(status, is_late));
                }
                Heard::Line(_) => {}
                Heard::Nothing if !is_late && stop.limit.is_some_and(|limit| start.elapsed() >= limit) => {
                    is_late = true;
                    stop.kill();
                }
                Heard::End => {
                    stop.kill();
                    return Answer::Died;
                }
                Heard::Nothing if is_running(pid) => since = None,
                Heard::Nothing => {
                    if since.get_or_insert_with(Instant::now).elapsed() > patience() {
                        self.kill_worker();
                        stop.kill();
                        return Answer::Hangs;
                    }
                }
            }
        }
    }

    fn hear(&mut self) -> Heard {
        match self.stream.read_until(b'\n', &mut self.read) {
            Ok(_) if self.read.ends_with(b"\n") => {
                let line = serde_json::from_slice(&self.read).unwrap_or_default();
                self.read.clear();
                Heard::Line(line)
            }
            Err(error) if is_for_now(error.kind()) => Heard::Nothing,
            _ => Heard::End,
        }
    }

    fn kill_worker(&self) {
        if let Some(pid) = self.worker {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
    }
}

fn is_for_now(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(kind, Interrupted | TimedOut | WouldBlock)
}

/// Whether a process exists and has not ended.
fn is_running(pid: i32) -> bool {
    let stat = file::read_proc(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
    state.is_some_and(|state| state != "Z" && state != "X")
}

/// Tells the worker at a socket to end.
pub(super) fn end(socket: &Utf8Path) {
    if let Ok(mut stream) = UnixStream::connect(socket) {
        let _ = stream.write_all(b"{\"end\": true}\n");
        let _ = stream.set_read_timeout(Some(STEP));
        // Once it has answered, it no longer listens.
        let _ = BufReader::new(stream).read_until(b'\n', &mut Vec::new());
    }
}
