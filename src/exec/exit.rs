//! How the user's part of an instance ended, and what it used.

use std::process::{Child, ExitStatus};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;
use std::{fmt, io};

use wait4::Wait4 as _;

use super::resources::allotment::Allotment;
use crate::settings::FailureKind;
use crate::signals;

/// What the user's part used, and where.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Usage {
    /// CPU seconds.
    pub cpu: Option<f64>,
    /// Peak memory, in bytes.
    pub memory: Option<u64>,
    /// The host; `None` if it is this one.
    pub host: Option<String>,
    /// The job on a cluster.
    pub job: Option<String>,
    /// How long it ran, in seconds, if that is not the time until its end was known here.
    pub ran: Option<f64>,
}

/// How it ended.
#[derive(Clone, Debug)]
pub(super) struct Exit {
    /// Its exit status, or the signal that ended it.
    pub status: ExitStatus,
    /// Why it was cut short, if the status does not tell.
    pub cut: Option<FailureKind>,
    /// What it used.
    pub usage: Usage,
}

impl Exit {
    /// How it failed, if it left no complete result.
    pub(super) fn kind(&self) -> FailureKind {
        self.cut.unwrap_or_else(|| match (signal(self.status), self.status.code()) {
            (Some(KILL), _) | (_, Some(KILLED)) => FailureKind::OutOfMemory,
            (Some(_), _) => FailureKind::Signal,
            (None, Some(0)) => FailureKind::NoResult,
            _ => FailureKind::Exit,
        })
    }

    /// The sentence that describes a failure: who ended it, or `ended` and how it ended by itself.
    pub(super) fn sentence(&self, ended: &str, allotment: &Allotment) -> String {
        match (self.cut, allotment.time) {
            (Some(FailureKind::Timeout), Some(time)) => format!(
                "it took longer than its `time` of {} s, and was ended with all that it had started",
                time.as_secs()
            ),
            (Some(_), _) => self.to_string(),
            (None, _) => format!("{ended}: {self}"),
        }
    }
}

/// SIGKILL, which the kernel sends to whatever takes the last of the memory; below, how a shell reports it.
const KILL: i32 = 9;
const KILLED: i32 = 128 + KILL;

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.cut, signal(self.status)) {
            (Some(FailureKind::Timeout), _) => f.write_str("it took longer than its `time`, and was ended"),
            (Some(FailureKind::OutOfMemory), _) => f.write_str("it used more than its `memory`"),
            (Some(FailureKind::Lost), _) => f.write_str("the machine or the job that it ran on is gone"),
            (_, Some(KILL)) => f.write_str("killed by signal 9 (out of memory?)"),
            (_, Some(signal)) => write!(f, "killed by signal {signal}"),
            (_, None) => match self.status.code() {
                Some(code) => write!(f, "exit status {code}"),
                None => write!(f, "{}", self.status),
            },
        }
    }
}

/// The status of a program that exits with `code`.
#[cfg(unix)]
pub(super) fn status(code: i32) -> ExitStatus {
    std::os::unix::process::ExitStatusExt::from_raw((code & 0xff) << 8)
}

/// The status of a program that is ended by `signal`.
#[cfg(unix)]
pub(super) fn killed(signal: i32) -> ExitStatus {
    std::os::unix::process::ExitStatusExt::from_raw(signal & 0x7f)
}

/// The signal that ended it, if one did.
#[cfg(unix)]
pub(super) fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
pub(super) fn status(code: i32) -> ExitStatus {
    std::os::windows::process::ExitStatusExt::from_raw(code.unsigned_abs())
}

#[cfg(not(unix))]
pub(super) fn killed(signal: i32) -> ExitStatus {
    status(128 + signal)
}

#[cfg(not(unix))]
pub(super) fn signal(_status: ExitStatus) -> Option<i32> {
    None
}

/// Waits for a program to end. If that takes longer than `limit`, `end` is called and the process group that it leads is
/// killed.
pub(super) fn wait(child: Child, limit: Option<Duration>, end: impl Fn() + Sync) -> io::Result<Exit> {
    let leader = child.id();
    let kill = || {
        end();
        signals::kill_group(leader);
    };
    let (ended, is_late) = within(limit, kill, || child.wait4());
    let wait4::ResUse { status, rusage } = ended?;
    let usage = Usage {
        cpu: Some((rusage.utime + rusage.stime).as_secs_f64()),
        memory: Some(rusage.maxrss),
        ..Usage::default()
    };
    let cut = (is_late && !status.success()).then_some(FailureKind::Timeout);
    Ok(Exit { status, cut, usage })
}

/// Calls `wait`, and `end` if that takes longer than `limit`; also returns whether it did.
fn within<T>(limit: Option<Duration>, end: impl FnOnce() + Send, wait: impl FnOnce() -> T) -> (T, bool) {
    let Some(limit) = limit else { return (wait(), false) };
    let (done, is_done) = channel::<()>();
    thread::scope(|scope| {
        let clock = scope.spawn(move || {
            let is_late = is_done.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            if is_late {
                end();
            }
            is_late
        });
        let ended = wait();
        drop(done);
        (ended, clock.join().unwrap_or(false))
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;

    use super::*;

    fn ended(script: &str) -> Exit {
        wait(Command::new("sh").args(["-c", script]).spawn().unwrap(), None, || ()).unwrap()
    }

    #[test]
    fn ways_to_end_are_told_apart() {
        use FailureKind::{Exit, NoResult, OutOfMemory, Signal};
        let ways = [
            ("exit 3", Exit, "exit status 3"),
            ("exit 137", OutOfMemory, "exit status 137"),
            ("kill -9 $$", OutOfMemory, "killed by signal 9 (out of memory?)"),
            ("kill -11 $$", Signal, "killed by signal 11"),
            ("exit 0", NoResult, "exit status 0"),
        ];
        for (script, kind, said) in ways {
            let exit = ended(script);
            assert_eq!((exit.kind(), exit.to_string().as_str()), (kind, said), "{script}");
        }
    }

    #[test]
    fn what_takes_too_long_ends_with_all_that_it_started() {
        use std::os::unix::process::CommandExt as _;
        let folder = tempfile::tempdir().unwrap();
        // The shell's child holds the lock as long as it lives.
        let script = "exec 9> lock; flock 9; sleep 600 & wait";
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(folder.path()).process_group(0);
        let exit = wait(command.spawn().unwrap(), Some(Duration::from_millis(300)), || ()).unwrap();
        assert_eq!(exit.kind(), FailureKind::Timeout);
        let lock = std::fs::File::create(folder.path().join("lock")).unwrap();
        lock.lock().unwrap();
    }

    #[test]
    fn what_was_used_is_known() {
        let exit = ended("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done");
        assert!(exit.usage.cpu.unwrap() > 0.0 && exit.usage.memory.unwrap() > 100_000);
    }
}
