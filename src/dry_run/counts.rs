//! Counts instances by state.

use serde::Serialize;

use super::survey::{Finding, State};

/// How many instances are in each state, named as in `expops status --json`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// Up to date.
    pub up_to_date: usize,
    /// Would run.
    pub would_run: usize,
    /// Would come from the cache.
    pub from_cache: usize,
    /// May run, depending on what upstream makes.
    pub may_run: usize,
    /// Not known without building first.
    pub unknown: usize,
    /// Failed last time.
    pub failed_last_time: usize,
    /// Dropped by the last build: they failed, or took something that did. They are among those that failed.
    pub dropped: usize,
}

impl Counts {
    /// Counts one more instance.
    pub(crate) fn add(&mut self, finding: &Finding) {
        match finding.state {
            State::Fresh => self.up_to_date += 1,
            State::Run => self.would_run += 1,
            State::Restore => self.from_cache += 1,
            State::May(_) => self.may_run += 1,
            State::Blocked(_) => self.unknown += 1,
        }
        self.failed_last_time += usize::from(finding.failed_last_time);
        self.dropped += usize::from(finding.dropped.is_some());
    }
}
