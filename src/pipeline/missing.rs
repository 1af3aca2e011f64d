//! Missing files that the project file names.

use std::collections::BTreeSet;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::declared::{inside, located};
use crate::diagnostic::{Diagnostic, Diagnostics, codes, nearest};
use crate::file;
use crate::source::{Spanned, clip};
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
    for python in config.environments.iter().filter_map(|environment| environment.python.as_ref()) {
        interpreter(python, config, root, missing, sink);
    }
}

/// Reports an interpreter that is not there. One that is looked for in `PATH` may come with a module of the cluster.
fn interpreter(
    python: &Spanned<String>,
    config: &Config,
    root: &Utf8Path,
    missing: Missing,
    sink: &mut Diagnostics,
) {
    let name = clip(&python.value);
    if !python.value.contains('/') {
        if file::on_path(&python.value).is_none() {
            let message = format!("there is no program `{name}` on PATH");
            let warning = Diagnostic::new(&codes::MISSING_YET, message);
            let help = "install it, or write the path of an interpreter, such as `/opt/python/bin/python3`";
            sink.push(warning.at(&config.source, python.span, "not installed here").help(help));
        }
        return;
    }
    let path = root.join(&python.value);
    if path.is_file() {
        return;
    }
    let is_error = missing == Missing::Error;
    let code = if is_error { &codes::MISSING_FILE } else { &codes::MISSING_YET };
    let message = format!("there is no interpreter `{name}`");
    let (label, help) = if path.is_dir() {
        (
            "a folder",
            format!("write the path of its interpreter: `{}/bin/python`", name.trim_end_matches('/')),
        )
    } else if python.value.starts_with('~') {
        ("`~` is not the home folder here", "write an absolute path, or one from the project's folder".into())
    } else {
        match near(root, Utf8Path::new(&python.value)) {
            Some(near) => ("not there", format!("did you mean `{near}`?")),
            None => {
                ("not there", "write an absolute path, one from the project's folder, or a version".into())
            }
        }
    };
    let found = Diagnostic::new(code, message).at(&config.source, python.span, label).help(help);
    sink.push(found);
}

fn absent(file: &Spanned<String>, config: &Config, root: &Utf8Path, missing: Missing) -> Diagnostic {
    let code = if missing == Missing::Error { &codes::MISSING_FILE } else { &codes::MISSING_YET };
    let message = format!("there is no file `{}`", file.value);
    let path = Utf8Path::new(&file.value);
    let is_lock = path.file_name() == Some("uv.lock");
    let label = match missing {
        // What is written there may be the project that it is for.
        _ if is_lock => "no lock",
        _ if file.value.contains("://") => "on another machine",
        Missing::Error => "not there",
        _ => "not there yet",
    };
    if file.value.contains("://") {
        let help = "files are read on this machine: fetch it, or let a process do that: `command: curl -fsSo {{ outputs.data }} URL`, \
                    `outputs: {data: data.csv}`, and `always: true` if what is there changes";
        return Diagnostic::new(code, message).at(&config.source, file.span, label).help(help);
    }
    let help = match near(root, path).or_else(|| near(root, &inside(root, path)?)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if file.value.starts_with("~/") || file.value.contains('$') => {
            "`~` and `$` stand for themselves here: write the path itself, or make a link in the project"
                .to_owned()
        }
        None if is_lock => "run `uv lock` in its folder, which makes it".to_owned(),
        None if missing == Missing::Error => "write its path from the project's folder".to_owned(),
        None => "let the outer build make it".to_owned(),
    };
    Diagnostic::new(code, message).at(&config.source, file.span, label).help(help)
}

/// At most this many names of a folder are considered.
const MOST: usize = 2_000;

/// The file that a path most likely means.
pub(super) fn near(root: &Utf8Path, path: &Utf8Path) -> Option<Utf8PathBuf> {
    misspelt(root, path).or_else(|| in_a_folder(root, path))
}

/// The path inside the only folder of the project that has it.
fn in_a_folder(root: &Utf8Path, path: &Utf8Path) -> Option<Utf8PathBuf> {
    if path.is_absolute() || !matches!(path.components().next(), Some(Utf8Component::Normal(_))) {
        return None;
    }
    let entries = root.read_dir_utf8().ok()?.take(MOST).flatten();
    let shown = entries.filter(|entry| !entry.file_name().starts_with('.'));
    let mut found = shown
        .map(|entry| Utf8Path::new(entry.file_name()).join(path))
        .filter(|path| root.join(path).exists());
    let first = found.next()?;
    if found.next().is_none() { Some(first) } else { None }
}

/// Where the path first leads nowhere, the nearest name that exists.
fn misspelt(root: &Utf8Path, path: &Utf8Path) -> Option<Utf8PathBuf> {
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
