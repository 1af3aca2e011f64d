//! Signs of life across machines: the build counts in a file, and a task ends when the count stops. A launcher whose
//! build was killed may be gone itself, or its machine.

use std::fs;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::file;
use crate::layout::run as run_files;
use camino::Utf8Path;

/// How often the build counts, for tasks with this patience.
fn beat(patience: Duration) -> Duration {
    patience / 8
}

/// Counts in `run` while `work` is under way. Checks `is_over` in between, and calls `end` once it holds.
pub(super) fn beating<T>(
    run: &Utf8Path,
    patience: Duration,
    (is_over, end): (impl Fn() -> bool + Send, impl Fn() + Send),
    work: impl FnOnce() -> T,
) -> T {
    const LOOK: Duration = Duration::from_millis(500);
    let (done, is_done) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let (mut count, mut last, mut is_told) = (0_u64, None::<Instant>, false);
            loop {
                if last.is_none_or(|last| last.elapsed() >= beat(patience)) {
                    count += 1;
                    let _ = fs::write(run.join(run_files::ALIVE), count.to_string());
                    last = Some(Instant::now());
                }
                if is_done.recv_timeout(LOOK.min(beat(patience))) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                if !is_told && is_over() {
                    is_told = true;
                    end();
                }
            }
        });
        let worked = work();
        drop(done);
        worked
    })
}

/// Calls `end` once, if the count in `run` has stopped for longer than `patience` while `work` is under way, or if the
/// folder is gone.
pub(super) fn listening<T>(
    run: &Utf8Path,
    patience: Duration,
    end: impl Fn() + Send,
    work: impl FnOnce() -> T,
) -> T {
    let (done, is_done) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let count = || file::read_regular_text(run.join(run_files::ALIVE)).ok();
            let (mut last, mut since) = (count(), Instant::now());
            while is_done.recv_timeout(beat(patience)) == Err(RecvTimeoutError::Timeout) {
                let now = count();
                if now.is_some() && now != last {
                    (last, since) = (now, Instant::now());
                } else if since.elapsed() > patience || !run.join(run_files::TASK).exists() {
                    return end();
                }
            }
        });
        let worked = work();
        drop(done);
        worked
    })
}
