//! The record of an instance: what it observed when it last ran. Written last, so that its presence means that
//! everything else is in place; touched by every `exec`, so that its time tells when Make last had the instance looked
//! at.

use std::io::Write as _;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::exec::failure::Failure;
use crate::exec::key::action_key::ActionKey;
use crate::exec::values::beside::Beside;
use crate::exec::values::beside::last_change;
use crate::file;
use crate::layout::Folder;
use crate::plan_file::VERSION;

/// What `record.json` holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The version of the format: a record with another one counts as none.
    pub(in crate::exec) version: u32,
    /// The digest of the action key.
    pub key: Digest,
    /// The action key: what is known before a run.
    pub ingredients: ActionKey,
    /// What the run was seen to read.
    #[serde(default)]
    pub reads: ActionKey,
    /// The digest of the plan under which it was last looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Digest>,
    /// What the run left beside its values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Beside>,
    /// What was installed in an environment once it had been made, as the interpreter in it says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub installed: Vec<String>,
}

impl Record {
    /// The record of a run with this action key that was seen to read `reads`.
    pub(in crate::exec) fn new(ingredients: ActionKey, reads: ActionKey) -> Self {
        let key = ingredients.digest();
        let (beside, installed) = Default::default();
        Self { version: VERSION, key, ingredients, reads, plan: None, beside, installed }
    }

    /// Reads the record in `folder`; `None` if there is no readable one of this version.
    pub(crate) fn read(folder: &Folder) -> Option<Self> {
        let record: Self = serde_json::from_str(&file::read_regular_text(folder.record()).ok()?).ok()?;
        (record.version == VERSION).then_some(record)
    }

    /// When the record in `folder` was written, or last touched.
    pub(in crate::exec) fn time(folder: &Folder) -> Option<SystemTime> {
        last_change(&folder.record().metadata().ok()?)
    }

    /// Writes the record.
    pub(crate) fn write(&self, folder: &Folder) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(self).map_err(|e| Failure::new(e.to_string()))?;
        text.push('\n');
        Ok(file::replace(&folder.record(), |file| file.write_all(text.as_bytes()))?)
    }

    /// Sets the record's time to now.
    pub(crate) fn touch(folder: &Folder) -> Result<(), Failure> {
        let path = folder.record();
        let touched = file::open_regular(&path);
        let touched = touched.and_then(|file| file.set_modified(SystemTime::now()));
        Ok(file::context(touched, "touch", &path)?)
    }
}
