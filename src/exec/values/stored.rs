//! The digests of stored values: of what a reader observes, and of what is on disk.

use std::fs;

use camino::Utf8Path;

use crate::digest::Digest;
use crate::exec::content::tree;
use crate::exec::content::trust::{Of, Trust};
use crate::exec::failure::Failure;
use crate::file::{self, FileError};
use crate::split::{self, Format, Kind, SplitError};

/// The digest of what a reader observes of the value stored at `path` in this format. For a pickle, only Python knows.
///
/// # Errors
/// If it cannot be read.
pub(in crate::exec) fn digest(path: &Utf8Path, format: &str, trust: &Trust) -> Result<Digest, Failure> {
    match format {
        "arrow" => trust.digest(path, Of::Table, || table(path)).map_err(failure),
        "file" => Ok(tree::digest(path, trust)?),
        _ => Ok(file::context(trust.bytes(path), "read", path)?),
    }
}

fn table(path: &Utf8Path) -> Result<Digest, SplitError> {
    let arrow = Format { rows: Kind::Arrow, compression: None };
    split::digest_of(path, Some(arrow)).map(|whole| whole.digest)
}

/// The digest of the file or folder at `path`.
///
/// # Errors
/// If it cannot be read.
pub(in crate::exec) fn stored(path: &Utf8Path, trust: &Trust) -> Result<Digest, Failure> {
    Ok(tree::digest(path, trust)?)
}

/// Whether the value at `path` is what was made: by its digest as stored, where it has one, else by what a reader observes.
pub(in crate::exec) fn is(
    path: &Utf8Path,
    format: &str,
    (made, as_stored): (Digest, Option<Digest>),
    trust: &Trust,
) -> bool {
    let now = if as_stored.is_some() { stored(path, trust) } else { digest(path, format, trust) };
    now.is_ok_and(|now| now == as_stored.unwrap_or(made))
}

/// Protects the file or folder at `path`, which is in its final place, against accidental writes, and remembers the
/// digest that was computed on the way there. Its owner can still change it.
pub(in crate::exec) fn publish(path: &Utf8Path, format: &str, digest: Digest, trust: &Trust) {
    for entry in walkdir::WalkDir::new(path).into_iter().flatten().filter(|entry| entry.file_type().is_file())
    {
        protect(entry.path());
    }
    match format {
        "arrow" => trust.vouch(path, Of::Table, digest),
        _ => trust.vouch(path, Of::Bytes, digest),
    }
}

/// Gives what is at `old`, which has the same content as the file or folder `new`, the permissions of that.
#[cfg(unix)]
pub(in crate::exec) fn keep_private(new: &Utf8Path, old: &Utf8Path, format: &str) -> Result<(), FileError> {
    use std::os::unix::fs::PermissionsExt as _;
    if format != "file" {
        return Ok(());
    }
    for entry in walkdir::WalkDir::new(new).into_iter().flatten().filter(|entry| !entry.path_is_symlink()) {
        // Joined with nothing, the name of a file would end in a slash.
        let to = match entry.path().strip_prefix(new) {
            Ok(inner) if entry.depth() > 0 => old.as_std_path().join(inner),
            _ => old.as_std_path().to_owned(),
        };
        let (Ok(made), Ok(there)) = (entry.metadata(), to.symlink_metadata()) else { continue };
        let writable = if made.is_dir() { 0o222 } else { 0 };
        let mode = made.permissions().mode() & (0o555 | writable);
        if there.file_type() == made.file_type() && there.permissions().mode() & 0o777 != mode {
            file::context(fs::set_permissions(&to, fs::Permissions::from_mode(mode)), "write", old)?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
pub(in crate::exec) fn keep_private(_: &Utf8Path, _: &Utf8Path, _: &str) -> Result<(), FileError> {
    Ok(())
}

/// Removes the permission to write. Where that fails, only a safeguard is lost.
fn protect(path: &std::path::Path) {
    // The target of a link belongs to somebody else.
    if let Some(meta) = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file) {
        let mut permissions = meta.permissions();
        permissions.set_readonly(true);
        let _ = std::fs::set_permissions(path, permissions);
    }
}

/// The failure for a table that could not be examined.
fn failure(error: SplitError) -> Failure {
    Failure::new(error.to_string()).any_help(error.help())
}
