//! One instance, as the plan has it.

use camino::Utf8PathBuf;

use crate::layout::Folder;

/// Fails if something below a target was dropped.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The arguments of `expops exec --verdict`: an instance, a process, or none for everything.
    pub of: Vec<String>,
    /// Written if nothing was dropped.
    pub passed: Utf8PathBuf,
}

/// One instance.
#[derive(Clone, Debug)]
pub struct Action {
    /// Its canonical path.
    pub path: String,
    /// Its short label.
    pub label: String,
    /// Its name for `expops exec`.
    pub instance: String,
    /// The target that builds it; for the only instance of a process, the process's own target.
    pub target: String,
    /// Its folder.
    pub folder: Utf8PathBuf,
    /// Stamps of its upstreams.
    pub inputs: Vec<Utf8PathBuf>,
    /// Its own stamps: one, or one for each arm of a split.
    pub stamps: Vec<Utf8PathBuf>,
    /// Files that it also makes and that the project file names.
    pub products: Vec<Utf8PathBuf>,
    /// Proves that nothing of it was dropped.
    pub verdict: Option<Verdict>,
}

impl Action {
    /// The file that every run and every check rewrites, last of all, to prove that it happened.
    pub fn record(&self) -> Utf8PathBuf {
        Folder(self.folder.clone()).record()
    }

    /// Everything that it makes and a build tool can ask for. The record comes first: Ninja compares what it knows of
    /// an instance's reads with the time of the first output, and a stamp keeps its time.
    pub fn outputs(&self) -> Vec<Utf8PathBuf> {
        [self.record()].iter().chain(&self.stamps).chain(&self.products).cloned().collect()
    }
}
