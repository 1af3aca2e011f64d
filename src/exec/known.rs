//! What a digest in a record is of, by content: the definitions that a function reaches, the packages of
//! an environment. A side file for each digest names them, so that what changed can be named too. For
//! people: no build reads it, and it can be deleted at any time.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::file;
use crate::layout::Layout;
use crate::script::Reach;

/// What a digest is of: name, place and content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known(Vec<[String; 3]>);

impl Known {
    /// The definitions that a function reaches.
    pub fn of_code(reach: &Reach) -> Self {
        let item = |item: &crate::script::Item| {
            let name = match &item.name {
                Some(name) => format!("`{name}`"),
                None => "the whole module".to_owned(),
            };
            [name.replace(['\t', '\n'], " "), format!("{}:{}", item.file, item.line), item.digest.to_string()]
        };
        Self(reach.items.iter().map(item).collect())
    }

    /// Packages, as `name==version`.
    pub fn of_packages(packages: &[String]) -> Self {
        let split = |package: &String| {
            let (name, version) = package.split_once("==").unwrap_or((package, ""));
            [name.to_owned(), String::new(), version.to_owned()]
        };
        Self(packages.iter().map(split).collect())
    }

    /// Reads what `digest` is of.
    pub fn read(layout: &Layout, digest: Digest) -> Option<Self> {
        let text = std::fs::read_to_string(layout.known(digest)).ok()?;
        let line = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>().try_into().ok();
        text.lines().map(line).collect::<Option<_>>().map(Self)
    }

    /// Keeps it, as far as possible: nothing depends on it.
    pub(super) fn keep(&self, layout: &Layout, digest: Digest) {
        let path = layout.known(digest);
        if !path.exists() {
            let text: String = self.0.iter().map(|item| item.join("\t") + "\n").collect();
            let _ = file::write_if_changed(&path, text.as_bytes());
        }
    }
}

/// One thing that is not what it was: its name, where it is now, and how it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// File and line, or nothing.
    pub place: String,
    /// What it was, if it was.
    pub was: Option<String>,
    /// What it is, if it is.
    pub is: Option<String>,
}

/// What differs between two lists.
pub fn changed(old: &Known, new: &Known) -> Vec<Named> {
    // A place is a file and a line: what only moved has not changed.
    let id = |item: &[String; 3]| (item[0].clone(), item[1].split(':').next().unwrap_or_default().to_owned());
    let index = |known: &Known| {
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
            found.push(Named {
                name: item[0].clone(),
                place: item[1].clone(),
                was,
                is: Some(item[2].clone()),
            });
        }
    }
    for (id, items) in before.iter().filter(|(id, _)| !now.contains_key(*id)) {
        let was = items.first().map(|item| item[2].clone());
        found.push(Named { name: id.0.clone(), place: id.1.clone(), was, is: None });
    }
    found
}
