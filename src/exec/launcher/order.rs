//! What `exec` has its keeper launch.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::chosen::Launcher;

/// What is to be launched.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub launcher: Launcher,
    /// The program that runs the task, and its arguments.
    pub words: Vec<String>,
    /// What the launcher finds in its environment.
    pub told: BTreeMap<String, String>,
    /// A name for a job: no other has it.
    pub name: String,
    /// Where the task writes down its end.
    pub done: Utf8PathBuf,
    pub need: Need,
}

impl Order {
    /// Whether the task has written down its end.
    pub(super) fn is_done(&self) -> bool {
        self.done.exists()
    }
}

/// What it needs.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Need {
    pub cpus: u32,
    /// In megabytes of 2^20 bytes, rounded up.
    pub memory: Option<u64>,
    /// In seconds.
    pub time: Option<u64>,
    pub gpus: Option<u32>,
}
