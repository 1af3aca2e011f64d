//! Progress on a terminal.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::split::Progress;

/// Shows progress on a terminal, once the work has taken a while.
pub(super) struct Meter {
    shown: bool,
    state: Mutex<State>,
}

struct State {
    total: u64,
    done: u64,
    last: Instant,
    visible: bool,
}

impl Meter {
    pub(super) fn new(wanted: bool) -> Self {
        let state = State { total: 0, done: 0, last: Instant::now(), visible: false };
        Self { shown: wanted && std::io::stderr().is_terminal(), state: Mutex::new(state) }
    }

    pub(super) fn show(&self, step: Progress) {
        if !self.shown {
            return;
        }
        let mut state = self.state.lock().expect("no thread panics while it holds the lock");
        match step {
            Progress::Total(total) => state.total = total,
            Progress::Bytes(bytes) => state.done += bytes,
        }
        if state.total > 0
            && state.last.elapsed() > Duration::from_millis(if state.visible { 100 } else { 700 })
        {
            // Every byte is scanned once and hashed once.
            let percent = (state.done * 50 / state.total).min(99);
            eprint!("\r{percent:3} % of {} MB", state.total / 1_000_000);
            state.last = Instant::now();
            state.visible = true;
        }
    }

    pub(super) fn clear(&self) {
        let state = self.state.lock().expect("no thread panics while it holds the lock");
        if state.visible {
            eprint!("\r{:40}\r", "");
        }
    }
}
