//! The digests of stored values: what a reader observes, and what lies on the disk.

use camino::Utf8Path;

use super::failure::Failure;
use super::tree;
use super::trust::{Of, Trust};
use crate::digest::Digest;
use crate::file;
use crate::split::{self, Format, Kind, SplitError};

/// What a reader of the value that is stored at `path` in this format observes. Of a pickle only Python knows.
///
/// # Errors
/// If it cannot be read.
pub(super) fn digest(path: &Utf8Path, format: &str, trust: &Trust) -> Result<Digest, Failure> {
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

/// The digest of what lies at `path`, whatever that is.
///
/// # Errors
/// If it cannot be read.
pub(super) fn stored(path: &Utf8Path, trust: &Trust) -> Result<Digest, Failure> {
    Ok(tree::digest(path, trust)?)
}

/// Makes the file or folder at `path`, which is in its final place, hard to write to by mistake, and remembers what was
/// hashed on its way there. Who owns it may still do what he likes.
pub(super) fn publish(path: &Utf8Path, format: &str, digest: Digest, trust: &Trust) {
    for entry in walkdir::WalkDir::new(path).into_iter().flatten().filter(|entry| entry.file_type().is_file())
    {
        protect(entry.path());
    }
    match format {
        "arrow" => trust.vouch(path, Of::Table, digest),
        _ => trust.vouch(path, Of::Bytes, digest),
    }
}

/// Takes away the permission to write. Where that cannot be done, nothing is lost but a safeguard.
fn protect(path: &std::path::Path) {
    // What a link leads to is somebody else's.
    if let Some(meta) = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file) {
        let mut permissions = meta.permissions();
        permissions.set_readonly(true);
        let _ = std::fs::set_permissions(path, permissions);
    }
}

/// What a failed look at a table says.
fn failure(error: SplitError) -> Failure {
    let failure = Failure::new(error.to_string());
    match error.help() {
        Some(help) => failure.help(help),
        None => failure,
    }
}
