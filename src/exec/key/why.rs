//! Why an instance last ran, or failed: `why.json` beside the record. For people; no build reads it.

use serde::{Deserialize, Serialize};

use super::action_key::Change;
use crate::exec::failure::Failure;
use crate::file;
use crate::journal;
use crate::layout::Folder;

/// How the last run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ended {
    /// Its code ran.
    Ran,
    /// Its results came from the cache.
    Restored,
    /// It failed, with this message.
    Failed(String),
}

/// What `why.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Why {
    /// How it ended.
    pub ended: Ended,
    /// Whether there was an earlier run to compare with.
    pub first: bool,
    /// What had changed since then.
    pub changes: Vec<Change>,
    /// Where it ran, how long, and what it used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<journal::Ended>,
}

impl Why {
    /// Reads it; `None` if there is none.
    pub(crate) fn read(folder: &Folder) -> Option<Self> {
        serde_json::from_str(&file::read_regular_text(folder.why()).ok()?).ok()
    }

    /// Forgets a failure whose cause has been undone.
    pub(in crate::exec) fn forget_failure(folder: &Folder) -> Result<(), Failure> {
        match Self::read(folder) {
            Some(Self { ended: Ended::Failed(_), .. }) => Ok(file::remove(&folder.why())?),
            _ => Ok(()),
        }
    }

    pub(in crate::exec) fn write(&self, folder: &Folder) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).map_err(|e| Failure::new(e.to_string()))?;
        file::write_if_changed(&folder.why(), (text + "\n").as_bytes())?;
        Ok(())
    }
}
