//! Entries: what is stored under a key.

use std::io::{self, Write as _};
use std::{fs, time};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::object::{StoredItem, are_safe};
use super::store::{Cache, VERSION, at, vouched};
use crate::digest::Digest;
use crate::file;

/// The cache's size is checked after one in this many writes.
const LOOKS: u8 = 32;

/// What is stored under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(super) version: u32,
    /// What it is stored under: a store that answers with the entry of another key is not believed.
    pub(super) key: Digest,
    /// What the code returned: output keys with format, digest and rows; metrics.
    pub answer: Value,
    /// The files that it made.
    pub files: Vec<StoredItem>,
    /// The digest of both: an entry from which a value or a file was taken away is none, even where whoever did it has
    /// put its first line right.
    pub(super) sum: Digest,
    /// Its text, if it is only in a remote cache so far.
    #[serde(skip)]
    pub(super) foreign: Option<String>,
}

/// The kinds of texts that are signed with a team's key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// An entry.
    Entry,
    /// Lists of reads; signed only when they leave this machine.
    Lists,
}

impl Entry {
    /// Whether it is only in a remote cache, not yet brought here.
    pub(crate) fn is_foreign(&self) -> bool {
        self.foreign.is_some()
    }

    /// The digest of its file at `path`, if that is one.
    pub(crate) fn object(&self, path: &Utf8Path) -> Option<Digest> {
        self.files.iter().find(|held| held.path == path).and_then(StoredItem::object)
    }
}

impl Cache {
    /// The entry of `key`, if it and its objects exist. Does not count as a use.
    ///
    /// # Errors
    /// If the folder cannot be read. A damaged entry is not an error: it is dropped.
    pub(crate) fn lookup(&self, key: Digest) -> io::Result<Option<Entry>> {
        let path = self.entry(key);
        let secret = self.secret()?;
        let text = match file::read_regular(&path) {
            Ok(bytes) => String::from_utf8(bytes).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return at(&path, Err(error)),
        };
        if !secret.as_ref().is_none_or(|secret| is_signed(&text, (Kind::Entry, key), secret)) {
            // Those without the key may still use it.
            return Ok(None);
        }
        let entry = read(&text, key).filter(|entry| entry.files.iter().all(|held| self.holds(held)));
        if entry.is_none() {
            self.drop_file(&path)?;
        }
        Ok(entry)
    }

    /// Copies the files of an entry into `folder`, which has none of them yet. Returns whether all of them are intact.
    /// If not, damaged objects are dropped, and so is the entry.
    ///
    /// # Errors
    /// If files cannot be read or written.
    pub(crate) fn restore(&self, key: Digest, entry: &Entry, folder: &Utf8Path) -> io::Result<bool> {
        let path = self.entry(key);
        let mut is_whole = true;
        for held in &entry.files {
            // Check all of them, so that no damaged one is left for the next to find.
            is_whole &= self.fetch(held, folder)?;
        }
        if !is_whole {
            self.drop_file(&path)?;
            return Ok(false);
        }
        if self.is_read_only() {
            return Ok(true);
        }
        // The time only orders entries for trimming: a cache that cannot be written still serves.
        let now = time::SystemTime::now();
        let _ = fs::File::options().append(true).open(&path).and_then(|file| file.set_modified(now));
        Ok(true)
    }

    /// Stores `answer` under `key`, with the files and folders `parts`, each under its own name. If one of them is
    /// meaningful only where it is (a link that leads out of its folder), nothing is stored.
    ///
    /// # Errors
    /// If files cannot be read or written; then nothing is stored.
    pub(crate) fn publish(&self, key: Digest, answer: Value, parts: &[Utf8PathBuf]) -> io::Result<()> {
        if self.is_read_only() {
            return Ok(());
        }
        let secret = self.secret()?;
        self.most()?;
        let mut files = Vec::new();
        for part in parts {
            match self.keep(part)? {
                Some(held) => files.extend(held),
                None => return Ok(()),
            }
        }
        let size: u64 = files.iter().map(StoredItem::size).sum();
        let sum = sum(&answer, &files);
        let entry = Entry { version: VERSION, key, answer, files, sum, foreign: None };
        let text = serde_json::to_string(&entry)?;
        self.write_entry(key, &sealed(&text, (Kind::Entry, key), secret.as_deref()), size)
    }

    /// Writes the text of an entry whose contents, of `size` bytes, are stored already; then trims the cache if it is
    /// too large.
    pub(super) fn write_entry(&self, key: Digest, text: &str, size: u64) -> io::Result<()> {
        let most = self.most()?;
        let mut temporary = self.temporary()?;
        temporary.write_all(text.as_bytes())?;
        self.settle(temporary, &self.entry(key))?;
        // Measuring the cache costs more than a write, so it is done only now and then, and after a large write.
        let is_looked_at = u8::from_str_radix(&key.to_string()[..2], 16).is_ok_and(|byte| byte % LOOKS == 0);
        if is_looked_at || size > most / u64::from(LOOKS) {
            self.trim_to(most)?;
        }
        Ok(())
    }

    /// Removes the entry of `key`.
    ///
    /// # Errors
    /// If the entry cannot be removed.
    pub(crate) fn forget(&self, key: Digest) -> io::Result<()> {
        self.drop_file(&self.entry(key))
    }
}

/// The signature of a text. It covers the format version, the kind, the key under which the text is found, and the
/// text, which includes the digests of all contents. So no entry works under another key.
fn sign(text: &str, (kind, key): (Kind, Digest), secret: &[u8]) -> Digest {
    let kind = match kind {
        Kind::Entry => "entry",
        Kind::Lists => "lists",
    };
    Digest::signature(secret, &format!("expops cache {VERSION}\n{kind}\n{key}\n{text}"))
}

/// A text after a line with its digest and, if there is a key, its signature.
pub(super) fn sealed(text: &str, what: (Kind, Digest), secret: Option<&[u8]>) -> String {
    let signature = secret.map(|secret| format!(" {}", sign(text, what, secret))).unwrap_or_default();
    format!("{}{signature}\n{text}\n", Digest::of(text))
}

/// Whether a text was signed by someone who knows `secret`.
pub(super) fn is_signed(text: &str, what: (Kind, Digest), secret: &[u8]) -> bool {
    let signed = || {
        let (first, rest) = text.split_once('\n')?;
        let signature: Digest = first.split_once(' ')?.1.parse().ok()?;
        Some(signature.is_equal(sign(rest.trim_end_matches('\n'), what, secret)))
    };
    signed().unwrap_or(false)
}

/// Parses the text of the entry of `key`, whose first line vouches for the rest.
pub(super) fn read(text: &str, key: Digest) -> Option<Entry> {
    let entry: Entry = serde_json::from_str(vouched(text)?).ok()?;
    let adds_up = entry.sum == sum(&entry.answer, &entry.files);
    (entry.version == VERSION && entry.key == key && adds_up && are_safe(&entry.files)).then_some(entry)
}

/// The digest of what an entry consists of.
pub(super) fn sum(answer: &Value, files: &[StoredItem]) -> Digest {
    Digest::of(serde_json::to_string(&(answer, files)).unwrap_or_default())
}
