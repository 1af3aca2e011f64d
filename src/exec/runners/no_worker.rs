//! For systems without workers: Linux's `/proc` is needed to make a child what a cold start would be.

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use super::attempt::Attempt;
use crate::exec::failure::Failure;
use crate::exec::interpreter::Interpreter;
use crate::exec::resources::allotment::Allotment;
use crate::layout::Layout;
use crate::plan_file::PlanFile;

/// What would distinguish one worker from another.
pub(in crate::exec) struct Kind;

impl Kind {
    /// The kind for the instances of a process.
    pub(in crate::exec) fn new(
        _: &PlanFile,
        _: &Interpreter,
        _: &Utf8Path,
        _: &[Utf8PathBuf],
        _: u32,
    ) -> Self {
        Self
    }
}

/// Leaves the instance to a cold start.
pub(in crate::exec) fn run(_: &Command, _: &Kind, _: &Utf8Path, _: &Allotment) -> Result<Attempt, Failure> {
    Ok(Attempt::Refused)
}

/// No workers to describe.
pub(crate) fn describe(_: &Layout) -> Vec<String> {
    Vec::new()
}

/// No workers to end.
pub(crate) fn end(_: &Layout) {}
