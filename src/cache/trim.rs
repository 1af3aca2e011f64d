//! Measures and trims the cache.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};

use super::entry::read;
use super::object::{Kind, StoredItem};
use super::store::{Cache, TEMPORARY, at, remove};
use crate::digest::Digest;
use crate::file;

/// A write that is unfinished after this time never will be finished.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// What a cache holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// Entries.
    pub entries: usize,
    /// Objects.
    pub objects: usize,
    /// Bytes of both.
    pub bytes: u64,
}

struct File {
    path: Utf8PathBuf,
    size: u64,
    used: SystemTime,
}

impl Cache {
    /// Counts the content of the cache.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(crate) fn contents(&self) -> io::Result<Contents> {
        let (entries, objects) = (files(&self.part("entries"))?, files(&self.part("objects"))?);
        let bytes = entries.iter().chain(&objects).map(|file| file.size).sum();
        Ok(Contents { entries: entries.len(), objects: objects.len(), bytes })
    }

    /// Whether it is empty or unreadable.
    pub(crate) fn is_empty(&self) -> bool {
        let entries = self.part("entries");
        fs::read_dir(&entries).is_ok_and(|mut entries| entries.next().is_none()) || !entries.exists()
    }

    /// If there are more than `most` bytes, removes what has not been used for longest: a tenth more than necessary, so
    /// that this is not needed again at once.
    ///
    /// # Errors
    /// If the folder cannot be read or written.
    pub(super) fn trim_to(&self, most: u64) -> io::Result<()> {
        if self.contents()?.bytes <= most { Ok(()) } else { self.trim(most - most / 10) }
    }

    /// Removes what has not been used for longest until at most `keep` bytes are left, and objects that no entry refers
    /// to.
    ///
    /// # Errors
    /// If the folder cannot be read or written.
    pub(crate) fn trim(&self, keep: u64) -> io::Result<()> {
        let mut entries = files(&self.part("entries"))?;
        entries.sort_by_key(|file| std::cmp::Reverse(file.used));
        let mut kept: BTreeMap<Digest, u64> = BTreeMap::new();
        let mut bytes = 0;
        for file in entries {
            let key = file.path.file_name().and_then(|name| name.parse().ok());
            let text = file::read_regular_text(&file.path).ok();
            let entry = key.zip(text).and_then(|(key, text)| read(&text, key));
            let objects: BTreeMap<Digest, u64> =
                entry.iter().flat_map(|entry| &entry.files).filter_map(object).collect();
            let new = objects.iter().filter(|(digest, _)| !kept.contains_key(digest));
            let more = file.size + new.map(|(_, size)| size).sum::<u64>();
            if entry.is_none() || bytes + more > keep {
                remove(&file.path)?;
            } else {
                bytes += more;
                kept.extend(objects);
            }
        }
        let is_kept = |path: &Utf8PathBuf| {
            path.file_name()
                .and_then(|name| name.parse().ok())
                .is_some_and(|digest: Digest| kept.contains_key(&digest))
        };
        for file in files(&self.part("objects"))?.iter().filter(|file| !is_kept(&file.path)) {
            remove(&file.path)?;
        }
        for file in files(&self.part("lists"))? {
            if let Some(key) = file.path.file_name().and_then(|name| name.parse().ok()) {
                self.trim_lists(key)?;
            }
        }
        let now = SystemTime::now();
        let is_old = |file: &&File| now.duration_since(file.used).is_ok_and(|age| age > ABANDONED);
        files(&self.part("tmp"))?.iter().filter(is_old).try_for_each(|file| remove(&file.path))
    }

    /// Removes everything, including what the first version wrote.
    ///
    /// # Errors
    /// If something cannot be removed.
    pub(crate) fn clear(&self) -> io::Result<()> {
        self.trim(0)?;
        let first = ["entries", "objects", "tmp"].map(|part| self.folder().join(part));
        for folder in first.iter().chain([&self.part("tmp")]) {
            files(folder)?.iter().try_for_each(|file| remove(&file.path))?;
        }
        Ok(())
    }
}

/// The files in a folder that a cache wrote.
fn files(folder: &Utf8Path) -> io::Result<Vec<File>> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder) {
        let found = entry.and_then(|entry| entry.metadata().map(|meta| (entry, meta)));
        let (entry, meta) = match found {
            Err(error) if error.io_error().is_some_and(|e| e.kind() == io::ErrorKind::NotFound) => {
                continue;
            }
            Err(error) => {
                let path = error.path().and_then(Utf8Path::from_path).unwrap_or(folder).to_owned();
                return at(&path, Err(error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into())));
            }
            Ok(found) => found,
        };
        let Ok(path) = Utf8PathBuf::try_from(entry.into_path()) else { continue };
        // Files of others stay.
        let name = path.file_name().unwrap_or_default();
        let is_own = name.starts_with(TEMPORARY) || name.parse::<Digest>().is_ok();
        if meta.is_file() && is_own {
            files.push(File { path, size: meta.len(), used: meta.modified()? });
        }
    }
    Ok(files)
}

fn object(held: &StoredItem) -> Option<(Digest, u64)> {
    match &held.kind {
        Kind::File { object, size, .. } => Some((*object, *size)),
        Kind::Folder | Kind::ClosedFolder(_) | Kind::Link(_) => None,
    }
}

const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];

/// A size for people: `1.5 GB`.
pub(crate) fn shown_size(bytes: u64) -> String {
    let mut number = bytes as f64;
    let mut unit = 0;
    while number >= 1000.0 && unit + 1 < UNITS.len() {
        number /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{number:.1} {}", UNITS[unit]) }
}
