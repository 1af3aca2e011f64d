//! Where workers are found: sockets in a folder that only the user can enter.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;
use std::{fs, io};

use camino::{Utf8Path, Utf8PathBuf};

use super::kind::Kind;
use crate::digest::Digest;
use crate::exec::private;

/// How long not to retry a worker that could not be started.
const PAUSE: Duration = Duration::from_secs(60);

/// Where one worker is found.
pub(super) struct Socket {
    /// The socket itself.
    pub(super) path: Utf8PathBuf,
}

impl Socket {
    /// The place of the worker of a kind.
    pub(super) fn new(
        kind: &Kind,
        command: &Command,
        environment: &BTreeMap<String, String>,
    ) -> io::Result<Self> {
        let key = kind.key(command, environment).to_string();
        let socket = private::folder()?.join(format!("{}{}", prefix(&kind.runtime), &key[..32]));
        Ok(Self { path: socket })
    }

    /// The lock of whoever starts a worker.
    pub(super) fn lock(&self) -> Utf8PathBuf {
        self.path.with_file_name("lock")
    }

    /// stdout and stderr of the worker.
    pub(super) fn log(&self) -> Utf8PathBuf {
        Utf8PathBuf::from(format!("{}.log", self.path))
    }

    /// What the worker has read: events of `watch`.
    pub(super) fn events(&self) -> Utf8PathBuf {
        Utf8PathBuf::from(format!("{}.events", self.path))
    }

    /// Whether it recently could not be started, or hung.
    pub(super) fn has_failed(&self) -> bool {
        let noted = fs::metadata(self.failure()).and_then(|meta| meta.modified());
        noted.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < PAUSE))
    }

    /// Records that it cannot be started, or hangs.
    pub(super) fn note_failure(&self) {
        let _ = fs::write(self.failure(), "");
    }

    fn failure(&self) -> Utf8PathBuf {
        Utf8PathBuf::from(format!("{}.failed", self.path))
    }
}

/// The sockets of the workers of a build, by the folder of its runtime.
pub(super) fn sockets(runtime: &Utf8Path) -> Vec<Utf8PathBuf> {
    let (Ok(folder), prefix) = (private::folder(), prefix(runtime)) else { return Vec::new() };
    let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
    let names =
        entries.filter(|entry| entry.file_name().starts_with(&prefix) && !entry.file_name().contains('.'));
    names.map(|entry| entry.path().to_owned()).collect()
}

/// Removes what workers that were killed have left beside their sockets.
pub(super) fn sweep() {
    const LONG_AGO: Duration = Duration::from_secs(3600);
    let entries = private::folder().ok().and_then(|folder| folder.read_dir_utf8().ok());
    for entry in entries.into_iter().flatten().flatten() {
        let path = entry.path();
        let is_beside = matches!(path.extension(), Some("log" | "events" | "failed"));
        let age = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
        if is_beside && age.is_some_and(|age| age > LONG_AGO) && !path.with_extension("").exists() {
            let _ = fs::remove_file(path);
        }
    }
}

fn prefix(runtime: &Utf8Path) -> String {
    format!("{}-", Digest::of(runtime.as_str()).short())
}
