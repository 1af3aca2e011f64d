//! What a run leaves beside its values: metrics, and what it wrote in its own folder. They are outputs like any others:
//! the record lists them, and one that is deleted, truncated or modified is noticed and made again.

use std::fs::Metadata;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::exec::content::trust::Trust;
use crate::exec::failure::Failure;
use crate::file;
use crate::layout::Folder;

/// A file that a run left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Beside {
    /// Its path in the instance's folder.
    pub file: Utf8PathBuf,
    /// Its length in bytes.
    pub size: u64,
    /// Its content.
    pub digest: Digest,
}

/// The files beside the values in an instance's folder.
///
/// # Errors
/// If it cannot be read.
pub(in crate::exec) fn list(folder: &Folder, trust: &Trust) -> Result<Vec<Beside>, Failure> {
    let mut found = Vec::new();
    for top in [folder.metrics(), folder.files()].iter().filter(|top| top.exists()) {
        for entry in walkdir::WalkDir::new(top).sort_by_file_name() {
            let entry = file::context(entry.map_err(Into::into), "read", top)?;
            let Some(path) = Utf8Path::from_path(entry.path()).filter(|_| entry.file_type().is_file()) else {
                continue;
            };
            let digest = match trust.bytes(path) {
                // A file that its owner cannot read is not one that anybody reads as an output.
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => continue,
                digest => file::context(digest, "read", path)?,
            };
            let size = file::context(entry.metadata().map_err(Into::into), "read", path)?.len();
            found.push(Beside {
                file: path.strip_prefix(&folder.0).unwrap_or(path).to_owned(),
                size,
                digest,
            });
        }
    }
    Ok(found)
}

impl Beside {
    /// Whether it is unchanged. The content is only compared if the file may have been written to after `since`.
    pub(in crate::exec) fn is_whole(
        &self,
        folder: &Folder,
        since: Option<SystemTime>,
        trust: &Trust,
    ) -> bool {
        let path = folder.0.join(&self.file);
        let meta = path.symlink_metadata().ok().filter(|meta| meta.is_file() && meta.len() == self.size);
        meta.is_some_and(|meta| {
            !may_be_newer(&meta, since) || trust.bytes(&path).is_ok_and(|now| now == self.digest)
        })
    }
}

/// Whether nothing in the file or folder at `path` can have been written to after `since`.
pub(in crate::exec) fn is_old(path: &Utf8Path, since: Option<SystemTime>) -> bool {
    let mut entries = walkdir::WalkDir::new(path).follow_links(true).into_iter();
    entries.all(|entry| {
        let meta = entry.and_then(|entry| entry.metadata());
        meta.is_ok_and(|meta| !may_be_newer(&meta, since))
    })
}

/// Whether a file may have been written to after `since`, judging by its times; also if `since` is unknown.
fn may_be_newer(meta: &Metadata, since: Option<SystemTime>) -> bool {
    match (last_change(meta), since) {
        (Some(changed), Some(since)) => changed > since,
        _ => true,
    }
}

/// When a file, or its metadata, last changed.
#[cfg(unix)]
pub(in crate::exec) fn last_change(meta: &Metadata) -> Option<SystemTime> {
    use std::os::unix::fs::MetadataExt as _;
    let seconds = u64::try_from(meta.ctime()).ok()?;
    let fraction = u32::try_from(meta.ctime_nsec()).ok()?;
    let changed = SystemTime::UNIX_EPOCH.checked_add(std::time::Duration::new(seconds, fraction))?;
    Some(changed.max(meta.modified().ok()?))
}

/// When a file last changed.
#[cfg(not(unix))]
pub(in crate::exec) fn last_change(meta: &Metadata) -> Option<SystemTime> {
    meta.modified().ok()
}
