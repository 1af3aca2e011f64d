//! What a remote cache is asked.
//!
//! | name | what |
//! | --- | --- |
//! | `ac/KEY` | the text of an entry, as the file of the cache in a folder has it, with its signature |
//! | `ac/SHA256` of [`Name::Lists`] | the same of lists of reads |
//! | `cas/SHA256` | a file's content |
//!
//! These are the names that Bazel's and ccache's HTTP caches have: names and contents, nothing else. Which server
//! keeps them is the business of a [`Store`].

use std::fmt;
use std::io::{self, Read, Seek};

use super::store::VERSION;
use crate::digest::Digest;

/// What something is called there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Name {
    /// The entry of a key.
    Entry(Digest),
    /// What runs have read that had this key before they ran.
    Lists(Digest),
    /// A content.
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

/// What is sent, and perhaps sent again.
pub(super) trait Content: Read + Seek {}

impl<T: Read + Seek> Content for T {}

/// What keeps contents by name.
pub(super) trait Store: fmt::Debug + Send + Sync {
    /// The content of `name`, which is large if `size` is; none if there is none.
    fn get(&self, name: Name, size: u64) -> io::Result<Option<Box<dyn Read>>>;

    /// Whether there is something of that name.
    fn has(&self, name: Name) -> io::Result<bool>;

    /// Writes `size` bytes of `content`, whose digest is `digest`.
    fn put(&self, name: Name, content: &mut dyn Content, size: u64, digest: Digest) -> io::Result<()>;
}
