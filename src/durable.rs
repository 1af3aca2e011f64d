//! Flushes to disk what must be there before something vouches for it. `EXPOPS_FSYNC=0` is for those who would rather
//! rebuild after a power cut.

use std::fs::File;
use std::io::{self, Write};
use std::sync::OnceLock;

use camino::Utf8Path;

use crate::file::{self, FileError};
use crate::variable::FSYNC;

/// Whether anything is flushed.
fn is_wanted() -> bool {
    static WANTED: OnceLock<bool> = OnceLock::new();
    *WANTED.get_or_init(|| FSYNC.is_on(true))
}

/// Waits until the content of an open file is on disk.
pub(crate) fn flush(file: &File) -> io::Result<()> {
    if is_wanted() { file.sync_all() } else { Ok(()) }
}

/// Flushes the file at `path`, or everything in the folder there; links are left alone.
///
/// # Errors
/// If something cannot be read, or the disk reports a write error.
pub(crate) fn flush_all(path: &Utf8Path) -> Result<(), FileError> {
    if !is_wanted() {
        return Ok(());
    }
    for entry in walkdir::WalkDir::new(path).contents_first(true) {
        let flushed = entry.map_err(io::Error::from).and_then(|entry| match entry.file_type() {
            kind if kind.is_dir() => flush_names(entry.path()),
            kind if kind.is_file() => flush_file(entry.path()),
            _ => Ok(()),
        });
        file::context(flushed, "flush", path)?;
    }
    Ok(())
}

/// Waits until changes of a folder's entries (renames, removals) are on disk.
///
/// # Errors
/// If the disk reports a write error.
pub(crate) fn flush_folder(path: &Utf8Path) -> Result<(), FileError> {
    if is_wanted() { file::context(flush_names(path.as_std_path()), "flush", path) } else { Ok(()) }
}

/// Some file systems refuse to flush a folder: they have nothing to flush.
fn flush_names(path: &std::path::Path) -> io::Result<()> {
    match File::open(path).and_then(|folder| folder.sync_all()) {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        #[cfg(not(unix))]
        Err(_) => Ok(()),
        other => other,
    }
}

/// A process may leave files that even their owner may not read; such a file cannot be opened, and so not flushed.
fn flush_file(path: &std::path::Path) -> io::Result<()> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        opened => opened?.sync_all(),
    }
}

/// Writes what `fill` writes to `path` as [`file::revise`] does, and returns once it is on disk.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn revise(
    path: &Utf8Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<file::Written, FileError> {
    file::revise(path, fill, flush)
}

/// Writes `content` to `path` as [`file::write_if_changed`] does, and returns once it is on disk.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write_if_changed(path: &Utf8Path, content: &[u8]) -> Result<file::Written, FileError> {
    revise(path, |out| out.write_all(content))
}
