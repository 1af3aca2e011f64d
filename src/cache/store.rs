//! The folder of a cache, and how files get into it.

use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use crate::amount;
use crate::digest::Digest;
use crate::file::reason;
use crate::variable::{self, CACHE_DIR, CACHE_KEY_FILE, CACHE_READONLY};

/// The version of the entries' format and of what their keys cover.
pub(super) const VERSION: u32 = 2;

/// How much the cache may hold, and the default.
const MOST: &str = "EXPOPS_CACHE_MAX";
const USUAL_MOST: u64 = 50_000_000_000;

/// The variables with a team's key.
pub(super) const SECRETS: [&str; 2] = ["EXPOPS_CACHE_KEY", CACHE_KEY_FILE];

/// The prefix of unfinished writes' names.
pub(super) const TEMPORARY: &str = "new-";

/// A folder of results.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    folder: Utf8PathBuf,
    is_read_only: bool,
    key: Key,
    /// How much it may hold, as written; `None` for the default.
    most: Option<String>,
}

/// Where a team's key comes from. It is never shown.
#[derive(Clone)]
enum Key {
    None,
    Text(Vec<u8>),
    File(Utf8PathBuf),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::None) { "no key" } else { "a key" })
    }
}

/// A temporary file in `folder`, which is made if it is missing, with this mode minus the umask.
pub(super) fn temporary_in(
    folder: &Utf8Path,
    prefix: &str,
    mode: u32,
) -> io::Result<tempfile::NamedTempFile> {
    at(folder, fs::create_dir_all(folder))?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    let _ = mode;
    at(folder, builder.prefix(prefix).tempfile_in(folder))
}

impl Cache {
    /// The cache in `folder`, which need not exist: writable and without a key.
    #[cfg(test)]
    pub(super) fn new(folder: impl Into<Utf8PathBuf>) -> Self {
        Self { folder: folder.into(), is_read_only: false, key: Key::None, most: None }
    }

    /// The cache that the environment names, or else the one in `own`, used as the environment says.
    pub(crate) fn find(own: Utf8PathBuf) -> Self {
        let folder = path(CACHE_DIR).unwrap_or(own);
        let is_read_only = CACHE_READONLY.is_on(false);
        let key = match (variable(SECRETS[0]), path(CACHE_KEY_FILE)) {
            (Some(text), _) => Key::Text(text.into_bytes()),
            (None, Some(file)) => Key::File(file),
            (None, None) => Key::None,
        };
        Self { folder, is_read_only, key, most: variable(MOST) }
    }

    /// The same cache, signed with `key`.
    #[cfg(test)]
    pub(super) fn signed(&self, key: &str) -> Self {
        Self { key: Key::Text(key.into()), ..self.clone() }
    }

    /// The same cache, limited to this size.
    #[cfg(test)]
    pub(super) fn bounded(&self, most: &str) -> Self {
        Self { most: Some(most.to_owned()), ..self.clone() }
    }

    /// The same cache, read-only.
    #[cfg(test)]
    pub(super) fn read_only(&self) -> Self {
        Self { is_read_only: true, ..self.clone() }
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    pub(super) fn entry(&self, key: Digest) -> Utf8PathBuf {
        self.part("entries").join(key.to_string())
    }

    /// The subfolder for one kind of files.
    pub(super) fn part(&self, name: &str) -> Utf8PathBuf {
        self.folder.join(format!("v{VERSION}")).join(name)
    }

    /// A temporary file to be moved into the cache, readable for others as far as the umask allows.
    pub(super) fn temporary(&self) -> io::Result<tempfile::NamedTempFile> {
        self.temporary_for(0o644)
    }

    /// A temporary file to be moved into the cache, with this mode minus the umask.
    pub(super) fn temporary_for(&self, mode: u32) -> io::Result<tempfile::NamedTempFile> {
        temporary_in(&self.part("tmp"), TEMPORARY, mode)
    }

    /// Whether results are only taken from it (`EXPOPS_CACHE_READONLY=1`).
    pub(crate) fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// The key that entries are signed with, if there is one.
    ///
    /// # Errors
    /// If the file that should contain it cannot be read or is empty: then nothing is used, signed or not.
    pub(super) fn secret(&self) -> io::Result<Option<Vec<u8>>> {
        match &self.key {
            Key::None => Ok(None),
            Key::Text(text) => Ok(Some(text.clone())),
            Key::File(path) => {
                let unread =
                    |why: &str| io::Error::other(format!("the key in `{path}` cannot be used: {why}"));
                let text = fs::read_to_string(path).map_err(|error| unread(&crate::file::reason(&error)))?;
                let text = text.trim();
                if text.is_empty() { Err(unread("there is none")) } else { Ok(Some(text.into())) }
            }
        }
    }

    /// How many bytes it may hold.
    ///
    /// # Errors
    /// If `EXPOPS_CACHE_MAX` is not a size.
    pub(super) fn most(&self) -> io::Result<u64> {
        let Some(text) = &self.most else { return Ok(USUAL_MOST) };
        amount::bytes(text)
            .map_err(|_| io::Error::other(format!("{MOST} is `{text}`, which is no size such as 10GB")))
    }

    /// Removes a damaged file, unless the cache is read-only.
    pub(super) fn drop_file(&self, path: &Utf8Path) -> io::Result<()> {
        if self.is_read_only { Ok(()) } else { remove(path) }
    }

    pub(super) fn settle(&self, temporary: tempfile::NamedTempFile, path: &Utf8Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.folder);
        at(folder, fs::create_dir_all(folder))?;
        at(path, temporary.persist(path).map(drop).map_err(|error| error.error))
    }
}

/// The rest of a text, if its first line begins with the digest of it.
pub(super) fn vouched(text: &str) -> Option<&str> {
    let (first, rest) = text.split_once('\n')?;
    let rest = rest.trim_end_matches('\n');
    (first.split(' ').next()?.parse() == Ok(Digest::of(rest))).then_some(rest)
}

/// Removes a file, which somebody else may have done already.
pub(super) fn remove(path: &Utf8Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => at(path, other),
    }
}

/// The path that a variable says. Whether it can be understood was checked when a build was started.
fn path(name: &str) -> Option<Utf8PathBuf> {
    variable::path(name).unwrap_or_else(|_| variable(name).map(Utf8PathBuf::from))
}

/// An error that says where.
pub(super) fn at<T>(path: &Utf8Path, result: io::Result<T>) -> io::Result<T> {
    result.map_err(|error| io::Error::new(error.kind(), format!("{}: `{path}`", reason(&error))))
}

/// The value of a variable, unless it is empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
