//! What is to be run: the file `task.json` in the run folder, which `expops task` is given.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

/// The version of both files, `task.json` and `done.json`.
pub(super) const VERSION: u32 = 1;

/// The user's part of an instance.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    /// [`VERSION`].
    pub version: u32,
    /// Comes back in `done.json`, so that the end of another attempt is not taken for this one's.
    pub nonce: String,
    /// The instance, for people.
    pub label: String,
    /// The program and its arguments.
    pub arguments: Vec<String>,
    /// Where it runs.
    pub folder: Utf8PathBuf,
    /// What it has in its environment beside what belongs to the node or the job.
    pub environment: BTreeMap<String, String>,
    /// What it must not have there.
    pub removed: BTreeSet<String>,
    /// The run folder, absolute.
    pub run: Utf8PathBuf,
    /// The seconds that it may take.
    pub time: Option<u64>,
    /// After how many seconds without a sign of life from the build it is ended.
    pub patience: u64,
}

/// The files in a run folder that both sides know.
pub(super) mod name {
    pub(in crate::exec::launcher) const TASK: &str = "task.json";
    pub(in crate::exec::launcher) const DONE: &str = "done.json";
    /// Made by the first that runs the task; who comes later does not run it again.
    pub(in crate::exec::launcher) const CLAIM: &str = "claim";
    /// Another name of the instance's log. A task that outlives its run cannot write into the next one's by it.
    pub(in crate::exec::launcher) const LOG: &str = "task.log";
    /// A number that grows as long as the build lives.
    pub(in crate::exec::launcher) const ALIVE: &str = "alive";
    pub(in crate::exec::launcher) const INPUTS: &str = "inputs.txt";
    pub(in crate::exec::launcher) const OUTPUTS: &str = "outputs.txt";
    /// What comes back.
    pub(in crate::exec::launcher) const RESULTS: [&str; 4] = ["out", "files", "result.json", "reads"];
}
