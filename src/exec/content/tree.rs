//! The digests of files and folders.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::trust::Trust;
use crate::digest::{Digest, Hasher};
use crate::file::{self, FileError};

/// The digest of what a reader sees at `path`: for a file its content and whether it is executable; for a folder its
/// contents at any depth, with names, folders, and whether something is a link.
///
/// # Errors
/// If something cannot be read.
pub(in crate::exec) fn digest(path: &Utf8Path, trust: &Trust) -> Result<Digest, FileError> {
    let digest = if path.is_dir() { of_folder(path, trust) } else { of_file(path, trust) };
    file::context(digest, "read", path)
}

fn of_folder(path: &Utf8Path, trust: &Trust) -> io::Result<Digest> {
    let mut hasher = Hasher::new();
    let mut entries = walk(path).peekable();
    if entries.peek().is_none() {
        // An empty folder is no empty file.
        hasher.update("folder\n");
    }
    for entry in entries {
        let (inner, entry) = entry?;
        let kind = if entry.path_is_symlink() { "link" } else { "own" };
        let content = if entry.file_type().is_dir() {
            "folder".to_owned()
        } else if entry.file_type().is_file() {
            of_file(&path.join(&inner), trust)?.to_string()
        } else {
            continue;
        };
        hasher.update(format!("{inner}\0{kind} {content}\n"));
    }
    Ok(hasher.finish())
}

/// The files in a folder and its subfolders, in a fixed order: their names relative to it, and their digests.
pub(in crate::exec) fn files(folder: &Utf8Path, trust: &Trust) -> io::Result<Vec<(Utf8PathBuf, Digest)>> {
    let mut found = Vec::new();
    for entry in walk(folder) {
        let (inner, entry) = entry?;
        if entry.file_type().is_file() {
            let digest = of_file(&folder.join(&inner), trust)?;
            found.push((inner, digest));
        }
    }
    Ok(found)
}

fn of_file(path: &Utf8Path, trust: &Trust) -> io::Result<Digest> {
    let content = trust.bytes(path)?;
    Ok(if is_executable(path) { Digest::of(format!("executable {content}\n")) } else { content })
}

#[cfg(unix)]
pub(in crate::exec) fn is_executable(path: &Utf8Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
pub(in crate::exec) fn is_executable(_path: &Utf8Path) -> bool {
    false
}

/// Everything below a folder, with names relative to it, sorted.
fn walk(folder: &Utf8Path) -> impl Iterator<Item = io::Result<(Utf8PathBuf, walkdir::DirEntry)>> {
    let entries = walkdir::WalkDir::new(folder).min_depth(1).sort_by_file_name().follow_links(true);
    entries.into_iter().map(move |entry| {
        let entry = entry?;
        let path = Utf8Path::from_path(entry.path()).ok_or(io::ErrorKind::InvalidFilename)?;
        Ok((path.strip_prefix(folder).unwrap_or(path).to_owned(), entry))
    })
}
