//! What an instance passes on: values by key, each in a file of its own, listed in `values.json`.

use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::beside::is_old;
use super::stored;
use crate::arm::Arm;
use crate::digest::Digest;
use crate::exec::content::trust::Trust;
use crate::exec::failure::Failure;
use crate::file;
use crate::layout::Folder;
use crate::stamp::{self, Line, Stamp, Subject};

/// The value of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Value {
    /// The key.
    pub key: String,
    /// The file, relative to the build folder. A key that a split passes through stays where it was made.
    pub file: Utf8PathBuf,
    /// How it is stored: `arrow`, `npy`, `json`, `pickle`, or `file` for a file that is itself the value.
    pub format: String,
    /// The digest of what a reader of the value can observe.
    pub digest: Digest,
    /// How many rows it has, if it is a partition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The digest of the file or folder as stored, if it differs from `digest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Digest>,
    /// The length of the file in bytes, so that a look notices a truncated one; `None` for folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

impl Value {
    /// The name of its file, if readers are given the path.
    pub(crate) fn name(&self) -> Option<&str> {
        self.file.file_name().filter(|_| self.format == "file")
    }

    /// Whether its file exists and has the same length.
    pub(in crate::exec) fn is_there(&self, build: &Utf8Path) -> bool {
        let meta = build.join(&self.file).metadata();
        meta.is_ok_and(|meta| self.size.is_none_or(|size| meta.is_file() && meta.len() == size))
    }

    /// Whether its file is unchanged, as far as a look shows: the content is only read if the file may have been
    /// written to after `since`.
    pub(in crate::exec) fn is_whole(
        &self,
        build: &Utf8Path,
        since: Option<SystemTime>,
        trust: &Trust,
    ) -> bool {
        self.is_there(build) && (is_old(&build.join(&self.file), since) || self.is_intact(build, trust))
    }

    /// Whether its file has not changed since it was made.
    pub(in crate::exec) fn is_intact(&self, build: &Utf8Path, trust: &Trust) -> bool {
        let made = (self.digest, self.stored);
        self.is_there(build) && stored::is(&build.join(&self.file), &self.format, made, trust)
    }
}

/// The values of an instance or of a partition, in the order in which they were returned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Values {
    /// The values.
    pub values: Vec<Value>,
}

impl Values {
    /// Reads the values in `folder`; `None` if there are none, or they cannot be read.
    pub(crate) fn read(folder: &Folder) -> Option<Self> {
        let text = file::read_regular_text(folder.values()).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Writes the values to `folder`.
    pub(crate) fn write(&self, folder: &Folder) -> Result<(), Failure> {
        stamp::settle_text(&folder.values(), &self.text()?)?;
        Ok(())
    }

    /// Whether the list in `folder` is this one, to the byte.
    pub(crate) fn are_listed_in(&self, folder: &Folder) -> bool {
        file::read_regular(folder.values())
            .is_ok_and(|old| self.text().is_ok_and(|text| text.as_bytes() == old))
    }

    fn text(&self) -> Result<String, Failure> {
        let text = serde_json::to_string_pretty(self).map_err(|e| Failure::new(e.to_string()))?;
        Ok(text + "\n")
    }

    /// The value of `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.values.iter().find(|value| value.key == key)
    }

    /// The stamp that vouches for these values and for metrics with the digest `metrics`. Keys are sorted, because the
    /// order in which a function fills its dict must not be observable.
    pub(crate) fn stamp(&self, metrics: Option<Digest>) -> Stamp {
        let mut lines: Vec<_> = self.values.iter().map(line).collect();
        lines.sort_by(|a, b| (a.rows.is_none(), key(a)).cmp(&(b.rows.is_none(), key(b))));
        lines.extend(metrics.map(|digest| Line {
            digest,
            rows: None,
            subject: Subject::Metrics,
            file: None,
        }));
        Stamp { lines }
    }
}

fn line(value: &Value) -> Line {
    let file = value.name().map(str::to_owned);
    Line { digest: value.digest, rows: value.rows, subject: Subject::Key(value.key.clone()), file }
}

fn key(line: &Line) -> &str {
    match &line.subject {
        Subject::Key(key) => key,
        Subject::Metrics => "",
    }
}

/// What a process gets under one name: a value, or what an aggregation gathers from a layer.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::exec) enum Node {
    /// One value.
    One(Value),
    /// Arm to node, in the order of partitions and seeds.
    Gathered(Vec<(Arm, Node)>),
}
