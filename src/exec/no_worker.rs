//! Where there are no workers: a child is made what a cold start would be from what Linux says in `/proc`.

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use super::allotment::Allotment;
use super::attempt::Attempt;
use super::failure::Failure;
use super::interpreter::Interpreter;
use crate::layout::Layout;
use crate::plan_file::PlanFile;

/// What would tell one worker from another.
pub(super) struct Kind;

impl Kind {
    /// The kind for the instances of a process.
    pub(super) fn new(_: &PlanFile, _: &Interpreter, _: &Utf8Path, _: &[Utf8PathBuf], _: u32) -> Self {
        Self
    }
}

/// Leaves the instance to a cold start.
pub(super) fn run(_: &Command, _: &Kind, _: &Utf8Path, _: &Allotment) -> Result<Attempt, Failure> {
    Ok(Attempt::Refused)
}

/// Describes none.
pub(crate) fn describe(_: &Layout) -> Vec<String> {
    Vec::new()
}

/// Ends none.
pub(crate) fn end(_: &Layout) {}
