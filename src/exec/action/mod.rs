//! Makes what an instance stands for: by running its code, or from the cache; a split by cutting. Watches what the run
//! reads, tries again, and turns what was made into values with digests.

pub(super) mod chart;
mod environment;
pub(super) mod obtain;
pub(super) mod reading;
pub(super) mod retry;
pub(super) mod seal;
pub(super) mod snapshot;
pub(super) mod split;
