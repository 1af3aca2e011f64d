//! What a run was seen to read: watched, sorted by what counts, compared with what is there now, told to the build
//! tool.

pub(super) mod places;
pub(super) mod report;
pub(super) mod seen;
pub(super) mod watcher;
pub(super) mod world;
