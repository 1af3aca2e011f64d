//! Exchange with a remote cache. Nothing is trusted: an entry is checked like one that somebody else wrote to a shared
//! folder, and a content is stored in the cache's folder only if it matches its name. From there it is restored like
//! everything else.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write as _};

use super::entry::{Entry, Kind as Sealed, is_signed, read, sealed};
use super::lists::{List, MOST as MOST_LISTS, make_newest};
use super::object::{Kind, Reach, StoredItem, kept_mode};
use super::protocol::Name;
use super::remote::{Remote, lies};
use super::store::{Cache, vouched};
use crate::digest::{Digest, Hasher};
use crate::file;

impl Cache {
    /// The entry that `remote` has for `key`, provided that it is signed if it must be. Its contents stay there for
    /// now.
    ///
    /// # Errors
    /// If it cannot be fetched, or is not an entry.
    pub(crate) fn lookup_in(&self, remote: &Remote, key: Digest) -> io::Result<Option<Entry>> {
        let Some(text) = self.text_in(remote, Name::Entry(key), (Sealed::Entry, key))? else {
            return Ok(None);
        };
        let entry = read(&text, key).ok_or_else(lies)?;
        Ok(Some(Entry { foreign: Some(text), ..entry }))
    }

    /// The lists of reads that `remote` has for `key`.
    ///
    /// # Errors
    /// If they cannot be fetched, or are not lists.
    pub(crate) fn lists_in(&self, remote: &Remote, key: Digest) -> io::Result<Vec<List>> {
        let Some(text) = self.text_in(remote, Name::Lists(key), (Sealed::Lists, key))? else {
            return Ok(Vec::new());
        };
        let lists = vouched(&text).and_then(|text| serde_json::from_str::<Vec<List>>(text).ok());
        let mut lists = lists.ok_or_else(lies)?;
        lists.truncate(MOST_LISTS);
        Ok(lists)
    }

    /// A text; `None` if it must be signed and is not.
    fn text_in(&self, remote: &Remote, name: Name, seal: (Sealed, Digest)) -> io::Result<Option<String>> {
        let secret = self.secret()?;
        let is_ours = |text: &String| secret.as_ref().is_none_or(|secret| is_signed(text, seal, secret));
        Ok(remote.text(name)?.filter(is_ours))
    }

    /// Copies an entry found by [`Self::lookup_in`] into this cache; false if part of it is missing or it is too large.
    ///
    /// # Errors
    /// If something cannot be fetched, does not match its name, or cannot be written.
    pub(crate) fn pull(&self, remote: &Remote, key: Digest, entry: &Entry) -> io::Result<bool> {
        let (Some(text), most) = (&entry.foreign, self.most()?) else { return Ok(true) };
        let objects = objects(&entry.files);
        let size = objects.values().try_fold(0_u64, |sum, (size, _)| sum.checked_add(*size));
        let Some(size) = size.filter(|size| *size <= most && !self.is_read_only()) else { return Ok(false) };
        for (object, (size, mode)) in objects {
            if !self.has(object, size, mode) && !self.pull_object(remote, object, (size, mode))? {
                return Ok(false);
            }
        }
        self.write_entry(key, text, size)?;
        Ok(true)
    }

    fn pull_object(&self, remote: &Remote, object: Digest, (size, mode): (u64, u32)) -> io::Result<bool> {
        let Some(content) = remote.store.get(Name::Object(object), size)? else { return Ok(false) };
        let mut temporary = self.temporary_for(kept_mode(mode))?;
        // One byte more than expected, so that an endless content is cut off.
        let (digest, length) = copy(content.take(size.saturating_add(1)), temporary.as_file_mut())?;
        if length != size || digest != object {
            return Err(lies());
        }
        self.settle(temporary, &self.object(object))?;
        Ok(true)
    }

    /// Sends the entry of `key` to `remote`, after its contents, together with the list of what its run read.
    ///
    /// # Errors
    /// If something cannot be sent.
    pub(crate) fn push(&self, remote: &Remote, key: Digest, list: Option<(Digest, List)>) -> io::Result<()> {
        let text = file::read_regular_text(self.entry(key)).unwrap_or_default();
        // A missing entry was too large, or is damaged.
        let Some(entry) = read(&text, key) else { return Ok(()) };
        for (object, (size, _)) in objects(&entry.files) {
            if !remote.store.has(Name::Object(object))? && !self.push_object(remote, object, size)? {
                return Ok(());
            }
        }
        remote.put_text(Name::Entry(key), &text)?;
        let Some((key, list)) = list else { return Ok(()) };
        // Damaged lists are replaced.
        let mut lists = self.lists_in(remote, key).unwrap_or_default();
        if !make_newest(&mut lists, list) {
            return Ok(());
        }
        let text = sealed(&serde_json::to_string(&lists)?, (Sealed::Lists, key), self.secret()?.as_deref());
        remote.put_text(Name::Lists(key), &text)
    }

    fn push_object(&self, remote: &Remote, object: Digest, size: u64) -> io::Result<bool> {
        let path = self.object(object);
        let digest = file::open_regular(&path).and_then(Digest::of_read);
        if digest.ok() != Some(object) {
            return Ok(false);
        }
        remote.store.put(Name::Object(object), &mut file::open_regular(path)?, size, object)?;
        Ok(true)
    }
}

/// The contents of an entry, each once, with its length and the union of its files' modes, as far as they can be reached.
fn objects(files: &[StoredItem]) -> BTreeMap<Digest, (u64, u32)> {
    let (mut objects, mut reach) = (BTreeMap::new(), Reach::default());
    for held in files {
        if let Kind::File { object, size, mode } = &held.kind {
            objects.entry(*object).or_insert((*size, 0)).1 |= mode & reach.of(&held.path);
        }
        reach.add(held);
    }
    objects
}

/// Copies all of `from`; returns its digest and length.
fn copy(mut from: impl Read, to: &mut fs::File) -> io::Result<(Digest, u64)> {
    let (mut hasher, mut length, mut buffer) = (Hasher::new(), 0, vec![0; 1 << 16]);
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok((hasher.finish(), length)),
            Ok(read) => {
                hasher.update(&buffer[..read]);
                to.write_all(&buffer[..read])?;
                length += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
