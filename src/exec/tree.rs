//! The digest of a file, or of a folder by the names and contents of the files in it.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use crate::digest::{Digest, Hasher};

/// The digest of what is at `path`.
pub(super) fn digest(path: &Utf8Path) -> io::Result<Digest> {
    if !path.is_dir() {
        return Digest::of_file(path);
    }
    let mut hasher = Hasher::new();
    for (name, digest) in files(path)? {
        hasher.update(format!("{name}\0{digest}\n"));
    }
    Ok(hasher.finish())
}

/// The files in a folder and in those inside it, in a fixed order: their names in it, and their digests.
pub(super) fn files(folder: &Utf8Path) -> io::Result<Vec<(Utf8PathBuf, Digest)>> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name().follow_links(true) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let path = Utf8Path::from_path(entry.path()).ok_or(io::ErrorKind::InvalidFilename)?;
            let name = path.strip_prefix(folder).unwrap_or(path);
            found.push((name.to_owned(), Digest::of_file(path)?));
        }
    }
    Ok(found)
}
