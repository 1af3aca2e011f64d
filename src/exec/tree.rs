//! The digest of a file, or of a folder by the names and contents of the files in it.

use std::io;

use camino::Utf8Path;

use crate::digest::{Digest, Hasher};

/// The digest of what is at `path`.
pub(super) fn digest(path: &Utf8Path) -> io::Result<Digest> {
    if !path.is_dir() {
        return Digest::of_file(path);
    }
    let mut hasher = Hasher::new();
    for entry in walkdir::WalkDir::new(path).sort_by_file_name().follow_links(true) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let inner = Utf8Path::from_path(entry.path()).ok_or(io::ErrorKind::InvalidFilename)?;
            let name = inner.strip_prefix(path).unwrap_or(inner);
            hasher.update(format!("{name}\0{}\n", Digest::of_file(inner)?));
        }
    }
    Ok(hasher.finish())
}
