//! A remote cache in a folder that machines share: `file:///srv/results`.

use std::io::{self, Read};

use camino::Utf8PathBuf;

use super::protocol::{Content, Name, Store};
use super::store::temporary_in;
use crate::digest::Digest;
use crate::file;

/// The folder.
#[derive(Debug)]
pub(super) struct Folder(Utf8PathBuf);

impl Folder {
    /// The folder named by a URL whose scheme has been stripped.
    pub(super) fn open(rest: &str) -> Result<Self, String> {
        let path = rest.strip_prefix("localhost").unwrap_or(rest);
        let path =
            String::from_utf8(super::percent::decoded(path)).map_err(|_| "it is no text".to_owned())?;
        if !path.starts_with('/') {
            return Err("a `file://` URL has an absolute path: `file:///srv/results`".to_owned());
        }
        Ok(Self(path.into()))
    }

    fn path(&self, name: Name) -> Utf8PathBuf {
        self.0.join(name.to_string())
    }
}

impl Store for Folder {
    fn get(&self, name: Name, _size: u64) -> io::Result<Option<Box<dyn Read>>> {
        let path = self.path(name);
        match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
            // Not through a link, either.
            Ok(meta) if !meta.is_file() => Err(io::Error::other("it has something that is no file")),
            Ok(_) => Ok(Some(Box::new(file::open_regular(path)?))),
        }
    }

    fn has(&self, name: Name) -> io::Result<bool> {
        match self.path(name).symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            other => other.map(|meta| meta.is_file()),
        }
    }

    fn put(&self, name: Name, content: &mut dyn Content, size: u64, _digest: Digest) -> io::Result<()> {
        let path = self.path(name);
        let folder = path.parent().unwrap_or(&self.0);
        let mut temporary = temporary_in(folder, ".new-", 0o644)?;
        if io::copy(&mut content.take(size), temporary.as_file_mut())? != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        temporary.persist(path).map(drop).map_err(|error| error.error)
    }
}
