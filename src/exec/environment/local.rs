//! Requirement files, what they name in the project, and what is in that: folders, wheels, editable packages (`-e`).
//! What comes from an index is identified by its version; these only by their content.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::lines::{self, Line};
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
    /// The files and those that they name with `-r` or `-c`.
    pub files: BTreeSet<Utf8PathBuf>,
    /// The files that they name on other machines.
    pub remote: BTreeSet<String>,
    /// The folders and wheels that they name; true for editable ones.
    pub local: BTreeMap<Utf8PathBuf, bool>,
    /// The digests of the variables that decide what they say.
    pub variables: BTreeMap<String, Digest>,
}

/// Reads requirement files and those that they name. Paths are relative to `project`.
///
/// # Errors
/// If one cannot be read.
pub(in crate::exec) fn requirements(
    files: &[Utf8PathBuf],
    project: &Utf8Path,
) -> Result<Requirements, Failure> {
    read(files, project, |path| Ok(file::context(file::read_regular(path), "read", path)?))
}

/// The same before they are needed: one that cannot be read by now is listed, and names nothing.
pub(in crate::exec) fn foreseen(files: &[Utf8PathBuf], project: &Utf8Path) -> Requirements {
    read(files, project, |path| Ok(file::read_regular(path).unwrap_or_default())).unwrap_or_default()
}

fn read(
    files: &[Utf8PathBuf],
    project: &Utf8Path,
    bytes_of: impl Fn(&Utf8Path) -> Result<Vec<u8>, Failure>,
) -> Result<Requirements, Failure> {
    let mut found = Requirements::default();
    let first = files.iter().map(|path| (file::normal(path), None));
    let mut waiting: BTreeMap<Utf8PathBuf, Option<Utf8PathBuf>> = first.collect();
    while let Some((path, by)) = waiting.pop_first() {
        let bytes = bytes_of(&file::normal(&project.join(&path)));
        let text = lines::text(&bytes.map_err(|failure| said_by(failure, &path, by.as_deref()))?);
        found.files.insert(path.clone());
        for line in found.lines_of(&path, &text) {
            if let Line::File(name) = &line {
                let folder = path.parent().unwrap_or(Utf8Path::new(""));
                let named = file::normal(&folder.join(name));
                waiting.entry(named).or_insert_with(|| Some(path.clone()));
            }
            found.add(line, &path, project);
        }
        waiting.retain(|path, _| !found.files.contains(path));
    }
    Ok(found)
}

/// Adds to the failure to read a requirement file who names it.
fn said_by(failure: Failure, path: &Utf8Path, by: Option<&Utf8Path>) -> Failure {
    let Some(by) = by else { return failure };
    let unset = match path.as_str().contains("${") {
        true => "; pip puts in the value of `${NAME}` only if that variable is set",
        false => "",
    };
    failure.help(format!("`{by}` names it{unset}"))
}

impl Requirements {
    /// What the lines of the file at `path` name.
    fn lines_of(&mut self, path: &Utf8Path, text: &str) -> Vec<Line> {
        if is_project_of_uv(path) {
            return text.lines().map(locked).collect();
        }
        let value = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let lines = lines::lines(text, value);
        let digest = |name: String| {
            let digest = Digest::of(value(&name).unwrap_or_default());
            (name, digest)
        };
        self.variables.extend(lines.variables.into_iter().map(digest));
        lines.lines.iter().map(|line| lines::named(line)).collect()
    }

    /// Adds what a line of the file at `path` names, but for other requirement files.
    fn add(&mut self, line: Line, path: &Utf8Path, project: &Utf8Path) {
        match line {
            Line::Local { path: named, is_editable } => {
                // pip resolves some paths from its working folder and some from the file, uv all from the file.
                let folder = path.parent().unwrap_or(Utf8Path::new(""));
                let places =
                    BTreeSet::from([file::normal(Utf8Path::new(&named)), file::normal(&folder.join(&named))]);
                for place in places.into_iter().filter(|place| project.join(place).exists()) {
                    *self.local.entry(place).or_default() |= is_editable;
                }
            }
            Line::Remote(name) => drop(self.remote.insert(name)),
            Line::File(_) | Line::Nothing => {}
        }
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
fn locked(line: &str) -> Line {
    let source = line.trim().strip_prefix("source = {").and_then(|text| text.trim().strip_suffix('}'));
    let Some((kind, path)) = source.and_then(|text| text.split_once('=')) else { return Line::Nothing };
    let path = path.trim().trim_matches('"');
    match kind.trim() {
        "editable" | "directory" | "path" if path != "." => {
            Line::Local { path: path.to_owned(), is_editable: kind.trim() == "editable" }
        }
        _ => Line::Nothing,
    }
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
