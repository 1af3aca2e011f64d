//! Runs a program so that a signal that asks us to end also reaches the program, and so that we stay until it has
//! ended: once the user has the prompt back, nothing keeps running behind it.

use std::io;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

/// Runs `command` to its end, passing its output to `read`. Returns how it ended, and the first signal that asked for
/// that, if any.
pub(crate) fn run_with_output(
    command: &mut Command,
    read: impl FnOnce(ChildStdout) -> io::Result<()>,
) -> io::Result<(ExitStatus, Option<i32>)> {
    run_and(command.stdout(Stdio::piped()), |mut child| {
        child.stdout.take().map_or(Ok(()), read)?;
        child.wait()
    })
}

/// Calls `wait`, and meanwhile `pass_on` for each signal that asks us to end. Returns the first of them.
#[cfg(target_os = "linux")]
pub(crate) fn during<T>(
    pass_on: impl Fn(i32) + Sync,
    wait: impl FnOnce() -> T,
) -> io::Result<(T, Option<i32>)> {
    Ok(unix::Watch::start()?.until(pass_on, wait))
}

/// Runs `command`; `wait` waits for its end. Returns what that says, and the first signal that asked for the end, if
/// any. If the program leads a process group, the whole group gets the signals.
#[cfg(unix)]
pub(crate) fn run_and<T>(
    command: &mut Command,
    wait: impl FnOnce(Child) -> io::Result<T>,
) -> io::Result<(T, Option<i32>)> {
    let watch = unix::Watch::start()?;
    let child = command.spawn()?;
    let pid = child.id();
    let (ended, signal) = watch.until(|signal| unix::send(signal, pid), || wait(child));
    Ok((ended?, signal))
}

#[cfg(not(unix))]
pub(crate) fn run_and<T>(
    command: &mut Command,
    wait: impl FnOnce(Child) -> io::Result<T>,
) -> io::Result<(T, Option<i32>)> {
    Ok((wait(command.spawn()?)?, None))
}

/// Sleeps; if a signal asks us to end meanwhile, returns that signal at once.
#[cfg(unix)]
pub(crate) fn pause(time: std::time::Duration) -> io::Result<Option<i32>> {
    let (end, ended) = std::sync::mpsc::channel();
    let pass_on = |_| end.send(()).unwrap_or_default();
    // The signal tells whether the time ran out.
    Ok(unix::Watch::start()?.until(pass_on, || ended.recv_timeout(time)).1)
}

#[cfg(not(unix))]
pub(crate) fn pause(time: std::time::Duration) -> io::Result<Option<i32>> {
    std::thread::sleep(time);
    Ok(None)
}

/// Kills the process group of `leader`.
#[cfg(unix)]
pub(crate) fn kill_group(leader: u32) {
    unix::send_to_group(rustix::process::Signal::KILL, leader);
}

/// Asks the process group of `leader` to end.
#[cfg(unix)]
pub(crate) fn end_group(leader: u32) {
    unix::send_to_group(rustix::process::Signal::TERM, leader);
}

#[cfg(not(unix))]
pub(crate) fn end_group(_leader: u32) {}

#[cfg(not(unix))]
pub(crate) fn kill_group(_leader: u32) {}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
    use std::sync::{Arc, LazyLock, OnceLock};

    use rustix::process::{Pid, Signal, getpgid, kill_process, kill_process_group};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::flag;
    use signal_hook::iterator::Signals;

    const CAUGHT: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];

    /// Whether a signal ends this program at once. Handlers of `signal_hook` stay when nobody watches any more, so without
    /// this, a signal between two watches would be lost.
    static IS_DEADLY: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(true)));
    static WATCHES: AtomicUsize = AtomicUsize::new(0);

    /// While it exists, signals do not end this program.
    pub(super) struct Watch {
        signals: Signals,
        mercy: Mercy,
    }

    /// While one exists, signals are not deadly.
    struct Mercy;

    impl Mercy {
        fn begin() -> Self {
            WATCHES.fetch_add(1, Ordering::SeqCst);
            IS_DEADLY.store(false, Ordering::SeqCst);
            Self
        }
    }

    impl Drop for Mercy {
        fn drop(&mut self) {
            if WATCHES.fetch_sub(1, Ordering::SeqCst) == 1 {
                IS_DEADLY.store(true, Ordering::SeqCst);
            }
        }
    }

    /// Makes signals deadly while nobody watches.
    fn register() -> io::Result<()> {
        static IS_DONE: OnceLock<()> = OnceLock::new();
        if IS_DONE.get().is_none() {
            for signal in CAUGHT {
                flag::register_conditional_default(signal, Arc::clone(&IS_DEADLY))?;
            }
        }
        IS_DONE.get_or_init(|| ());
        Ok(())
    }

    impl Watch {
        /// Starts to catch SIGINT, SIGTERM and SIGHUP.
        pub(super) fn start() -> io::Result<Self> {
            register()?;
            Ok(Self { signals: Signals::new(CAUGHT)?, mercy: Mercy::begin() })
        }

        /// Calls `wait`, and meanwhile `pass_on` for each signal. Returns the first of them. If there was one, whoever
        /// called is about to end the program, and further signals do not disturb that.
        pub(super) fn until<T>(
            self,
            pass_on: impl Fn(i32) + Sync,
            wait: impl FnOnce() -> T,
        ) -> (T, Option<i32>) {
            let Self { mut signals, mercy } = self;
            let first = AtomicI32::new(0);
            let note = |signal| first.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
            let handle = signals.handle();
            let ended = std::thread::scope(|scope| {
                scope.spawn(|| {
                    for signal in signals.forever() {
                        let _ = note(signal);
                        pass_on(signal);
                    }
                });
                let ended = wait();
                handle.close();
                ended
            });
            drop(mercy);
            // What came just before the end, such as the signal that ended the program that was waited for.
            for signal in signals.pending() {
                let _ = note(signal);
            }
            let signal = first.into_inner();
            if signal != 0 {
                std::mem::forget(Mercy::begin());
            }
            (ended, (signal != 0).then_some(signal))
        }
    }

    /// In a terminal the program has received the signal already; a second one does no harm.
    pub(super) fn send(signal: i32, pid: u32) {
        let Some((id, signal)) = self::pid(pid).zip(Signal::from_named_raw(signal)) else { return };
        if getpgid(Some(id)) == Ok(id) {
            send_to_group(signal, pid);
        } else {
            let _ = kill_process(id, signal);
        }
    }

    pub(super) fn send_to_group(signal: Signal, leader: u32) {
        self::pid(leader).map(|leader| kill_process_group(leader, signal));
    }

    fn pid(pid: u32) -> Option<Pid> {
        i32::try_from(pid).ok().and_then(Pid::from_raw)
    }
}
