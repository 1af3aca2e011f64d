//! Where partitions and their stamps go.

use camino::Utf8PathBuf;

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
        let plain = self.extension.strip_suffix(".gz").or(self.extension.strip_suffix(".zst"));
        let plain = plain.unwrap_or(&self.extension);
        let endings = [plain.to_owned(), format!("{plain}.gz"), format!("{plain}.zst")];
        let others = endings.into_iter().filter(|ending| *ending != self.extension);
        let is_source =
            |path: &Utf8PathBuf| self.source.as_ref().is_some_and(|source| is_same_file(source, path));
        others
            .map(|ending| self.folder.join(format!("p{i}.{ending}")))
            .filter(|path| !is_source(path))
            .collect()
    }

    fn known(&self) -> Option<Utf8PathBuf> {
        Some(self.folder.join(".expops-split"))
    }
}

/// A file for each value, with its stamp beside it.
pub(super) struct ByValue {
    pub(super) folder: Utf8PathBuf,
    pub(super) names: Vec<String>,
}

impl Layout for ByValue {
    fn data(&self, i: u64) -> Utf8PathBuf {
        self.folder.join(&self.names[i as usize - 1])
    }

    fn stamp(&self, i: u64) -> Utf8PathBuf {
        self.folder.join(format!("{}.stamp", self.names[i as usize - 1]))
    }
}
