//! Results by action key: what the user's code made once is not computed a second time, in this checkout
//! or in another that shares the folder. Knows nothing of processes: an entry is an answer and the files
//! that belong to it.
//!
//! | path, below `v2` | what |
//! | --- | --- |
//! | `entries/KEY` | a line with the digest of the rest, and the entry as JSON; its time is that of its last use |
//! | `objects/AB/SHA256` | a file's content |
//! | `tmp/` | writes under way, or cut short |
//!
//! Another version of the format has a folder of its own, so that no version meets what another one wrote. The first
//! version had none: its `entries`, `objects` and `tmp` are in the folder itself.
//!
//! Everything is written under `tmp` and renamed, so that any number of writers can share a folder and a
//! killed one leaves nothing but litter. Nothing is believed: objects are hashed while they are restored,
//! and what is damaged is dropped. Objects are copied in and out (the system clones the blocks where it
//! can), never linked: a later write to a restored file cannot reach the cache.

mod object;
mod trim;

use std::io::{self, Write as _};
use std::{fs, time};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;
pub(crate) use object::Held;
pub(crate) use trim::{parse_size, shown_size};

/// The version of the entries' format, and of what their keys are digests of.
const VERSION: u32 = 2;

/// Names the folder of a cache that several checkouts share.
pub(crate) const VARIABLE: &str = "EXPOPS_CACHE_DIR";

/// How the names of writes under way begin.
const TEMPORARY: &str = "new-";

/// A folder of results.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    folder: Utf8PathBuf,
}

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
    /// The cache in `folder`, which need not exist.
    pub(crate) fn new(folder: impl Into<Utf8PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The cache that the environment names, else the one in `own`.
    pub(crate) fn find(own: Utf8PathBuf) -> Self {
        let shared = std::env::var(VARIABLE).ok().filter(|path| !path.is_empty());
        Self::new(shared.map_or(own, Utf8PathBuf::from))
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Utf8Path {
        &self.folder
    }

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

    fn entry(&self, key: Digest) -> Utf8PathBuf {
        self.part("entries").join(key.to_string())
    }

    /// The folder of one kind of files.
    fn part(&self, name: &str) -> Utf8PathBuf {
        self.folder.join(format!("v{VERSION}")).join(name)
    }

    fn temporary(&self) -> io::Result<tempfile::NamedTempFile> {
        let folder = self.part("tmp");
        fs::create_dir_all(&folder)?;
        tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)
    }

    fn settle(&self, temporary: tempfile::NamedTempFile, path: &Utf8Path) -> io::Result<()> {
        fs::create_dir_all(path.parent().unwrap_or(&self.folder))?;
        object::shareable(temporary.path())?;
        temporary.persist(path).map(drop).map_err(|error| error.error)
    }
}

/// The entry in a text whose first line vouches for the rest.
fn read(text: &str) -> Option<Entry> {
    let (digest, rest) = text.split_once('\n')?;
    let rest = rest.trim_end_matches('\n');
    let entry: Entry =
        (digest.parse() == Ok(Digest::of(rest))).then(|| serde_json::from_str(rest).ok())??;
    (entry.version == VERSION).then_some(entry)
}

/// Removes a file; somebody else may have done so.
fn remove(path: &Utf8Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
