//! What there is to say about an instance besides failures. The caller prints it.

use std::fmt;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use crate::file;

/// Something worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Remark {
    /// Results are neither stored nor found: the cache in this folder does not work, for this reason.
    NoCache(Utf8PathBuf, String),
    /// The remote cache is not used for some time: nothing is fetched, or nothing sent.
    NoRemote(String),
    /// This build folder has no locks; files are used instead.
    NoLocks(Utf8PathBuf),
    /// The instance with this label read a file that changed meanwhile.
    Unstable(String, Utf8PathBuf),
    /// The instance with this label wrote this file of the project, and as many others.
    Wrote(String, Utf8PathBuf, usize),
    /// The instance with this label went through the project, and through this build folder.
    Walked(String, Utf8PathBuf),
    /// This file that the instance with this label returned names its folder: no other checkout gets it.
    Bound(String, Utf8PathBuf),
    /// The instance with this label failed with this message, and is left out.
    LeftOut(String, String),
    /// The dynamic chart with this label is drawn elsewhere.
    NotDrawn(String),
    /// The chart with this label ran, and wrote no file.
    Empty(String),
}

impl Remark {
    /// A file changed while it was read: the result is kept only until the next build.
    pub(super) fn unstable(label: &str, path: &Utf8Path) -> Self {
        Self::Unstable(label.to_owned(), path.to_owned())
    }

    /// The cache in `folder` does not work.
    pub(super) fn no_cache(folder: &Utf8Path, error: &io::Error) -> Self {
        Self::NoCache(folder.to_owned(), file::reason(error))
    }

    /// What a build is told of once: of a cache that does not work, whatever each instance found.
    pub(super) fn topic(&self) -> String {
        match self {
            Self::NoCache(folder, _) => format!("the cache in `{folder}`"),
            other => other.to_string(),
        }
    }

    /// Whether something is wrong.
    pub(crate) fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::NoCache(..)
                | Self::NoRemote(_)
                | Self::NoLocks(_)
                | Self::Unstable(..)
                | Self::Wrote(..)
                | Self::Walked(..)
                | Self::Bound(..)
                | Self::LeftOut(..)
                | Self::Empty(..)
        )
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCache(folder, reason) => write!(f, "the cache in `{folder}` cannot be used: {reason}"),
            Self::NoRemote(text) => f.write_str(text),
            Self::NoLocks(folder) => write!(
                f,
                "there are no locks on the file system of `{folder}`: files stand for them, and builds that run at the same time are kept apart less well"
            ),
            Self::Unstable(label, path) => {
                write!(f, "{label}: `{path}` changed while it ran; the next build runs it again")
            }
            Self::Wrote(label, path, others) => {
                let more = if *others == 0 { String::new() } else { format!(" and {others} more") };
                let (are, it) = if *others == 0 { ("is", "it") } else { ("are", "them") };
                write!(
                    f,
                    "{label}: wrote `{path}`{more}, which {are} not among its outputs: nothing waits for {it}, and a result from the cache does not bring {it} back"
                )
            }
            Self::Walked(label, build) => write!(
                f,
                "{label}: went through `{build}` on its way through the project: what it found there does not count, and is another in each build; search narrower folders"
            ),
            Self::Bound(label, file) => write!(
                f,
                "{label}: its output `{file}` holds an absolute path into this project, which is wrong elsewhere: it is kept out of the shared cache"
            ),
            Self::LeftOut(label, failure) => write!(f, "{label}: left out: {failure}"),
            Self::NotDrawn(label) => {
                write!(f, "{label}: recorded; a dynamic chart is drawn by the page that shows it")
            }
            Self::Empty(label) => {
                write!(
                    f,
                    "{label}: the chart wrote no file, so that there is none to keep; `savefig(\"NAME.png\")` writes one"
                )
            }
        }
    }
}
