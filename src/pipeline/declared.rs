//! Files and folders that the project file says are read.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::file::normal;
use crate::source::Spanned;
use crate::syntax::{Config, ProcessConfig};

/// The declared files of a process, each once; in which order they are written does not matter.
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

/// The path of a file or folder, without what means nothing.
pub(super) fn checked(
    file: &Spanned<String>,
    config: &Config,
    root: &Utf8Path,
    sink: &mut Diagnostics,
) -> Utf8PathBuf {
    let path = normal(Utf8Path::new(&file.value));
    let mut refuse = |message: String, label: &str, help: &str| {
        let error = Diagnostic::new(&codes::DECLARED, message).at(&config.source, file.span, label);
        sink.error(error.help(help));
    };
    if path.components().all(|part| matches!(part, Utf8Component::CurDir | Utf8Component::ParentDir)) {
        let message = format!("`{}` cannot be declared as read: the build folder is in it", file.value);
        refuse(message, "changes with every build", "name the files and folders that are read");
    } else if path.as_str().contains(['*', '?']) && !root.join(&path).exists() {
        let message = format!("there is no file `{}`, and patterns are not expanded", file.value);
        refuse(message, "not a file", "name the folder: everything in it is watched");
    }
    path
}
