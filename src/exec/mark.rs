//! What tells the processes of a run from all others, also of those that have left their parent: the environment that
//! they were started with.

use std::process::Command;

use camino::Utf8Path;

use crate::digest::Digest;
use crate::layout::run as run_files;

/// The variable that names the event file of a watched process.
pub(super) const WATCH: &str = "EXPOPS_WATCH";

/// The variable of a worker in which each child writes whose it is: what is forked, and starts no program, has the
/// environment that the worker was started with.
pub(super) const CHILD: &str = "EXPOPS_CHILD";

/// The length of what a child writes there.
pub(super) const CHILD_LENGTH: usize = 32;

/// The mark of a run: its event file, in a folder whose name is new each time.
#[derive(Clone, Debug)]
pub(super) struct Mark(String);

impl Mark {
    /// The mark of what `command` starts, if that is watched.
    pub(super) fn of(command: &Command) -> Option<Self> {
        let mut variables = command.get_envs();
        let file = variables.find_map(|(name, value)| value.filter(|_| name == WATCH))?;
        file.to_str().map(|file| Self(file.to_owned()))
    }

    /// The mark of what was started in the run folder `run`, an absolute path without links.
    pub(super) fn of_run(run: &Utf8Path) -> Self {
        Self(run.join(run_files::READS).into_string())
    }

    /// What a child of a worker writes.
    pub(super) fn of_child(&self) -> String {
        let mut digest = Digest::of(&self.0).to_string();
        digest.truncate(CHILD_LENGTH);
        digest
    }

    /// The entries of the environment, any one of which makes a process one of this run.
    pub(super) fn entries(&self) -> Vec<String> {
        vec![format!("{WATCH}={}", self.0), format!("{CHILD}={}", self.of_child())]
    }
}
