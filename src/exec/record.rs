//! The record of an instance: what it observed when it last ran. Written last of all, so that its
//! presence says that everything else is in place; touched by every `exec`, so that its time says when
//! Make last had the instance looked at.

use std::fs;
use std::io::Write as _;

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::observed::Observed;
use crate::digest::Digest;
use crate::file;
use crate::layout::Folder;

/// What `record.json` holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The action key: the digest of `observed`.
    pub key: Digest,
    /// What was observed.
    pub observed: Observed,
}

impl Record {
    /// Reads the record in `folder`; `None` if there is none that can be read.
    pub(crate) fn read(folder: &Folder) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(folder.record()).ok()?).ok()
    }

    /// Writes the record.
    pub(crate) fn write(&self, folder: &Folder) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(self).map_err(|e| Failure::new(e.to_string()))?;
        text.push('\n');
        Ok(file::replace(&folder.record(), |file| file.write_all(text.as_bytes()))?)
    }

    /// Gives the record the present time.
    pub(crate) fn touch(folder: &Folder) -> Result<(), Failure> {
        let path = folder.record();
        let touched = fs::File::options().append(true).open(&path);
        let touched = touched.and_then(|file| file.set_modified(std::time::SystemTime::now()));
        Ok(file::context(touched, "touch", &path)?)
    }
}
