//! The protocol of a remote cache.
//!
//! | name | what |
//! | --- | --- |
//! | `ac/KEY` | the text of an entry, like the file in the cache's folder, with its signature |
//! | `ac/SHA256` of [`Name::Lists`] | the same for lists of reads |
//! | `cas/SHA256` | a file's content |
//!
//! These are the names of Bazel's and ccache's HTTP caches: names and contents, nothing else. How they are stored is up
//! to a [`Store`].

use std::fmt;
use std::io::{self, Read, Seek};

use super::store::VERSION;
use crate::digest::Digest;

/// The name of something in a remote cache.
#[derive(Clone, Copy, Debug)]
pub(super) enum Name {
    /// The entry of a key.
    Entry(Digest),
    /// What runs with this key, computed before they ran, have read.
    Lists(Digest),
    /// The content of a file.
    Object(Digest),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(key) => write!(f, "ac/{key}"),
            Self::Lists(key) => {
                write!(f, "ac/{}", Digest::of(format!("expops cache {VERSION}\nlists\n{key}")))
            }
            Self::Object(digest) => write!(f, "cas/{digest}"),
        }
    }
}

/// Content to send, possibly more than once.
pub(super) trait Content: Read + Seek {}

impl<T: Read + Seek> Content for T {}

/// Stores contents by name.
pub(super) trait Store: fmt::Debug + Send + Sync {
    /// The content of `name`, if it exists; `size` is a hint of its length.
    fn get(&self, name: Name, size: u64) -> io::Result<Option<Box<dyn Read>>>;

    /// Whether `name` exists.
    fn has(&self, name: Name) -> io::Result<bool>;

    /// Writes `size` bytes of `content`, whose digest is `digest`.
    fn put(&self, name: Name, content: &mut dyn Content, size: u64, digest: Digest) -> io::Result<()>;
}
