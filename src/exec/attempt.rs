//! An attempt to have an instance run by a worker.

use super::exit::Exit;

/// What came of asking a worker.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
pub(super) enum Attempt {
    /// The instance ran.
    Ended(Exit),
    /// The worker is none for this instance; nothing has happened.
    Refused,
    /// The worker does not work, or died; some of the instance may have run.
    Failed(String),
}
