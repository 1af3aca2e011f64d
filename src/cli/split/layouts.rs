//! Where partitions and their stamps go.

use camino::{Utf8Path, Utf8PathBuf};

use crate::split::{Layout, is_same_file};

/// All partitions in one folder: `p1.csv` and `p1.stamp`.
pub(super) struct Flat {
    pub(super) folder: Utf8PathBuf,
    /// The file that is split: never a leftover, wherever it lies.
    pub(super) source: Option<Utf8PathBuf>,
    pub(super) extension: String,
}

impl Layout for Flat {
    fn data(&self, i: u64) -> Utf8PathBuf {
        self.folder.join(format!("p{i}.{}", self.extension))
    }

    fn stamp(&self, i: u64) -> Utf8PathBuf {
        self.folder.join(format!("p{i}.stamp"))
    }

    fn leftovers(&self, i: u64) -> Vec<Utf8PathBuf> {
        packed_otherwise(&self.data(i)).into_iter().filter(|path| !is_source(&self.source, path)).collect()
    }

    fn known(&self) -> Option<Utf8PathBuf> {
        Some(self.folder.join(".expops-split"))
    }
}

/// A file for each value, with its stamp beside it.
pub(super) struct ByValue {
    pub(super) folder: Utf8PathBuf,
    /// The file that is split.
    pub(super) source: Option<Utf8PathBuf>,
    pub(super) names: Vec<String>,
}

impl Layout for ByValue {
    fn data(&self, i: u64) -> Utf8PathBuf {
        self.folder.join(&self.names[i as usize - 1])
    }

    fn stamp(&self, i: u64) -> Utf8PathBuf {
        stamp_beside(&self.data(i))
    }

    /// Only what has a stamp is ours: anything may lie beside files that the user names.
    fn leftovers(&self, i: u64) -> Vec<Utf8PathBuf> {
        let is_ours = |path: &Utf8PathBuf| {
            let is_made = || self.names.iter().any(|name| self.folder.join(name) == *path);
            stamp_beside(path).is_file() && !is_source(&self.source, path) && !is_made()
        };
        let others = packed_otherwise(&self.data(i)).into_iter().filter(is_ours);
        others.flat_map(|path| [stamp_beside(&path), path]).collect()
    }
}

fn stamp_beside(path: &Utf8Path) -> Utf8PathBuf {
    format!("{path}.stamp").into()
}

fn is_source(source: &Option<Utf8PathBuf>, path: &Utf8Path) -> bool {
    source.as_ref().is_some_and(|source| is_same_file(source, path))
}

/// The names that the partition at `path` has had if it was packed in another way, or not at all.
fn packed_otherwise(path: &Utf8Path) -> Vec<Utf8PathBuf> {
    let plain = path.as_str();
    let plain = plain.strip_suffix(".gz").or(plain.strip_suffix(".zst")).unwrap_or(plain);
    let mut names = ["", ".gz", ".zst"].map(|ending| Utf8PathBuf::from(format!("{plain}{ending}"))).to_vec();
    names.retain(|name| name != path);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_value_has_left_is_ours_if_it_has_a_stamp() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::try_from(guard.path().to_owned()).unwrap();
        for name in ["a.csv.gz", "a.csv.gz.stamp", "b.csv.gz"] {
            std::fs::write(folder.join(name), name).unwrap();
        }
        let left = |names: &[&str], source: Option<&str>| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            let source = source.map(|name| folder.join(name));
            let layout = ByValue { folder: folder.clone(), source, names };
            (1..=layout.names.len() as u64).flat_map(|i| layout.leftovers(i)).collect::<Vec<_>>()
        };
        let gone = ["a.csv.gz.stamp", "a.csv.gz"].map(|name| folder.join(name));
        assert_eq!(left(&["a.csv", "b.csv"], None), gone);
        assert_eq!(left(&["a.csv.zst"], None), gone);
        assert!(left(&["a.csv", "a.csv.gz"], None).is_empty());
        assert!(left(&["a.csv"], Some("a.csv.gz")).is_empty());
    }
}
