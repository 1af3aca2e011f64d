//! Entries: what one key stands for.

use std::io::{self, Write as _};
use std::{fs, time};

use camino::Utf8Path;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::object::Held;
use super::store::{Cache, VERSION, remove};
use crate::digest::Digest;

/// What one key stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    version: u32,
    /// What the code said: output keys with format, digest and rows; metrics.
    pub answer: Value,
    /// The files that it made.
    pub files: Vec<Held>,
}

impl Cache {
    /// The entry of `key`, if it and its objects are there. Looking is not using.
    ///
    /// # Errors
    /// If the folder cannot be read. A damaged entry is no error: it is dropped.
    pub(crate) fn lookup(&self, key: Digest) -> io::Result<Option<Entry>> {
        let path = self.entry(key);
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8(bytes).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let entry = read(&text).filter(|entry| entry.files.iter().all(|held| self.holds(held)));
        if entry.is_none() {
            remove(&path)?;
        }
        Ok(entry)
    }

    /// Puts the files of an entry into `folder`, which has none of them, and says whether all of them are
    /// what they were. If not, what is damaged is dropped, and so is the entry.
    ///
    /// # Errors
    /// If files cannot be read or written.
    pub(crate) fn restore(&self, key: Digest, entry: &Entry, folder: &Utf8Path) -> io::Result<bool> {
        let path = self.entry(key);
        let mut is_whole = true;
        for held in &entry.files {
            // All of them are looked at, so that no damaged one stays behind for the next to find.
            is_whole &= self.fetch(held, folder)?;
        }
        if !is_whole {
            remove(&path)?;
            return Ok(false);
        }
        // The time orders entries for trimming, nothing else: a cache that cannot be written still serves.
        let now = time::SystemTime::now();
        let _ = fs::File::options().append(true).open(&path).and_then(|file| file.set_modified(now));
        Ok(true)
    }

    /// Remembers `answer` under `key`, with every file in the parts (`out`, `files`) of `folder`. What
    /// cannot be remembered for other places (a link that leads out of the folder) is not.
    ///
    /// # Errors
    /// If files cannot be read or written; nothing is remembered then.
    pub(crate) fn publish(
        &self,
        key: Digest,
        answer: Value,
        folder: &Utf8Path,
        parts: &[&str],
    ) -> io::Result<()> {
        let mut files = Vec::new();
        for part in parts {
            match self.keep(folder, part)? {
                Some(held) => files.extend(held),
                None => return Ok(()),
            }
        }
        let text = serde_json::to_string(&Entry { version: VERSION, answer, files })?;
        let path = self.entry(key);
        let mut temporary = self.temporary()?;
        writeln!(temporary, "{}\n{text}", Digest::of(&text))?;
        self.settle(temporary, &path)
    }

    /// Forgets what `key` stands for.
    ///
    /// # Errors
    /// If the entry cannot be removed.
    pub(crate) fn forget(&self, key: Digest) -> io::Result<()> {
        remove(&self.entry(key))
    }
}

/// The entry in a text whose first line vouches for the rest.
pub(super) fn read(text: &str) -> Option<Entry> {
    let (digest, rest) = text.split_once('\n')?;
    let rest = rest.trim_end_matches('\n');
    let entry: Entry =
        (digest.parse() == Ok(Digest::of(rest))).then(|| serde_json::from_str(rest).ok())??;
    (entry.version == VERSION).then_some(entry)
}
