//! Tests of the script reader, over projects written to a temporary folder.

mod edits;
mod functions;
mod hostile;
mod properties;
mod steps;

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::*;
use crate::diagnostic::Diagnostic;
use crate::digest::Digest;

/// Files of a project: path and content.
type Files<'a> = [(&'a str, &'a str)];

/// A project on disk.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new(files: &Files<'_>) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        files.iter().for_each(|(path, text)| project.write(path, text));
        project
    }

    fn root(&self) -> &Utf8Path {
        Utf8Path::from_path(self.folder.path()).unwrap()
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A library with `folders` (relative to the project) to import from.
    fn library(&self, folders: &[&str]) -> Library {
        let folders: Vec<Utf8PathBuf> = folders.iter().map(|folder| self.root().join(folder)).collect();
        Library::new(self.root(), folders)
    }

    fn reach(&self, script: &str, function: &str) -> Reach {
        self.library(&[]).reach(script.into(), function).unwrap_or_else(|error| panic!("{error:?}"))
    }
}

/// What a function in one script reaches.
fn reach_of(text: &str, function: &str) -> Reach {
    Project::new(&[("main.py", text)]).reach("main.py", function)
}

fn names(reach: &Reach) -> Vec<String> {
    reach.items.iter().filter_map(|item| Some(format!("{}.{}", item.module, item.name.as_deref()?))).collect()
}
