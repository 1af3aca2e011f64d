//! Missing files that the project file names.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::declared::{inside, located};
use crate::diagnostic::{Diagnostic, Diagnostics, codes, nearest};
use crate::source::Spanned;
use crate::syntax::Config;

/// What a missing file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing can be built.
    Error,
    /// An outer build may make it.
    Warning,
    /// Nothing is to be built.
    Ignored,
}

/// Reports every file that is named but missing, at the place that names it. Scripts of processes are left out:
/// they were reported when they were read.
pub(super) fn check(
    config: &Config,
    root: &Utf8Path,
    (missing, reported): (Missing, &[Utf8PathBuf]),
    sink: &mut Diagnostics,
) {
    if missing == Missing::Ignored {
        return;
    }
    let data = config.data_path.iter().chain(config.datasets.iter().map(|(_, file)| file));
    let files = config.processes.iter().flat_map(|process| &process.files);
    let requirements = config.environments.iter().flat_map(|environment| &environment.files);
    let is_reported = |file: &&Spanned<String>| reported.iter().any(|path| *path == file.value.as_str());
    let scripts = config.scripts.iter().map(|(_, file)| file).filter(|file| !is_reported(file));
    let mut told = BTreeSet::new();
    for file in data.chain(files).chain(requirements).chain(scripts) {
        let is_pattern = file.value.contains(['*', '?']);
        let found = located(root, Utf8Path::new(&file.value));
        if !is_pattern && !root.join(&found).exists() && told.insert((file.span, &file.value)) {
            let make = || absent(file, config, root, missing);
            match missing {
                Missing::Error => {
                    sink.error_by(make);
                }
                _ => sink.push(make()),
            }
        }
    }
}

fn absent(file: &Spanned<String>, config: &Config, root: &Utf8Path, missing: Missing) -> Diagnostic {
    let code = if missing == Missing::Error { &codes::MISSING_FILE } else { &codes::MISSING_YET };
    let message = format!("there is no file `{}`", file.value);
    let label = if missing == Missing::Error { "not there" } else { "not there yet" };
    let path = Utf8Path::new(&file.value);
    let help = match near(root, path).or_else(|| near(root, &inside(root, path)?)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if missing == Missing::Error => "write its path from the project's folder".to_owned(),
        None => "let the outer build make it".to_owned(),
    };
    Diagnostic::new(code, message).at(&config.source, file.span, label).help(help)
}

/// The file that a path most likely means: where the path first leads nowhere, the nearest name that exists.
pub(super) fn near(root: &Utf8Path, path: &Utf8Path) -> Option<Utf8PathBuf> {
    /// At most this many names of a folder are considered.
    const MOST: usize = 2_000;
    let mut known = Utf8PathBuf::new();
    let mut parts = path.components().map(|part| part.as_str());
    let wrong = parts.find(|part| {
        let next = known.join(part);
        let is_there = root.join(&next).exists();
        if is_there {
            known = next;
        }
        !is_there
    })?;
    let entries = root.join(&known).read_dir_utf8().ok()?;
    let mut names: Vec<String> =
        entries.take(MOST).flatten().map(|entry| entry.file_name().to_owned()).collect();
    names.sort();
    let near = nearest(wrong, names.iter().map(String::as_str))?;
    let found = parts.fold(known.join(near), |path, part| path.join(part));
    if root.join(&found).exists() { Some(found) } else { None }
}
