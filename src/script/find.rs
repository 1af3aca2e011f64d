//! Which file an import means, by Python's own rules: a package before a module, both before a folder without
//! `__init__.py`, earlier folders before later ones. Knows neither what is in the files nor what is installed:
//! an import that is not found here is taken for a library.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use crate::file;

/// Folders that contain no code of the project's own.
const SKIPPED: [&str; 3] = ["node_modules", "__pycache__", "site-packages"];
/// Entries that mark a folder as an environment, or as made by one of our builds. A folder's name is no sign: a
/// package may be called `env`, `build` or `dist`.
const MADE: [&str; 5] = ["pyvenv.cfg", "conda-meta", "bin/activate", "Scripts/activate", ".expops"];
/// The modules of Python's own library: `sys.stdlib_module_names` of 3.11, with those of other versions and
/// those that Python imports when it starts, without a few that nothing imports.
const STANDARD: &str = include_str!("standard_modules.txt");
/// At most this many files are considered for a dynamic import.
const MOST_FILES: usize = 2_000;

/// What one part of a dotted name resolves to. Paths are relative to the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ModulePath {
    /// A file; for an `__init__.py`, with the package's folder.
    File { path: Utf8PathBuf, folder: Option<Utf8PathBuf> },
    /// Folders without `__init__.py`.
    Namespace(Vec<Utf8PathBuf>),
}

/// Looks up `name` in `folders`.
pub(super) fn find(root: &Utf8Path, folders: &[Utf8PathBuf], name: &str) -> Option<ModulePath> {
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let mut namespace = Vec::new();
    for folder in folders {
        let package = folder.join(name);
        let init = package.join("__init__.py");
        let is_folder = root.join(&package).is_dir();
        if is_folder && root.join(&init).is_file() {
            return Some(ModulePath::File { path: init, folder: Some(package) });
        }
        let module = folder.join(format!("{name}.py"));
        if root.join(&module).is_file() {
            return Some(ModulePath::File { path: module, folder: None });
        }
        if is_folder && !namespace.contains(&package) {
            namespace.push(package);
        }
    }
    (!namespace.is_empty()).then_some(ModulePath::Namespace(namespace))
}

/// The modules of Python's own library.
pub(crate) fn standard_modules<'a>() -> impl Iterator<Item = &'a str> {
    STANDARD.split_ascii_whitespace()
}

/// Whether `name` is a module of Python's own library.
pub(super) fn is_standard(name: &str) -> bool {
    standard_modules().any(|standard| standard == name)
}

/// Whether one of `folders` has a compiled module `name` (`name.cpython-311-….so`), which cannot be read.
pub(super) fn is_compiled(root: &Utf8Path, folders: &[Utf8PathBuf], name: &str) -> bool {
    let is_module = |file: &str| {
        let is_library = file.ends_with(".so") || file.ends_with(".pyd") || file.ends_with(".pyc");
        is_library && file.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
    };
    let entries = folders.iter().filter_map(|folder| root.join(folder).join(".").read_dir_utf8().ok());
    entries.flatten().flatten().any(|entry| is_module(entry.file_name()))
}

/// The modules in `folders` that shadow one of Python's own, sorted.
pub(super) fn shadowing(root: &Utf8Path, folders: &[Utf8PathBuf]) -> Vec<Utf8PathBuf> {
    let mut found = BTreeSet::new();
    for folder in folders {
        let place = root.join(folder);
        let place = if place.as_str().is_empty() { Utf8PathBuf::from(".") } else { place };
        for entry in place.read_dir_utf8().into_iter().flatten().flatten() {
            let name = entry.file_name().trim_end_matches(".py");
            if is_standard(name)
                && let Some(ModulePath::File { path, .. }) = find(root, std::slice::from_ref(folder), name)
            {
                found.insert(normal(&path));
            }
        }
    }
    found.into_iter().collect()
}

/// `path` without any `.` and `..` that can be resolved textually; empty for the project's own folder.
pub(super) fn normal(path: &Utf8Path) -> Utf8PathBuf {
    let path = file::normal(path);
    if path == "." { Utf8PathBuf::new() } else { path }
}

/// All Python files under `folders`, sorted, except in hidden folders, environments and outputs.
pub(super) fn all_python(root: &Utf8Path, folders: &[Utf8PathBuf]) -> Vec<Utf8PathBuf> {
    let mut all = BTreeSet::new();
    for folder in folders {
        let start = root.join(folder);
        let keep = |entry: &walkdir::DirEntry| {
            let name = entry.file_name().to_string_lossy();
            let is_folder = entry.file_type().is_dir() && entry.depth() > 0;
            let skipped = name.starts_with('.') || SKIPPED.contains(&&*name);
            let is_made = || MADE.iter().any(|mark| entry.path().join(mark).exists());
            !(is_folder && (skipped || is_made()))
        };
        let walk = walkdir::WalkDir::new(&start).sort_by_file_name().into_iter().filter_entry(keep);
        let python = walk.flatten().filter(|entry| entry.file_type().is_file()).filter_map(|entry| {
            let path = Utf8PathBuf::from_path_buf(entry.into_path()).ok()?;
            (path.extension() == Some("py"))
                .then(|| normal(&folder.join(path.strip_prefix(&start).ok()?)).into())
        });
        all.extend(python.take(MOST_FILES).flat_map(|path: Option<Utf8PathBuf>| path));
    }
    all.into_iter().take(MOST_FILES).collect()
}

/// The dotted name of a module, from the path of its file below a folder where imports are looked up.
pub(in crate::script) fn dotted_name(path: &Utf8Path) -> String {
    let path = path.as_str().trim_end_matches(".py");
    path.trim_end_matches("/__init__").replace('/', ".")
}
