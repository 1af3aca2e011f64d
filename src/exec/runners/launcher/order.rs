//! What `exec` tells its keeper to launch, and what the keeper tells it afterwards.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::chosen::Launcher;
use crate::layout::run as run_files;
use crate::settings::FailureKind;

/// What to launch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub launcher: Launcher,
    /// The path of expops.
    pub program: String,
    /// The run folders of the tasks.
    pub runs: Vec<Utf8PathBuf>,
    /// The variables for the launcher's environment.
    pub told: BTreeMap<String, String>,
    /// A unique name for the job.
    pub name: String,
    pub need: Need,
    /// How many seconds something may go on without a sign of life.
    pub patience: u64,
}

impl Order {
    /// The command that runs the tasks, one after another.
    pub(super) fn words(&self) -> Vec<String> {
        let tasks = self.runs.iter().map(|run| run.join(run_files::TASK).into_string());
        [self.program.clone(), "task".to_owned()].into_iter().chain(tasks).collect()
    }

    /// Whether any task has begun.
    pub(super) fn has_begun(&self) -> bool {
        self.runs.iter().any(|run| run.join(run_files::CLAIM).exists())
    }

    /// Whether all tasks have written down how they ended.
    pub(super) fn is_done(&self) -> bool {
        self.runs.iter().all(|run| run.join(run_files::DONE).exists())
    }
}

/// The resources that it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Need {
    pub cpus: u32,
    /// In megabytes of 2^20 bytes, rounded up.
    pub memory: Option<u64>,
    /// In seconds.
    pub time: Option<u64>,
    pub gpus: Option<u32>,
}

/// How it went.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Word {
    /// Why the launcher could not be started.
    pub not_started: Option<String>,
    pub code: Option<i32>,
    pub signal: Option<i32>,
    /// The beginning and the end of its output.
    pub said: String,
    /// How the task failed, if the launcher knows.
    pub kind: Option<FailureKind>,
}
