//! An attempt to have an instance run by a worker.

use crate::exec::exit::Exit;

/// The result of asking a worker.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
pub(in crate::exec) enum Attempt {
    /// The instance ran.
    Ended(Exit),
    /// This worker cannot run the instance; nothing has happened.
    Refused,
    /// The instance has set what libraries read when they are imported, and so was ended: part of it has run.
    Steered,
    /// The worker is broken, or died; part of the instance may have run.
    Failed(String),
}
