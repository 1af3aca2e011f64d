//! Runs a program in such a way that a signal that asks us to end reaches it, too, and that we stay until it has
//! ended: nothing goes on behind the back of a person who has the terminal's prompt again.

use std::io;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

/// Runs `command` to its end. With how it ended comes the first signal that asked for that end, if one did.
pub(crate) fn run(command: &mut Command) -> io::Result<(ExitStatus, Option<i32>)> {
    spawn(command, |_| Ok(()))
}

/// The same, with what the program prints given to `read`.
pub(crate) fn run_with_output(
    command: &mut Command,
    read: impl FnOnce(ChildStdout) -> io::Result<()>,
) -> io::Result<(ExitStatus, Option<i32>)> {
    spawn(command.stdout(Stdio::piped()), |child| child.stdout.take().map_or(Ok(()), read))
}

/// Calls `wait`, and `pass_on` with each signal that asks for the end meanwhile. Returns the first of them.
#[cfg(target_os = "linux")]
pub(crate) fn during<T>(
    pass_on: impl Fn(i32) + Sync,
    wait: impl FnOnce() -> T,
) -> io::Result<(T, Option<i32>)> {
    Ok(unix::Watch::start()?.until(pass_on, wait))
}

#[cfg(unix)]
fn spawn(
    command: &mut Command,
    talk: impl FnOnce(&mut Child) -> io::Result<()>,
) -> io::Result<(ExitStatus, Option<i32>)> {
    let watch = unix::Watch::start()?;
    let mut child = command.spawn()?;
    let pid = child.id();
    let (talked, signal) =
        watch.until(|signal| unix::send(signal, pid), || talk(&mut child).and_then(|()| child.wait()));
    Ok((talked?, signal))
}

#[cfg(not(unix))]
fn spawn(
    command: &mut Command,
    talk: impl FnOnce(&mut Child) -> io::Result<()>,
) -> io::Result<(ExitStatus, Option<i32>)> {
    let mut child = command.spawn()?;
    talk(&mut child)?;
    Ok((child.wait()?, None))
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::atomic::{AtomicI32, Ordering};

    use rustix::process::{Pid, Signal, kill_process};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    /// Keeps signals from ending this program, from its making on.
    pub(super) struct Watch(Signals);

    impl Watch {
        /// Starts to keep SIGINT, SIGTERM and SIGHUP.
        pub(super) fn start() -> io::Result<Self> {
            Ok(Self(Signals::new([SIGHUP, SIGINT, SIGTERM])?))
        }

        /// Calls `wait`, and `pass_on` with each signal meanwhile. Returns the first of them.
        pub(super) fn until<T>(
            mut self,
            pass_on: impl Fn(i32) + Sync,
            wait: impl FnOnce() -> T,
        ) -> (T, Option<i32>) {
            let first = AtomicI32::new(0);
            let handle = self.0.handle();
            let ended = std::thread::scope(|scope| {
                scope.spawn(|| {
                    for signal in self.0.forever() {
                        let _ = first.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
                        pass_on(signal);
                    }
                });
                let ended = wait();
                handle.close();
                ended
            });
            let signal = first.into_inner();
            (ended, (signal != 0).then_some(signal))
        }
    }

    /// From a terminal the program has the signal already; a second one does no harm.
    pub(super) fn send(signal: i32, pid: u32) {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        if let (Some(pid), Some(signal)) = (pid, Signal::from_named_raw(signal)) {
            let _ = kill_process(pid, signal);
        }
    }
}
