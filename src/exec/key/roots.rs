//! Paths below named folders, so that what was read means the same in another checkout.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::ingredient::{Root, Rooted};
use crate::exec::python_path;
use crate::file;

/// The folders by which paths are named.
pub(in crate::exec) struct Roots {
    /// Absolute, without links.
    project: Utf8PathBuf,
    home: Option<Utf8PathBuf>,
    /// The file that lists copies of outputs, which nobody may read: relative to the project, one a line.
    list: Utf8PathBuf,
    exports: OnceCell<BTreeSet<Utf8PathBuf>>,
    /// Where Python looks for modules outside the project: `PYTHONPATH`.
    environment: Vec<Utf8PathBuf>,
}

impl Roots {
    /// The roots for the project in the folder `project`, which is absolute and without links. The file `list` names the
    /// copies of its outputs; it is read if somebody asks for one.
    pub(in crate::exec) fn of(project: &Utf8Path, list: Utf8PathBuf) -> Self {
        let home = std::env::var("HOME").ok().map(Utf8PathBuf::from).filter(|home| home.is_absolute());
        let path = python_path::absolute();
        let folders = path.split(':').map(Utf8PathBuf::from);
        let environment =
            folders.filter(|folder| folder.is_absolute() && !folder.starts_with(project)).collect();
        let (project, exports) = (project.to_owned(), OnceCell::new());
        Self { project, home: home.filter(|home| home != "/"), list, exports, environment }
    }

    /// Whether a path, absolute or relative to the project, is a copy of an output.
    pub(in crate::exec) fn is_export(&self, path: &Utf8Path) -> bool {
        let read = || {
            let text = file::read_regular_text(&self.list).unwrap_or_default();
            text.lines().map(|path| file::normal(Utf8Path::new(path))).collect()
        };
        self.exports.get_or_init(read).contains(path.strip_prefix(&self.project).unwrap_or(path))
    }

    /// Whether the build folder is at an absolute path or in it.
    pub(in crate::exec) fn leads_to_the_build(&self, path: &Utf8Path) -> bool {
        file::normal(&self.project.join(&self.list)).starts_with(path)
    }

    /// The name of an absolute path.
    pub(in crate::exec) fn name(&self, path: &Utf8Path) -> Rooted {
        if let Ok(path) = path.strip_prefix(&self.project) {
            return Rooted { root: Root::Project, path: path.to_owned() };
        }
        if let Some(path) = self.environment.iter().find_map(|folder| path.strip_prefix(folder).ok()) {
            return Rooted { root: Root::Environment, path: path.to_owned() };
        }
        match self.home.as_ref().and_then(|home| path.strip_prefix(home).ok()) {
            Some(path) => Rooted { root: Root::Home, path: path.to_owned() },
            None => Rooted { root: Root::Other, path: path.to_owned() },
        }
    }

    /// Its path: relative to the project if it is inside, else absolute.
    pub(in crate::exec) fn path(&self, named: &Rooted) -> Utf8PathBuf {
        match (named.root, &self.home) {
            (Root::Home, Some(home)) => home.join(&named.path),
            (Root::Environment, _) => {
                let mut places = self.environment.iter().map(|folder| folder.join(&named.path));
                let first = places.clone().next();
                places
                    .find(|path| path.symlink_metadata().is_ok())
                    .or(first)
                    .unwrap_or_else(|| named.path.clone())
            }
            (Root::Project, _) if named.path == "" => ".".into(),
            _ => named.path.clone(),
        }
    }

    /// The project's folder.
    pub(in crate::exec) fn project(&self) -> &Utf8Path {
        &self.project
    }

    /// The user's home folder.
    pub(in crate::exec) fn home(&self) -> Option<&Utf8Path> {
        self.home.as_deref()
    }
}
