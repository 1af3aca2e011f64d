//! The end of a task: the file `done.json`, written last, which lists everything that the task left.

use std::io::{self, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::task::{self, Task};
use crate::digest::Digest;
use crate::durable;
use crate::file;
use crate::layout::{FILES, OUT, run as run_files};
use crate::settings::FailureKind;

/// How a task ended.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Done {
    pub version: u32,
    /// The nonce of the task.
    pub nonce: String,
    /// The exit status, unless a signal ended it.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    /// Why it was cut short, if the status does not tell.
    pub cut: Option<FailureKind>,
    /// How long it ran, in seconds.
    #[serde(default)]
    pub ran: Option<f64>,
    /// CPU seconds.
    pub cpu: Option<f64>,
    /// Peak memory, in bytes.
    pub memory: Option<u64>,
    /// The node that it ran on.
    pub host: Option<String>,
    /// The job that it ran in.
    pub job: Option<String>,
    /// What it left, by paths relative to the run folder.
    pub files: Vec<(Utf8PathBuf, Left)>,
}

/// Something that a task left.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Left {
    File {
        length: u64,
        digest: Digest,
    },
    /// A link or a folder.
    Other,
}

impl Done {
    /// Writes it atomically.
    pub(super) fn write(&self, run: &Utf8Path) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(run)?;
        serde_json::to_writer(&mut file, self)?;
        file.flush()?;
        durable::flush(file.as_file())?;
        file.persist(run.join(run_files::DONE))?;
        Ok(())
    }

    /// The end of `task`, if it has been written and everything that it lists is there.
    pub(super) fn read(task: &Task, digest: impl Fn(&Utf8Path) -> io::Result<Digest>) -> Option<Self> {
        let text = file::read_regular(task.run.join(run_files::DONE)).ok()?;
        let done: Self = serde_json::from_slice(&text).ok()?;
        let is_there = |(path, left): &(Utf8PathBuf, Left)| {
            let path = task.run.join(path);
            match (left, path.symlink_metadata()) {
                (Left::File { length, .. }, Ok(meta)) if meta.len() != *length || !meta.is_file() => false,
                (Left::File { digest: expected, .. }, Ok(_)) => {
                    digest(&path).is_ok_and(|digest| digest == *expected)
                }
                (Left::Other, Ok(meta)) => !meta.is_file(),
                (_, Err(_)) => false,
            }
        };
        let is_own = done.version == task::VERSION && done.nonce == task.nonce;
        (is_own && done.files.iter().all(is_there)).then_some(done)
    }
}

/// What comes back.
const RESULTS: [&str; 5] = [OUT, FILES, run_files::RESULT, run_files::READS, run_files::SCRATCH];

/// What the build needs from a run folder.
pub(super) fn left(run: &Utf8Path) -> io::Result<Vec<(Utf8PathBuf, Left)>> {
    let mut all = Vec::new();
    for entry in RESULTS.map(|name| run.join(name)).iter().filter(|path| path.exists()) {
        for entry in walkdir::WalkDir::new(entry).sort_by_file_name() {
            let entry = entry?;
            let Some(path) = Utf8Path::from_path(entry.path()) else { continue };
            let left = if entry.file_type().is_file() {
                Left::File { length: entry.metadata()?.len(), digest: Digest::of_file(path)? }
            } else {
                Left::Other
            };
            all.push((path.strip_prefix(run).unwrap_or(path).to_owned(), left));
        }
    }
    Ok(all)
}
