//! Folders of ours in the build folder, in whose place somebody may have put anything.

use std::fs;
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

/// Clears the way for folders of ours, one after another. Cheapest if those inside a folder follow each other.
pub(crate) struct Way<'b> {
    /// What all of them are below.
    base: &'b Utf8Path,
    /// The last folder that was found to be one.
    clear: Utf8PathBuf,
    /// The last that was not there: nothing is in it.
    absent: Option<Utf8PathBuf>,
    /// How many things were removed.
    pub removed: usize,
}

impl<'b> Way<'b> {
    pub(crate) fn new(base: &'b Utf8Path) -> Self {
        Self { base, clear: base.to_owned(), absent: None, removed: 0 }
    }

    /// Removes what is no folder in the place of `folder`, or of one on the way to it from the base: a file, a pipe, a
    /// link that leads to no folder.
    ///
    /// # Errors
    /// If there is a link to a folder, which is not followed, or something cannot be removed.
    pub(crate) fn clear(&mut self, folder: &Utf8Path) -> Result<(), FileError> {
        if self.absent.as_ref().is_some_and(|absent| folder.starts_with(absent)) {
            return Ok(());
        }
        let below = |path: &&Utf8Path| *path != self.base && path.starts_with(self.base);
        let unknown = |path: &&Utf8Path| !self.clear.starts_with(path);
        let mut unknown: Vec<_> = folder.ancestors().take_while(below).filter(unknown).collect();
        while let Some(path) = unknown.pop() {
            match path.symlink_metadata() {
                Ok(meta) if meta.is_dir() => path.clone_into(&mut self.clear),
                Ok(_) => {
                    if path.is_dir() {
                        insist_on_no_links(self.base, path)?;
                    }
                    remove(path)?;
                    self.removed += 1;
                    self.absent = Some(path.to_owned());
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.absent = Some(path.to_owned());
                    return Ok(());
                }
                // Whoever needs it says so.
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }
}

/// Removes what was no folder. Somebody else may have done so, and have made the folder.
fn remove(path: &Utf8Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound || path.is_dir() => Ok(()),
        other => context(other, "remove", path),
    }
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
