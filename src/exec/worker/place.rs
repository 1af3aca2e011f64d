//! Where workers are found: sockets in a folder that only the user can enter.

use std::collections::BTreeMap;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::process::Command;
use std::time::Duration;
use std::{fs, io};

use camino::{Utf8Path, Utf8PathBuf};

use super::kind::Kind;
use crate::digest::Digest;

/// The longest path of a Unix socket on Linux is 107 bytes.
const LONGEST: usize = 107;

/// How long a worker that could not be started is not tried again.
const PAUSE: Duration = Duration::from_secs(60);

/// The place of one worker.
pub(super) struct Place {
    /// Its socket.
    pub(super) socket: Utf8PathBuf,
}

impl Place {
    /// The place of the worker of a kind.
    pub(super) fn new(
        kind: &Kind,
        command: &Command,
        environment: &BTreeMap<String, String>,
    ) -> io::Result<Self> {
        let key = kind.key(command, environment).to_string();
        let socket = folder()?.join(format!("{}{}", prefix(&kind.runtime), &key[..32]));
        Ok(Self { socket })
    }

    /// Held by whoever starts a worker.
    pub(super) fn lock(&self) -> Utf8PathBuf {
        self.socket.with_file_name("lock")
    }

    /// stdout and stderr of the worker.
    pub(super) fn log(&self) -> Utf8PathBuf {
        Utf8PathBuf::from(format!("{}.log", self.socket))
    }

    /// What the worker has read: events of `watch`.
    pub(super) fn events(&self) -> Utf8PathBuf {
        Utf8PathBuf::from(format!("{}.events", self.socket))
    }

    /// Whether it could not be started, or hung, a short time ago.
    pub(super) fn has_failed(&self) -> bool {
        let noted = fs::metadata(self.failure()).and_then(|meta| meta.modified());
        noted.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < PAUSE))
    }

    /// Takes note that it cannot be started, or hangs.
    pub(super) fn note_failure(&self) {
        let _ = fs::write(self.failure(), "");
    }

    fn failure(&self) -> Utf8PathBuf {
        Utf8PathBuf::from(format!("{}.failed", self.socket))
    }
}

/// The sockets of the workers of a build, by the folder of its runtime.
pub(super) fn sockets(runtime: &Utf8Path) -> Vec<Utf8PathBuf> {
    let (Ok(folder), prefix) = (folder(), prefix(runtime)) else { return Vec::new() };
    let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
    let names =
        entries.filter(|entry| entry.file_name().starts_with(&prefix) && !entry.file_name().contains('.'));
    names.map(|entry| entry.path().to_owned()).collect()
}

fn prefix(runtime: &Utf8Path) -> String {
    format!("{}-", Digest::of(runtime.as_str()).short())
}

/// The private folder, made if it is missing.
fn folder() -> io::Result<Utf8PathBuf> {
    let user = fs::metadata("/proc/self")?.uid();
    let run = std::env::var("XDG_RUNTIME_DIR").map(Utf8PathBuf::from).unwrap_or_default();
    let is_usable = run.is_absolute() && run.as_str().len() + 60 < LONGEST && is_private(&run, user);
    let folder = if is_usable { run.join("expops") } else { format!("/tmp/expops-{user}").into() };
    match fs::DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let foreign = || io::Error::other(format!("`{folder}` is not a folder that only this user can enter"));
    is_private(&folder, user).then(|| folder.clone()).ok_or_else(foreign)
}

/// Whether it is a folder of the user's, and nobody else's.
fn is_private(folder: &Utf8Path, user: u32) -> bool {
    folder
        .symlink_metadata()
        .is_ok_and(|meta| meta.is_dir() && meta.uid() == user && meta.mode() & 0o077 == 0)
}
