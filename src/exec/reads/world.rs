//! Checks whether what a run read has changed since.

use std::env;
use std::ffi::OsString;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use crate::cache;
use crate::digest::{Digest, Hasher};
use crate::exec::content::tree;
use crate::exec::content::trust::Trust;
use crate::exec::key::action_key::ActionKey;
use crate::exec::key::ingredient::Fingerprint;
use crate::exec::key::ingredient::{Ingredient, Rooted};
use crate::exec::key::roots::Roots;
use crate::exec::uncounted::may_count;
use crate::file;

/// The fingerprint of a file that changed while it was read, or that the run itself changes: equal to no other.
pub(in crate::exec) const UNSTABLE: &str = "it changed while it ran";

/// The present state of what `reads` lists.
pub(in crate::exec) fn now(reads: &ActionKey, roots: &Roots, trust: &Trust) -> ActionKey {
    let mut now = ActionKey::default();
    for (ingredient, was) in reads.ingredients() {
        now.add(ingredient.clone(), fingerprint(ingredient, was, roots, trust));
    }
    now
}

/// Whether everything that `reads` lists is unchanged. Stops at the first difference.
pub(in crate::exec) fn holds(reads: &ActionKey, roots: &Roots, trust: &Trust) -> bool {
    reads.ingredients().iter().all(|(ingredient, was)| fingerprint(ingredient, was, roots, trust) == *was)
}

/// The paths that `reads` lists, relative to the project or absolute.
pub(in crate::exec) fn paths(reads: &ActionKey, roots: &Roots) -> Vec<Utf8PathBuf> {
    let path = |(ingredient, _): &(Ingredient, Fingerprint)| Some(roots.path(path_of(ingredient)?));
    let mut paths: Vec<_> = reads.ingredients().iter().filter_map(path).collect();
    for (ingredient, _) in reads.ingredients() {
        if let Ingredient::ReadTree(tree) = ingredient {
            paths.extend(inside(&roots.path(tree)).take(MOST));
        }
    }
    paths
}

/// The paths of what had changed before the run that read it had ended.
pub(in crate::exec) fn unstable(reads: &ActionKey, roots: &Roots) -> Vec<Utf8PathBuf> {
    let is_unstable = |was: &Fingerprint| was.text() == Some(UNSTABLE);
    let all = reads.ingredients().iter().filter(|(_, was)| is_unstable(was));
    all.filter_map(|(ingredient, _)| Some(roots.path(path_of(ingredient)?))).collect()
}

/// More files and folders of a tree than this a build tool is not told of: `expops run` looks at all.
const MOST: usize = 10_000;

/// The files and folders in a tree.
fn inside(tree: &Utf8Path) -> impl Iterator<Item = Utf8PathBuf> {
    let walk =
        walkdir::WalkDir::new(tree).follow_links(true).into_iter().filter_entry(|entry| !is_hidden(entry));
    walk.flatten().filter_map(|entry| Utf8PathBuf::try_from(entry.into_path()).ok())
}

/// What people and tools keep beside their data, and no process means to read.
fn is_hidden(entry: &walkdir::DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.depth() > 0 && (name.starts_with('.') || name == "__pycache__")
}

fn path_of(ingredient: &Ingredient) -> Option<&Rooted> {
    match ingredient {
        Ingredient::ReadFile(path)
        | Ingredient::ReadFolder(path)
        | Ingredient::ReadTree(path)
        | Ingredient::Absent(path) => Some(path),
        _ => None,
    }
}

/// The present fingerprint of `ingredient`, of the same kind as `was`.
fn fingerprint(ingredient: &Ingredient, was: &Fingerprint, roots: &Roots, trust: &Trust) -> Fingerprint {
    match ingredient {
        Ingredient::ReadFile(path) if was.text().is_some() => length(&roots.path(path)),
        Ingredient::ReadFile(path) => content(&roots.path(path), trust),
        Ingredient::ReadFolder(path) => listing(&roots.path(path), roots),
        Ingredient::ReadTree(path) => whole(&roots.path(path), roots, trust),
        Ingredient::Absent(path) => absence(&roots.path(path)),
        Ingredient::Variable(name) => variable(name),
        _ => was.clone(),
    }
}

fn missing() -> Fingerprint {
    Fingerprint::Text("nothing".to_owned())
}

/// The content of a file.
pub(in crate::exec) fn content(path: &Utf8Path, trust: &Trust) -> Fingerprint {
    if !path.is_file() {
        return missing();
    }
    tree::digest(path, trust).map_or_else(|_| missing(), Fingerprint::Digest)
}

/// How long a file is that was only looked up, whether it can be executed, and where it leads to if it is a link.
pub(in crate::exec) fn length(path: &Utf8Path) -> Fingerprint {
    let link = fs::read_link(path).ok().map(|to| Digest::of(to.as_os_str().as_encoded_bytes()));
    let link = link.map(|to| format!(", a link to {to}")).unwrap_or_default();
    let what = match fs::metadata(path) {
        Ok(meta) if tree::is_executable(path) => format!("{} bytes, executable", meta.len()),
        Ok(meta) if meta.is_file() => format!("{} bytes", meta.len()),
        Ok(_) => "a folder".to_owned(),
        Err(_) => "nothing".to_owned(),
    };
    Fingerprint::Text(format!("{what}{link}"))
}

/// What `expops` writes into the project's own folder unless it is told otherwise.
const GENERATED: [&str; 3] = ["build.ninja", "Makefile", "build.sh"];

/// Whether a build changes what is there, in the folder of a project or above it.
pub(in crate::exec) fn is_of_builds(path: &Utf8Path, roots: &Roots) -> bool {
    let name = path.file_name().unwrap_or_default();
    let is_in_project = path.parent() == Some(roots.project());
    roots.leads_to_the_build(path) || is_in_project && (name.starts_with('.') || GENERATED.contains(&name))
}

/// The names in a folder, each with its kind; not those of copies that the build makes there.
pub(in crate::exec) fn listing(path: &Utf8Path, roots: &Roots) -> Fingerprint {
    let Ok(entries) = fs::read_dir(path) else { return missing() };
    let kind = |entry: &fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => "folder",
        Ok(kind) if kind.is_symlink() => "link",
        _ => "file",
    };
    let name = |entry: fs::DirEntry| {
        [entry.file_name().as_encoded_bytes(), b"\0", kind(&entry).as_bytes(), b"\n"].concat()
    };
    let is_made = |entry: &fs::DirEntry| {
        let path =
            entry.file_name().to_str().map(|name| file::normal(&roots.project().join(path).join(name)));
        path.is_some_and(|path| roots.is_export(&path) || is_of_builds(&path, roots))
    };
    let mut names: Vec<_> = entries
        .flatten()
        .filter(|entry| !is_made(entry))
        .map(name)
        .filter(|name| !name.starts_with(b"__pycache__\0"))
        .collect();
    names.sort();
    Fingerprint::Digest(Digest::of(names.concat()))
}

/// The files in a folder, at any depth; not the copies that the build makes there.
pub(in crate::exec) fn files(path: &Utf8Path, roots: &Roots) -> impl Iterator<Item = Utf8PathBuf> {
    inside(path).filter(|file| file.is_file() && !roots.is_export(&file::normal(file)))
}

/// Whether a folder holds nothing but copies that the build made there. They count no more if they are no copies any more.
pub(in crate::exec) fn holds_only_copies(path: &Utf8Path, roots: &Roots) -> bool {
    let mut all = inside(path).filter(|file| file.is_file());
    all.next().is_some() && files(path, roots).next().is_none()
}

/// Everything in a folder, at any depth; not the copies that the build makes there.
pub(in crate::exec) fn whole(path: &Utf8Path, roots: &Roots, trust: &Trust) -> Fingerprint {
    if !path.is_dir() {
        return missing();
    }
    let mut hasher = Hasher::new();
    let mut files: Vec<_> = files(path, roots).collect();
    files.sort();
    for file in &files {
        let Ok(content) = trust.bytes(file) else { continue };
        hasher.update(format!("{}\0{content}\n", file.strip_prefix(path).unwrap_or(file)));
    }
    Fingerprint::Digest(hasher.finish())
}

/// Whether there is still nothing there.
pub(in crate::exec) fn absence(path: &Utf8Path) -> Fingerprint {
    if path.symlink_metadata().is_ok() { Fingerprint::Text("something".to_owned()) } else { missing() }
}

/// The digest of a variable's value; no instance has seen that of a secret. `APP_*` is all whose names begin so.
pub(in crate::exec) fn variable(name: &str) -> Fingerprint {
    if let Some(beginning) = name.strip_suffix('*') {
        return variables_with(beginning);
    }
    match env::var_os(name).filter(|_| !cache::secrets().contains(&name)) {
        Some(value) => Fingerprint::Digest(Digest::of(value.as_encoded_bytes())),
        None => not_set(),
    }
}

fn variables_with(beginning: &str) -> Fingerprint {
    let counts =
        |name: &str| name.starts_with(beginning) && may_count(name) && !cache::secrets().contains(&name);
    let entry = |(name, value): (OsString, OsString)| {
        let name = name.into_string().ok().filter(|name| counts(name))?;
        Some([name.as_bytes(), b"=", value.as_encoded_bytes(), b"\0"].concat())
    };
    let mut all: Vec<_> = env::vars_os().filter_map(entry).collect();
    all.sort();
    if all.is_empty() { not_set() } else { Fingerprint::Digest(Digest::of(all.concat())) }
}

/// The fingerprint of a variable that is not set.
pub(in crate::exec) fn not_set() -> Fingerprint {
    Fingerprint::Text("not set".to_owned())
}
