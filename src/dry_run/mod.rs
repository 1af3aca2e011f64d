//! What a build would do, and why, without running anything.

mod change;
mod reason;
mod survey;
mod why;

pub use reason::{FAILED, Reason};
pub use survey::{Finding, State, Survey};
pub use why::{now, own, then};
