//! Lists of reads: what a run reads beyond what is known in advance, only earlier runs can tell. The key of what is
//! known leads to the lists of those runs; if one of them still holds, it leads to that run's entry.

use std::io::{self, Write as _};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::entry::{Kind, sealed};
use super::store::{Cache, remove, vouched};
use crate::digest::Digest;
use crate::file;

/// At most this many lists are kept for a key: the oldest goes.
pub(super) const MOST: usize = 32;

/// What one run read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct List {
    /// The key of its entry, only for trimming: whoever trusts the list computes the key anew.
    pub entry: Digest,
    /// What it read.
    pub reads: Value,
}

impl Cache {
    pub(super) fn lists_of(&self, key: Digest) -> Utf8PathBuf {
        self.part("lists").join(key.to_string())
    }

    /// The lists of runs with this key, newest first. Unreadable ones are treated as missing.
    pub(crate) fn lists(&self, key: Digest) -> Vec<List> {
        let text = file::read_regular_text(self.lists_of(key)).unwrap_or_default();
        vouched(&text).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Adds a list, or makes it the newest.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn add_list(&self, key: Digest, list: List) -> io::Result<()> {
        let mut lists = self.lists(key);
        if self.is_read_only() || !make_newest(&mut lists, list) {
            return Ok(());
        }
        self.write_lists(key, &lists)
    }

    fn write_lists(&self, key: Digest, lists: &[List]) -> io::Result<()> {
        let text = serde_json::to_string(lists)?;
        let mut temporary = self.temporary()?;
        temporary.write_all(sealed(&text, (Kind::Lists, key), None).as_bytes())?;
        self.settle(temporary, &self.lists_of(key))
    }

    /// Drops lists whose entries are gone.
    pub(super) fn trim_lists(&self, key: Digest) -> io::Result<()> {
        let lists = self.lists(key);
        let kept: Vec<_> = lists.iter().filter(|list| self.entry(list.entry).exists()).cloned().collect();
        match kept.len() {
            0 => remove(&self.lists_of(key)),
            all if all == lists.len() => Ok(()),
            _ => self.write_lists(key, &kept),
        }
    }
}

/// Puts a list before all others, of which the oldest may go; false if it is there already.
pub(super) fn make_newest(lists: &mut Vec<List>, list: List) -> bool {
    if lists.first() == Some(&list) {
        return false;
    }
    lists.retain(|other| *other != list);
    lists.insert(0, list);
    lists.truncate(MOST);
    true
}
