//! What `exec` tells its keeper to launch.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::chosen::Launcher;

/// What to launch.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub launcher: Launcher,
    /// The program that runs the task, and its arguments.
    pub words: Vec<String>,
    /// The variables for the launcher's environment.
    pub told: BTreeMap<String, String>,
    /// A unique name for the job.
    pub name: String,
    /// The file in which the task writes down how it ended.
    pub done: Utf8PathBuf,
    pub need: Need,
}

impl Order {
    /// Whether the task has written down how it ended.
    pub(super) fn is_done(&self) -> bool {
        self.done.exists()
    }
}

/// The resources that it needs.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Need {
    pub cpus: u32,
    /// In megabytes of 2^20 bytes, rounded up.
    pub memory: Option<u64>,
    /// In seconds.
    pub time: Option<u64>,
    pub gpus: Option<u32>,
}
