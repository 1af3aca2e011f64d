//! What a digest in a record covers: the definitions that a function reaches, the packages of an environment, the files
//! in a folder, the lines of a text. A side file for each digest lists them, so that what changed can be named. For
//! people only: no build reads it, and it can be deleted at any time.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8DirEntry, Utf8Path, Utf8PathBuf};

use super::lines;
use super::tree;
use super::trust::Trust;
use crate::digest::Digest;
use crate::file::{self, FileError};
use crate::layout::Layout;
use crate::script::Reach;

/// The name given to a module that counts as a whole.
pub(crate) const WHOLE: &str = "the whole module";

/// Separates the place of such a module from the reason.
const AS_A_WHOLE: &str = "; it counts as a whole because ";

/// Separates the place of a definition from that of a text, if nothing else mentions it.
const IN_A_TEXT: &str = "; mentioned in a text, ";

/// What a digest covers: name, place and content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inventory(Vec<[String; 3]>);

impl Inventory {
    /// The definitions that a function reaches.
    pub(crate) fn of_code(reach: &Reach) -> Self {
        let item = |item: &crate::script::Item| {
            let name = match &item.name {
                Some(name) => format!("`{name}`"),
                None => WHOLE.to_owned(),
            };
            let separator = if item.name.is_some() { IN_A_TEXT } else { AS_A_WHOLE };
            let why = item.why.as_ref().map(|why| format!("{separator}{why}")).unwrap_or_default();
            let place = format!("{}:{}{why}", item.file, item.line);
            let [name, place] = [name, place].map(|text| text.replace(['\t', '\n'], " "));
            [name, place, item.digest.to_string()]
        };
        Self(reach.items.iter().chain(&reach.inside).map(item).collect())
    }

    /// Packages, as `name==version`.
    pub(crate) fn of_packages(packages: &[String]) -> Self {
        let split = |package: &String| {
            let (name, version) = package.split_once("==").unwrap_or((package, ""));
            [name.to_owned(), String::new(), version.to_owned()]
        };
        Self(packages.iter().map(split).collect())
    }

    /// The files in a folder, or the lines of a text; nothing if `path` is neither.
    pub(in crate::exec) fn of_path(path: &Utf8Path, trust: &Trust) -> Self {
        if !path.is_dir() {
            return Self(lines::runs(path).unwrap_or_default());
        }
        let file = |(name, digest): (Utf8PathBuf, Digest)| {
            [format!("`{name}`").replace(['\t', '\n'], " "), String::new(), digest.to_string()]
        };
        Self(tree::files(path, trust).unwrap_or_default().into_iter().map(file).collect())
    }

    /// Reads what `digest` covers.
    pub(crate) fn read(layout: &Layout, digest: Digest) -> Option<Self> {
        let text = file::read_regular_text(layout.known(digest)).ok()?;
        let line = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>().try_into().ok();
        text.lines().map(line).collect::<Option<_>>().map(Self)
    }

    /// Stores what `digest` covers, if possible: nothing depends on it.
    pub(in crate::exec) fn keep(layout: &Layout, digest: Digest, known: impl FnOnce() -> Self) {
        let path = layout.known(digest);
        if !path.exists() {
            let text: String = known().0.iter().map(|item| item.join("\t") + "\n").collect();
            let _ = file::write_if_changed(&path, text.as_bytes());
        }
    }

    /// Removes what is known of digests other than those in `wanted`.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub(crate) fn forget_all_but(layout: &Layout, wanted: &BTreeSet<Digest>) -> Result<(), FileError> {
        let Ok(entries) = layout.all_known().read_dir_utf8() else { return Ok(()) };
        let is_unwanted = |entry: &Utf8DirEntry| {
            entry.file_name().parse().is_ok_and(|digest: Digest| !wanted.contains(&digest))
        };
        entries.flatten().filter(is_unwanted).try_for_each(|entry| file::remove(entry.path()))
    }
}

impl Difference {
    /// The file of a module that counts as a whole, and why it does.
    pub(crate) fn as_a_whole(&self) -> Option<(&str, &str)> {
        let (place, why) = self.place.split_once(AS_A_WHOLE)?;
        Some((place.rsplit_once(':').map_or(place, |(file, _)| file), why))
    }

    /// The place of a definition, and that of the text that alone mentions it.
    pub(crate) fn in_a_text(&self) -> Option<(&str, &str)> {
        self.place.split_once(IN_A_TEXT)
    }
}

/// One thing that changed: its name, where it is now, and how it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Its name.
    pub name: String,
    /// File and line, or nothing.
    pub place: String,
    /// What it was, if it existed.
    pub was: Option<String>,
    /// What it is, if it still exists.
    pub is: Option<String>,
}

/// Where two texts differ, in one clause; `None` if they are not texts.
pub(crate) fn place(old: &Inventory, new: &Inventory) -> Option<String> {
    lines::difference(&old.0, &new.0)
}

/// What differs between two lists.
pub(crate) fn changed(old: &Inventory, new: &Inventory) -> Vec<Difference> {
    if lines::are(&old.0) || lines::are(&new.0) {
        return Vec::new();
    }
    // A place is a file and a line: a definition that only moved has not changed.
    let id = |item: &[String; 3]| (item[0].clone(), item[1].split(':').next().unwrap_or_default().to_owned());
    let index = |known: &Inventory| {
        let mut all: BTreeMap<_, Vec<[String; 3]>> = BTreeMap::new();
        known.0.iter().for_each(|item| all.entry(id(item)).or_default().push(item.clone()));
        all
    };
    let (before, now) = (index(old), index(new));
    let mut found = Vec::new();
    for (id, items) in &now {
        let none = Vec::new();
        let were = before.get(id).unwrap_or(&none);
        for item in items.iter().filter(|item| !were.iter().any(|was| was[2] == item[2])) {
            let was = were.first().map(|was| was[2].clone());
            found.push(Difference {
                name: item[0].clone(),
                place: item[1].clone(),
                was,
                is: Some(item[2].clone()),
            });
        }
    }
    for (id, items) in before.iter().filter(|(id, _)| !now.contains_key(*id)) {
        let was = items.first().map(|item| item[2].clone());
        found.push(Difference { name: id.0.clone(), place: id.1.clone(), was, is: None });
    }
    found
}
