//! Run the part of an instance that belongs to the user, a Python function or a shell command: in an interpreter of its
//! own, in the child of a worker, or through a launcher.

pub(super) mod attempt;
pub(super) mod child;
#[cfg(target_os = "linux")]
mod heir;
#[cfg(not(target_os = "linux"))]
#[path = "no_heir.rs"]
mod heir;
pub(crate) mod launcher;
pub(super) mod python;
pub(super) mod request;
pub(super) mod runner;
pub(super) mod shell;
pub(super) mod variables;
#[cfg(target_os = "linux")]
pub(crate) mod worker;
#[cfg(not(target_os = "linux"))]
#[path = "no_worker.rs"]
pub(crate) mod worker;
