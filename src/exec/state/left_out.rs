//! Instances that failed, or took something that failed, and are left out by those that gather them. Their stamp says
//! `failed` and is always the same; a file beside it tells how they failed, for those that gather them and for the list
//! at the end of a build.

use serde::{Deserialize, Serialize};

use crate::exec::failure::Failure;
use crate::file;
use crate::layout::Folder;
use crate::settings::FailureKind;
use crate::stamp;

/// How an instance failed: `failed.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftOut {
    /// How.
    pub kind: FailureKind,
    /// What went wrong, in one sentence.
    pub message: String,
    /// The folder of the instance that failed: this one, or one that it takes something from.
    pub instance: String,
    /// The label of that instance.
    pub label: String,
}

impl LeftOut {
    /// How the instance or partition of a folder failed; `None` if it did not.
    pub(crate) fn read(folder: &Folder) -> Option<Self> {
        if !stamp::is_failed(&folder.stamp()) {
            return None;
        }
        let text = file::read_regular_text(folder.failed()).unwrap_or_default();
        Some(serde_json::from_str(&text).unwrap_or(Self {
            kind: FailureKind::NoResult,
            message: String::new(),
            instance: String::new(),
            label: String::new(),
        }))
    }

    /// Marks the instance in `instance` as left out, with all its stamps, which are in the folders `stamped`: what was
    /// there before is removed. A stamp that already says so keeps its time, unless the failure is a different one:
    /// some code asks how.
    pub(in crate::exec) fn write(&self, instance: &Folder, stamped: &[Folder]) -> Result<(), Failure> {
        file::remove(&instance.record())?;
        let old = stamped.iter().map(Self::read).next().flatten();
        let is_as_before = old.is_some_and(|old| (old.kind, &old.instance) == (self.kind, &self.instance));
        for folder in stamped {
            file::create_folder(&folder.0)?;
            if !is_as_before {
                file::remove(&folder.stamp())?;
            }
            stamp::retire(&folder.stamp())?;
            let text = serde_json::to_string_pretty(self).map_err(|e| Failure::new(e.to_string()))?;
            file::write_if_changed(&folder.failed(), (text + "\n").as_bytes())?;
            file::remove(&folder.values())?;
        }
        for path in [instance.out(), instance.files(), instance.metrics()] {
            file::remove(&path)?;
        }
        stamped.iter().try_for_each(|folder| stamp::settle_text(&folder.stamp(), stamp::FAILED).map(drop))?;
        Ok(())
    }
}
