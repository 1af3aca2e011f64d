//! Folders of ours in the build folder, in whose place somebody may have put anything.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry, FileType};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::{FileError, context};
use super::own::create_folder;
use super::path::insist_on_no_links;

/// Creates the folder `path` of ours, which is below `base`. What somebody put in its place, or in that of a folder on the
/// way, is removed.
///
/// # Errors
/// If the folder cannot be created, or there is a link on the way.
pub(crate) fn create_own_folder(base: &Utf8Path, path: &Utf8Path) -> Result<(), FileError> {
    Way::new(base).clear(path)?;
    create_folder(path)
}

/// Clears the way for folders of ours, one after another. Cheapest if those in one folder follow each other.
pub(crate) struct Way<'b> {
    /// What all of them are below.
    base: &'b Utf8Path,
    /// The last folder that was found to be one.
    clear: Utf8PathBuf,
    /// The last that was not there: nothing is in it.
    absent: Option<Utf8PathBuf>,
    /// What is beside the last one: a layer has thousands of folders in one.
    beside: Listing,
    /// How many things were removed.
    pub removed: usize,
}

impl<'b> Way<'b> {
    pub(crate) fn new(base: &'b Utf8Path) -> Self {
        let (clear, beside) = (base.to_owned(), Listing::default());
        Self { base, clear, absent: None, beside, removed: 0 }
    }

    /// Removes what is no folder in the place of `folder`, or of one on the way to it from the base: a file, a pipe, a
    /// link that leads to no folder. Returns whether the folder is there.
    ///
    /// # Errors
    /// If there is a link to a folder, which is not followed, or something cannot be removed.
    pub(crate) fn clear(&mut self, folder: &Utf8Path) -> Result<bool, FileError> {
        if self.absent.as_ref().is_some_and(|absent| folder.starts_with(absent)) {
            return Ok(false);
        }
        let below = |path: &&Utf8Path| *path != self.base && path.starts_with(self.base);
        let unknown = |path: &&Utf8Path| !self.clear.starts_with(path);
        let mut unknown: Vec<_> = folder.ancestors().take_while(below).filter(unknown).collect();
        while let Some(path) = unknown.pop() {
            let found = if path == folder { self.beside.kind(path) } else { kind(path) };
            match found {
                Ok(kind) if kind.is_dir() => path.clone_into(&mut self.clear),
                Ok(_) => {
                    self.remove(path)?;
                    self.absent = Some(path.to_owned());
                    return Ok(false);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.absent = Some(path.to_owned());
                    return Ok(false);
                }
                // Whoever needs it says so.
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Does the same for `folder`, which is in a folder that is clear. Nothing else of that one is looked at.
    ///
    /// # Errors
    /// As [`Way::clear`].
    pub(crate) fn clear_last(&mut self, folder: &Utf8Path) -> Result<(), FileError> {
        match kind(folder) {
            Ok(kind) if !kind.is_dir() => self.remove(folder),
            _ => Ok(()),
        }
    }

    /// Removes what is no folder at `path`. Somebody else may have done so, and have made the folder.
    fn remove(&mut self, path: &Utf8Path) -> Result<(), FileError> {
        if path.is_dir() {
            insist_on_no_links(self.base, path)?;
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound || path.is_dir() => {}
            other => context(other, "remove", path)?,
        }
        self.removed += 1;
        Ok(())
    }
}

/// What is in a folder.
#[derive(Default)]
struct Listing {
    folder: Utf8PathBuf,
    kinds: HashMap<OsString, FileType>,
}

impl Listing {
    /// What is at `path`, as its folder said when it was listed: now, if it is not the one that was last.
    fn kind(&mut self, path: &Utf8Path) -> io::Result<FileType> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return kind(path) };
        if self.folder != folder {
            let kinds =
                |entry: io::Result<DirEntry>| entry.and_then(|one| Ok((one.file_name(), one.file_type()?)));
            let kinds = fs::read_dir(folder)?.map(kinds).collect::<Result<_, _>>()?;
            *self = Self { folder: folder.to_owned(), kinds };
        }
        self.kinds.get(OsStr::new(name)).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn kind(path: &Utf8Path) -> io::Result<FileType> {
    path.symlink_metadata().map(|meta| meta.file_type())
}

#[cfg(test)]
mod tests {
    use super::super::link;
    use super::*;

    #[test]
    fn whatever_is_no_folder_goes_and_links_to_folders_are_refused() {
        let guard = tempfile::tempdir().unwrap();
        let base = Utf8PathBuf::try_from(guard.path().join("b")).unwrap();
        let outside = base.with_file_name("outside");
        fs::create_dir_all(&outside).unwrap();
        fs::write(outside.join("kept"), "").unwrap();
        fs::create_dir_all(base.join("a/p1")).unwrap();
        for (name, target) in [("a/p2", "p2"), ("a/p3", "../../outside/kept"), ("d", "nowhere")] {
            link(Utf8Path::new(target), &base.join(name)).unwrap();
        }
        fs::write(base.join("a/p1/out"), "").unwrap();
        fs::write(base.join("c"), "").unwrap();
        let mut way = Way::new(&base);
        for name in ["a", "a/p1", "a/p1/out", "a/p2/out", "a/p3", "c/p1/out", "c/p2", "d", "e/p1"] {
            way.clear(&base.join(name)).unwrap();
            fs::create_dir_all(base.join(name)).unwrap();
        }
        assert_eq!(way.removed, 5);
        link(&outside, &base.join("f")).unwrap();
        let error = way.clear(&base.join("f/p1")).unwrap_err().to_string();
        assert!(error.contains("b/f`: it is a link") && error.contains("remove it"), "{error}");
        assert!(outside.join("kept").exists());
    }
}
