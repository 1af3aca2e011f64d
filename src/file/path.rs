//! What a path is, before a file is opened.

use std::io;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::error::FileError;

/// The first file called `program` on the `PATH`.
pub(crate) fn on_path(program: &str) -> Option<Utf8PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found =
        std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())?;
    Utf8PathBuf::try_from(found).ok()
}

/// Checks that no part of `path` below `base` is a link, which might lead anywhere.
///
/// # Errors
/// If one of the folders on the way, or `path` itself, is a link.
pub(crate) fn insist_on_no_links(base: &Utf8Path, path: &Utf8Path) -> Result<(), FileError> {
    let above = path.ancestors().take_while(|above| *above != base && above.starts_with(base));
    match above.filter(|above| above.is_symlink()).last() {
        Some(link) => {
            let source = io::Error::other("it is a link, and the build does not follow links; remove it");
            Err(FileError { action: "use", path: link.to_owned(), source })
        }
        None => Ok(()),
    }
}

/// Checks that no folder is at `path`, where a file belongs that is not in a folder of ours.
///
/// # Errors
/// If there is one.
pub(crate) fn insist_on_no_folder(path: &Utf8Path) -> Result<(), FileError> {
    let error =
        || FileError { action: "write", path: path.to_owned(), source: io::ErrorKind::IsADirectory.into() };
    if path.is_dir() { Err(error()) } else { Ok(()) }
}

/// Creates a symbolic link at `link` to `target`.
#[cfg(unix)]
pub(crate) fn link(target: &Utf8Path, link: &Utf8Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
pub(crate) fn link(_target: &Utf8Path, _link: &Utf8Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// `path` without `.` and, where there is a folder to go up from, `..`: a build tool identifies files by name alone.
pub(crate) fn normal(path: &Utf8Path) -> Utf8PathBuf {
    let mut out = Utf8PathBuf::new();
    for part in path.components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir
                if matches!(out.components().next_back(), Some(Utf8Component::Normal(_))) =>
            {
                out.pop();
            }
            part => out.push(part),
        }
    }
    if out.as_str().is_empty() { Utf8PathBuf::from(".") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_spelling() {
        for (path, expected) in
            [("a/../b", "b"), ("./a/./b", "a/b"), ("../a", "../a"), ("a/..", "."), ("a/../../b", "../b")]
        {
            assert_eq!(normal(Utf8Path::new(path)), expected, "{path}");
        }
    }
}
