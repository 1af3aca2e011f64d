//! Files and folders that the project file declares as read.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::file::normal;
use crate::source::Spanned;
use crate::syntax::{Config, ProcessConfig};

/// What is there changes by itself, and has no end.
const OF_THE_KERNEL: [&str; 2] = ["/proc", "/sys"];

/// The declared files of a process, each once. The order in which they are written does not matter.
pub(super) fn files(
    written: &ProcessConfig,
    config: &Config,
    root: &Utf8Path,
    sink: &mut Diagnostics,
) -> Vec<Utf8PathBuf> {
    let files = written.files.iter().map(|file| checked(file, config, root, sink));
    files.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The data files by name; `path` is the one at `data.path`.
pub(super) fn data(
    config: &Config,
    root: &Utf8Path,
    sink: &mut Diagnostics,
) -> BTreeMap<String, Utf8PathBuf> {
    let main = config.data_path.iter().map(|path| ("path", path));
    let named = config.datasets.iter().map(|(name, path)| (name.value.as_str(), path));
    main.chain(named).map(|(name, path)| (name.to_owned(), checked(path, config, root, sink))).collect()
}

/// The paths of data and of a process's files that begin with the name of the project's own folder, and what they are in
/// the project: the code of older projects opens them as they are written.
pub(super) fn prefixed(
    written: &ProcessConfig,
    config: &Config,
    root: &Utf8Path,
) -> BTreeMap<Utf8PathBuf, Utf8PathBuf> {
    let data = config.data_path.iter().chain(config.datasets.iter().map(|(_, path)| path));
    let paths = data.chain(&written.files).map(|path| normal(Utf8Path::new(&path.value)));
    let both = paths.map(|path| (path.clone(), within(root, path)));
    both.filter(|(path, inside)| path != inside).collect()
}

/// The path of a file or folder relative to the project, without redundant parts.
fn checked(file: &Spanned<String>, config: &Config, root: &Utf8Path, sink: &mut Diagnostics) -> Utf8PathBuf {
    let path = within(root, normal(Utf8Path::new(&file.value)));
    let mut refuse = |message: String, label: &str, help: &str| {
        let error = Diagnostic::new(&codes::DECLARED, message).at(&config.source, file.span, label);
        sink.error(error.help(help));
    };
    if holds_the_project(&path, root) {
        let message = format!("`{}` cannot be declared as read: the build folder is in it", file.value);
        refuse(message, "changes with every build", "name the files and folders that are read");
    } else if OF_THE_KERNEL.iter().any(|folder| path.starts_with(folder)) {
        let message = format!("`{}` cannot be declared as read: it is no file of a disk", file.value);
        refuse(message, "never twice the same", "write what is needed to a file, and name that");
    } else if path.as_str().contains(['*', '?']) && !root.join(&path).exists() {
        let message = format!("there is no file `{}`, and patterns are not expanded", file.value);
        refuse(message, "not a file", "name the folder: everything in it is watched");
    }
    path
}

/// Whether the project is in the folder at `path`, however that is written.
fn holds_the_project(path: &Utf8Path, root: &Utf8Path) -> bool {
    let is_up = |part| matches!(part, Utf8Component::CurDir | Utf8Component::ParentDir);
    let real = |path: &Utf8Path| path.canonicalize_utf8().ok();
    let is_above =
        || real(root).zip(real(&root.join(path))).is_some_and(|(root, path)| root.starts_with(path));
    path.components().all(is_up) || is_above()
}

/// Locates a file that the project file names: it is relative to the project or, in older projects, to the
/// folder above it, with or without the project's own name.
pub(super) fn located(root: &Utf8Path, path: &Utf8Path) -> Utf8PathBuf {
    let path = within(root, path.to_owned());
    let above = Utf8Path::new("..").join(&path);
    if !root.join(&path).exists() && root.join(&above).exists() { above } else { path }
}

/// A path that begins with the name of the project's own folder, relative to that folder, if it exists there.
fn within(root: &Utf8Path, path: Utf8PathBuf) -> Utf8PathBuf {
    let is_inside = |inside: &Utf8PathBuf| !inside.as_str().is_empty() && root.join(inside).exists();
    match inside(root, &path).filter(is_inside) {
        Some(inside) if !root.join(&path).exists() => inside,
        _ => path,
    }
}

/// What follows the name of the project's own folder in a path that begins with it.
pub(super) fn inside(root: &Utf8Path, path: &Utf8Path) -> Option<Utf8PathBuf> {
    own_name(root).and_then(|name| path.strip_prefix(name).ok().map(Utf8Path::to_owned))
}

/// The name of the project's folder.
pub(super) fn own_name(root: &Utf8Path) -> Option<String> {
    root.canonicalize_utf8().ok()?.file_name().map(str::to_owned)
}
