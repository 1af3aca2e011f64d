//! What to run: the file `task.json` in the run folder, which is passed to `expops task`.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

/// The version of both files, `task.json` and `done.json`.
pub(super) const VERSION: u32 = 1;

/// The user's part of an instance.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    /// [`VERSION`].
    pub version: u32,
    /// Returned in `done.json`, so that the end of another attempt is not mistaken for this one's.
    pub nonce: String,
    /// The instance, for people.
    pub label: String,
    /// The program and its arguments.
    pub arguments: Vec<String>,
    /// The working folder.
    pub folder: Utf8PathBuf,
    /// Its environment, besides what is the node's own.
    pub environment: BTreeMap<String, String>,
    /// The run folder, absolute.
    pub run: Utf8PathBuf,
    /// How many seconds it may take.
    pub time: Option<u64>,
    /// After how many seconds without a sign of life from the build it is ended.
    pub patience: u64,
}
