//! Runs a program in such a way that a signal that asks us to end reaches it, too, and that we stay until it has
//! ended: nothing goes on behind the back of a person who has the terminal's prompt again.

use std::io;
use std::process::{Command, ExitStatus};

/// Runs `command` to its end. With how it ended comes the first signal that asked for that end, if one did.
#[cfg(unix)]
pub fn run(command: &mut Command) -> io::Result<(ExitStatus, Option<i32>)> {
    let watch = unix::Watch::start()?;
    let mut child = command.spawn()?;
    let signal = watch.until_end_of(child.id(), || child.wait())?;
    Ok((child.wait()?, signal))
}

/// Runs `command` to its end.
#[cfg(not(unix))]
pub fn run(command: &mut Command) -> io::Result<(ExitStatus, Option<i32>)> {
    Ok((command.status()?, None))
}

#[cfg(unix)]
pub use unix::Watch;

#[cfg(unix)]
mod unix {
    use std::io;
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicI32, Ordering};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    /// Keeps signals from ending this program, from its making on.
    pub struct Watch(Signals);

    impl Watch {
        /// Starts to keep SIGINT, SIGTERM and SIGHUP.
        pub fn start() -> io::Result<Self> {
            Ok(Self(Signals::new([SIGHUP, SIGINT, SIGTERM])?))
        }

        /// Calls `wait`, which waits for the end of the program `pid`; passes signals on to it meanwhile.
        /// Returns the first of them.
        pub fn until_end_of<T>(mut self, pid: u32, wait: impl FnOnce() -> io::Result<T>) -> io::Result<Option<i32>> {
            let first = AtomicI32::new(0);
            let handle = self.0.handle();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    for signal in self.0.forever() {
                        let _ = first.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
                        // From a terminal it has the signal already; a second one does no harm.
                        let words = [format!("-{signal}"), pid.to_string()];
                        let _ = Command::new("kill").args(words).stderr(Stdio::null()).status();
                    }
                });
                let ended = wait();
                handle.close();
                ended
            })?;
            let signal = first.into_inner();
            Ok((signal != 0).then_some(signal))
        }
    }
}
