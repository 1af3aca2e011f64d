//! Requirement files, what they name in the project, and what is in that: folders, wheels, editable packages (`-e`).
//! What comes from an index is identified by its version; these only by their content.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use crate::digest::{Digest, Hasher};
use crate::exec::failure::Failure;
use crate::file;

/// Folders that packages are never made from.
const SKIPPED: [&str; 6] = ["__pycache__", "node_modules", "build", "dist", "venv", "env"];

/// The file by which a folder is a Python package, whatever its name.
const OF_A_PACKAGE: &str = "__init__.py";

/// The files, besides its code, that decide how a package is installed.
const PACKAGING: [&str; 4] = ["pyproject.toml", "setup.py", "setup.cfg", "MANIFEST.in"];

/// The result of reading requirement files.
#[derive(Debug, Default)]
pub(in crate::exec) struct Requirements {
    /// The files and those that they name with `-r` or `-c`, with their digests.
    pub files: BTreeMap<Utf8PathBuf, Digest>,
    /// The folders and wheels that they name; true for editable ones.
    pub local: BTreeMap<Utf8PathBuf, bool>,
}

/// Reads requirement files and those that they name. Paths are relative to `project`.
///
/// # Errors
/// If one cannot be read.
pub(in crate::exec) fn requirements(
    files: &[Utf8PathBuf],
    project: &Utf8Path,
) -> Result<Requirements, Failure> {
    read(files, project, |path| Ok(file::read_text(path)?))
}

/// The same before they are needed: one that cannot be read by now is listed, and names nothing.
pub(in crate::exec) fn foreseen(files: &[Utf8PathBuf], project: &Utf8Path) -> Requirements {
    read(files, project, |path| Ok(file::read_text(path).unwrap_or_default())).unwrap_or_default()
}

fn read(
    files: &[Utf8PathBuf],
    project: &Utf8Path,
    text_of: impl Fn(&Utf8Path) -> Result<String, Failure>,
) -> Result<Requirements, Failure> {
    let mut found = Requirements::default();
    let mut waiting: BTreeSet<Utf8PathBuf> = files.iter().map(|path| file::normal(path)).collect();
    while let Some(path) = waiting.pop_first() {
        let text = text_of(&file::normal(&project.join(&path)))?;
        found.files.insert(path.clone(), Digest::of(&text));
        let folder = path.parent().unwrap_or(Utf8Path::new(""));
        for line in text.replace("\\\n", " ").lines() {
            match if is_project_of_uv(&path) { locked(line) } else { named(line) } {
                Line::File(name) => drop(waiting.insert(file::normal(&folder.join(name)))),
                Line::Local { path, is_editable } => {
                    // pip resolves paths from its working folder, uv from the file.
                    let places = [Utf8PathBuf::from(path), folder.join(path)];
                    if let Some(place) = places.into_iter().find(|place| project.join(place).exists()) {
                        *found.local.entry(file::normal(&place)).or_default() |= is_editable;
                    }
                }
                Line::Nothing => {}
            }
        }
        waiting.retain(|path| !found.files.contains_key(path));
    }
    Ok(found)
}

/// What a line of a requirement file names on this machine.
#[derive(Debug, PartialEq, Eq)]
enum Line<'l> {
    File(&'l str),
    Local { path: &'l str, is_editable: bool },
    Nothing,
}

fn named(line: &str) -> Line<'_> {
    let line = line.split(" #").next().unwrap_or_default().trim();
    let after = |flags: &[&str]| {
        let rest = flags.iter().find_map(|flag| line.strip_prefix(flag))?;
        Some(rest.trim_start_matches(['=', ' ', '\t']).trim())
    };
    if let Some(name) = after(&["--requirement", "--constraint", "-r", "-c"]) {
        // A file on another machine cannot be watched.
        return if name.contains("://") { Line::Nothing } else { Line::File(name.trim_matches(['"', '\''])) };
    }
    let editable = after(&["--editable", "-e"]);
    if let Some(text) = editable.or(after(&["--find-links", "-f"])) {
        return local(text)
            .map_or(Line::Nothing, |path| Line::Local { path, is_editable: editable.is_some() });
    }
    let text = match line.split_once(" @ ") {
        Some((_, url)) => url.trim(),
        None => line,
    };
    let is_path = text.starts_with('.') || text.contains('/') || is_archive(text);
    match local(text).filter(|_| is_path && !line.starts_with('-') && !line.starts_with('#')) {
        Some(path) => Line::Local { path, is_editable: false },
        None => Line::Nothing,
    }
}

/// Whether it is a lock file written by `uv lock`.
pub(in crate::exec) fn is_lock(path: &Utf8Path) -> bool {
    path.file_name() == Some("uv.lock")
}

/// Whether it is one of the two files of a project of `uv`, which are written in TOML.
fn is_project_of_uv(path: &Utf8Path) -> bool {
    is_lock(path) || path.file_name() == Some("pyproject.toml")
}

/// What a line of `uv.lock` names on this machine: `source = { editable = "lib" }`. The project itself is not
/// installed.
fn locked(line: &str) -> Line<'_> {
    let source = line.trim().strip_prefix("source = {").and_then(|text| text.trim().strip_suffix('}'));
    let Some((kind, path)) = source.and_then(|text| text.split_once('=')) else { return Line::Nothing };
    let path = path.trim().trim_matches('"');
    match kind.trim() {
        "editable" | "directory" | "path" if path != "." => {
            Line::Local { path, is_editable: kind.trim() == "editable" }
        }
        _ => Line::Nothing,
    }
}

fn is_archive(text: &str) -> bool {
    let name = text.split([';', '[', ' ']).next().unwrap_or_default();
    [".whl", ".zip", ".tar.gz", ".tar.bz2"].iter().any(|end| name.ends_with(end))
}

/// The path in a requirement that may go on with extras, a marker or an egg name; `None` if it is not a local one.
fn local(text: &str) -> Option<&str> {
    let text = text.split(" ;").next()?.split("; ").next()?.split('#').next()?.trim();
    let text = text.strip_prefix("file://").or(text.strip_prefix("file:")).unwrap_or(text);
    let text = match text.split_once('[') {
        Some((path, _)) => path,
        None => text,
    };
    let text = text.trim_matches(['"', '\'']);
    (!text.is_empty() && !text.contains("://") && !text.contains('$')).then_some(text)
}

/// The files in a folder that a package may be made from, or the file itself, sorted; with their folders, if `folders`.
/// If the folder contains the project, only its code counts: the rest is data and what builds made. Paths are relative
/// to `project`.
pub(in crate::exec) fn inside(path: &Utf8Path, project: &Utf8Path, folders: bool) -> Vec<Utf8PathBuf> {
    let start = file::normal(&project.join(path));
    let is_own = start.canonicalize_utf8().ok().zip(project.canonicalize_utf8().ok());
    let is_own = is_own.is_some_and(|(start, project)| project.starts_with(start));
    let entries = walkdir::WalkDir::new(&start).sort_by_file_name().into_iter().filter_entry(|entry| {
        entry.depth() == 0 || !(entry.file_type().is_dir() && is_skipped(entry.path()))
    });
    let wanted = entries.flatten().filter_map(|entry| {
        let is_folder = entry.file_type().is_dir();
        let found = Utf8PathBuf::try_from(entry.into_path()).ok()?;
        let is_wanted = if is_folder { folders && !is_own } else { is_part(&found, is_own) };
        let inner = found.strip_prefix(&start).ok()?;
        is_wanted.then(|| file::normal(&path.join(inner)))
    });
    wanted.collect()
}

/// Whether packages are never made from a folder: leftovers of tools, hidden folders, a build folder.
fn is_skipped(path: &std::path::Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_package = path.join(OF_A_PACKAGE).exists();
    let is_left =
        (SKIPPED.contains(&&*name) && !is_package) || name.ends_with(".egg-info") || name.starts_with('.');
    is_left || path.join(".expops").exists()
}

/// Whether a package may be made from this file.
fn is_part(path: &Utf8Path, is_own: bool) -> bool {
    let is_code = matches!(path.extension(), Some("py" | "pyx" | "c" | "cpp" | "h"));
    let is_packaging = PACKAGING.contains(&path.file_name().unwrap_or_default());
    path.extension() != Some("pyc") && (!is_own || is_code || is_packaging)
}

/// The digest of what a package may be made from: names and contents.
///
/// # Errors
/// If a file cannot be read.
pub(in crate::exec) fn digest(path: &Utf8Path) -> Result<Digest, Failure> {
    let mut hasher = Hasher::new();
    for file in inside(path, Utf8Path::new("."), false).iter().filter(|file| file.is_file()) {
        let digest = file::context(Digest::of_file(file), "read", file)?;
        hasher.update(format!("{}\0{digest}\n", file.strip_prefix(path).unwrap_or(file)));
    }
    Ok(hasher.finish())
}

/// The files in a package's folder that decide how it is installed.
pub(in crate::exec) fn packaging(path: &Utf8Path) -> impl Iterator<Item = Utf8PathBuf> {
    PACKAGING.iter().map(|name| file::normal(&path.join(name))).filter(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_files_folders_and_wheels() {
        let local = |path| Line::Local { path, is_editable: false };
        let editable = |path| Line::Local { path, is_editable: true };
        for (line, expected) in [
            ("numpy==2.0", Line::Nothing),
            ("numpy>=2; python_version < '3.14'", Line::Nothing),
            ("# ./lib", Line::Nothing),
            ("-r more.txt", Line::File("more.txt")),
            ("--constraint=limits.txt # why", Line::File("limits.txt")),
            ("-r https://host/x.txt", Line::Nothing),
            ("./lib", local("./lib")),
            ("./lib[extra] ; python_version > '3'", local("./lib")),
            ("../lib", local("../lib")),
            ("wheels/a-1.0-py3-none-any.whl", local("wheels/a-1.0-py3-none-any.whl")),
            ("a-1.0-py3-none-any.whl", local("a-1.0-py3-none-any.whl")),
            ("mylib @ file:///opt/mylib", local("/opt/mylib")),
            ("mylib @ https://host/mylib.zip", Line::Nothing),
            ("git+https://host/x/y", Line::Nothing),
            ("-e ./lib", editable("./lib")),
            ("-e .", editable(".")),
            ("--editable=lib", editable("lib")),
            ("-e file:lib#egg=lib", editable("lib")),
            ("-e git+https://host/x#egg=x", Line::Nothing),
            ("--find-links ./wheels", local("./wheels")),
            ("--index-url https://host/simple", Line::Nothing),
        ] {
            assert_eq!(named(line), expected, "{line}");
        }
    }

    #[test]
    fn a_package_may_have_the_name_of_what_tools_leave() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(guard.path()).unwrap();
        for file in
            ["setup.py", "build/__init__.py", "dist/lib-1.0.whl", "env/pyvenv.cfg", "x/dist/__init__.py"]
        {
            file::create_folder(folder.join(file).parent().unwrap()).unwrap();
            std::fs::write(folder.join(file), "").unwrap();
        }
        let found = inside(folder, Utf8Path::new("/nowhere"), false);
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(folder).unwrap().as_str()).collect();
        assert_eq!(names, ["build/__init__.py", "setup.py", "x/dist/__init__.py"]);
    }
}
