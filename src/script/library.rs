//! The modules that have been read, and where to look up imports.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::model::Script;
use super::outline::{Module, UnitId};
use super::{build, find, parse};
use crate::diagnostic::{Diagnostic, codes};

/// The modules of a project that have been read so far; each is parsed at most once.
pub(crate) struct Library {
    pub(super) root: Utf8PathBuf,
    pub(super) folders: Vec<Utf8PathBuf>,
    /// Where imports are looked up for the current script: its folder, the folders, the project.
    pub(super) search: Vec<Utf8PathBuf>,
    pub(super) modules: Vec<Arc<Module>>,
    pub(super) by_path: BTreeMap<Utf8PathBuf, Result<usize, Diagnostic>>,
    pub(super) scripts: BTreeMap<Utf8PathBuf, Script>,
    pub(super) files: BTreeSet<Utf8PathBuf>,
    pub(super) effects: BTreeMap<UnitId, bool>,
    /// The units visited while deciding on one effect.
    pub(super) judged: BTreeSet<UnitId>,
    /// The modules next to the scripts that shadow Python's own, once asked for.
    pub(super) shadowing: Option<Vec<Utf8PathBuf>>,
    /// The folders with Python files, once asked for.
    pub(super) python_folders: Option<Vec<Utf8PathBuf>>,
    /// The module of the current script.
    pub(super) script: usize,
}

impl Library {
    /// A library without any module read yet. `root` is the project's folder; `folders`, relative to it or
    /// absolute, are where imports are looked up, in this order.
    pub(crate) fn new(root: &Utf8Path, folders: Vec<Utf8PathBuf>) -> Self {
        let inside = |folder: &Utf8PathBuf| find::normal(folder.strip_prefix(root).unwrap_or(folder));
        let folders: Vec<_> = folders.iter().map(inside).collect();
        Self {
            root: root.to_owned(),
            search: folders.clone(),
            folders,
            modules: Vec::new(),
            by_path: BTreeMap::new(),
            scripts: BTreeMap::new(),
            files: BTreeSet::new(),
            effects: BTreeMap::new(),
            judged: BTreeSet::new(),
            shadowing: None,
            python_folders: None,
            script: 0,
        }
    }

    /// All project files read so far, relative to the project, sorted.
    pub(crate) fn files(&self) -> Vec<Utf8PathBuf> {
        self.files.iter().cloned().collect()
    }

    /// Makes `script` the current script: imports are looked up next to it first.
    pub(super) fn enter(&mut self, script: &Utf8Path) -> Result<usize, Diagnostic> {
        let beside = script.parent().map_or(Utf8PathBuf::new(), ToOwned::to_owned);
        let mut search = vec![beside];
        for folder in self.folders.iter().chain([&Utf8PathBuf::new()]) {
            if !search.contains(folder) {
                search.push(folder.clone());
            }
        }
        if search != self.search {
            self.search = search;
            self.effects.clear();
        }
        let module = self.module(script)?;
        if module != self.script {
            self.script = module;
            self.effects.clear();
        }
        Ok(module)
    }

    /// The folders that an import may mean if `module` (or the script) changes `sys.path`.
    pub(super) fn folders_by_path(&mut self, module: usize) -> Vec<Utf8PathBuf> {
        let alters =
            [module, self.script].iter().any(|id| self.modules.get(*id).is_some_and(|m| m.alters_path));
        if !alters {
            return Vec::new();
        }
        let root = &self.root;
        let folders = self.python_folders.get_or_insert_with(|| {
            let files = find::all_python(root, &[Utf8PathBuf::new()]);
            let parents = files.iter().filter_map(|path| path.parent());
            let all = parents.flat_map(|parent| parent.ancestors()).map(ToOwned::to_owned);
            all.collect::<BTreeSet<_>>().into_iter().collect()
        });
        folders.clone()
    }

    /// The modules in the scripts' folders that shadow one of Python's own.
    pub(super) fn shadowing(&mut self) -> Vec<Utf8PathBuf> {
        let (root, folders) = (&self.root, &self.folders);
        self.shadowing.get_or_insert_with(|| find::shadowing(root, folders)).clone()
    }

    /// The folders in which an import finds a module when the script runs, as far as we know: not the whole project.
    pub(super) fn script_folders(&self) -> Vec<Utf8PathBuf> {
        let only_root = |folder: &&Utf8PathBuf| !folder.as_str().is_empty() || self.folders.contains(folder);
        let mut folders: Vec<_> = self.search.iter().take(1).cloned().collect();
        folders.extend(self.search.iter().skip(1).filter(only_root).cloned());
        folders
    }

    /// The module in the file at `path`.
    pub(super) fn module(&mut self, path: &Utf8Path) -> Result<usize, Diagnostic> {
        let path = find::normal(path);
        if let Some(known) = self.by_path.get(&path) {
            return known.clone();
        }
        let read = self.read(&path).map(|module| {
            self.modules.push(Arc::new(module));
            self.modules.len() - 1
        });
        self.by_path.insert(path, read.clone());
        read
    }

    fn read(&mut self, path: &Utf8Path) -> Result<Module, Diagnostic> {
        self.files.insert(path.to_owned());
        let bytes = std::fs::read(self.root.join(path)).map_err(|source| {
            let error = crate::file::FileError { action: "read", path: path.to_owned(), source };
            Diagnostic::new(&codes::SCRIPT_READ, error.to_string())
        })?;
        let source = parse::decode(path.as_str(), bytes)?;
        parse::with_tree(&source, |body| build::module(&source, path, body))
    }

    /// The name of a module, independent of where the project is: as an import would write it, from the
    /// innermost of the folders where imports are looked up.
    pub(super) fn name_of(&self, module: usize) -> String {
        let path = &self.modules[module].path;
        let inside = self.search.iter().filter_map(|folder| path.strip_prefix(folder).ok());
        find::dotted_name(inside.min_by_key(|inside| inside.as_str().len()).unwrap_or(path))
    }
}
