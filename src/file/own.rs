//! Files of ours in the build folder, in whose place somebody may have put anything.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;

use camino::Utf8Path;
use rustix::fs::OFlags;

use super::error::{FileError, context};

/// Creates a folder and its parents.
pub(crate) fn create_folder(path: &Utf8Path) -> Result<(), FileError> {
    context(fs::create_dir_all(path), "create", path)
}

/// Removes whatever is at `path`, where a file of ours belongs, and is none: a folder, a link that leads elsewhere, a pipe
/// that nobody reads.
pub(crate) fn make_way(path: &Utf8Path) -> Result<(), FileError> {
    let is_in_the_way = path.symlink_metadata().is_ok_and(|meta| !meta.is_file());
    if is_in_the_way { remove(path) } else { Ok(()) }
}

/// Opens a file of ours in the build folder for writing, creating it if necessary. What is no file in its place, which
/// somebody else must have put there, is removed.
pub(crate) fn create_own(path: &Utf8Path) -> io::Result<fs::File> {
    make_way(path).map_err(|error| error.source)?;
    create_beside(path)
}

/// The same for a file that may be beside the user's: only a link in its place is removed.
pub(super) fn create_beside(path: &Utf8Path) -> io::Result<fs::File> {
    if path.is_symlink() {
        fs::remove_file(path)?;
    }
    fs::File::options()
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
}

/// Opens a file of ours for appending. What is no file in its place is removed.
pub(crate) fn append_own(path: &Utf8Path) -> io::Result<fs::File> {
    make_way(path).map_err(|error| error.source)?;
    fs::File::options().append(true).create(true).open(path)
}

/// Writes a file of ours that nobody needs whole. What is no file in its place is removed.
pub(crate) fn write_own(path: &Utf8Path, content: impl AsRef<[u8]>) -> Result<(), FileError> {
    make_way(path)?;
    context(fs::write(path, content), "write", path)
}

/// Removes a file or a whole folder; it is no error if there is none.
pub(crate) fn remove(path: &Utf8Path) -> Result<(), FileError> {
    let result = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(e) => Err(e),
    };
    match result {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => context(other, "remove", path),
    }
}
