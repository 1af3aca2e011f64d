//! The folder of a cache, and how files come into it.

use std::fs;
use std::io;
use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};

use crate::digest::Digest;

/// The version of the entries' format, and of what their keys are digests of.
pub(super) const VERSION: u32 = 2;

/// Names the folder of a cache that several checkouts share.
const VARIABLE: &str = "EXPOPS_CACHE_DIR";

/// How the names of writes under way begin.
pub(super) const TEMPORARY: &str = "new-";

/// A folder of results.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    folder: Utf8PathBuf,
}

impl Cache {
    /// The cache in `folder`, which need not exist.
    pub(crate) fn new(folder: impl Into<Utf8PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The cache that the environment names, else the one in `own`.
    pub(crate) fn find(own: Utf8PathBuf) -> Self {
        let shared = std::env::var(VARIABLE).ok().filter(|path| !path.is_empty());
        Self::new(shared.map_or(own, Utf8PathBuf::from))
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    pub(super) fn entry(&self, key: Digest) -> Utf8PathBuf {
        self.part("entries").join(key.to_string())
    }

    /// The folder of one kind of files.
    pub(super) fn part(&self, name: &str) -> Utf8PathBuf {
        self.folder.join(format!("v{VERSION}")).join(name)
    }

    pub(super) fn temporary(&self) -> io::Result<tempfile::NamedTempFile> {
        let folder = self.part("tmp");
        fs::create_dir_all(&folder)?;
        tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)
    }

    pub(super) fn settle(&self, temporary: tempfile::NamedTempFile, path: &Utf8Path) -> io::Result<()> {
        fs::create_dir_all(path.parent().unwrap_or(&self.folder))?;
        shareable(temporary.path())?;
        temporary.persist(path).map(drop).map_err(|error| error.error)
    }
}

/// Removes a file; somebody else may have done so.
pub(super) fn remove(path: &Utf8Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Lets other users of a shared cache read what this one wrote, and nobody write it by accident.
#[cfg(unix)]
fn shareable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn shareable(_path: &Path) -> io::Result<()> {
    Ok(())
}
