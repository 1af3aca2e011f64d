//! What a build would do, and why, without running anything.

mod change;
mod counts;
mod reason;
mod survey;
mod told;
mod why;
mod words;

pub(crate) use counts::Counts;
pub(crate) use reason::{FAILED, Reason};
pub(crate) use survey::{Finding, State, Survey};
pub(crate) use told::{headline, outcome};
pub(crate) use why::{now, then};
