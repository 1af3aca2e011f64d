//! The folder of an instance or a partition.

use camino::Utf8PathBuf;

use super::passing;

pub(super) const STAMP: &str = "stamp";
const VALUES: &str = "values.json";
const RECORD: &str = "record.json";
const WHY: &str = "why.json";
pub(crate) const OUT: &str = "out";
pub(crate) const FILES: &str = "files";
const METRICS: &str = "metrics.json";
const ROWS: &str = ".rows";
const LOG: &str = "log";
const READS: &str = "reads.d";
const LOCK: &str = ".lock";
const FORCE: &str = ".force";
const FAILED: &str = "failed.json";

/// The files for which no stamp or record is needed.
const BESIDE: [&str; 7] = [METRICS, LOG, WHY, ROWS, READS, FORCE, FAILED];

/// The folder of an instance or a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folder(pub Utf8PathBuf);

impl Folder {
    /// The files next to the data file of a partition.
    pub(crate) const OF_PARTITION: [&str; 2] = [STAMP, VALUES];

    /// Whether the folder contains something that only an instance or a partition has.
    pub(crate) fn is_one(&self) -> bool {
        [RECORD, VALUES, WHY, STAMP, LOCK, FAILED].iter().any(|name| self.0.join(name).exists())
    }

    /// Whether a folder of this name inside an instance's folder is the user's.
    pub(crate) fn holds_values(name: &str) -> bool {
        [OUT, FILES].contains(&name)
    }

    /// Whether something else lies where a file of ours belongs, or where a folder does.
    pub(crate) fn is_misplaced(name: &str, is_folder: bool, is_file: bool) -> bool {
        let is_file_of_ours = [STAMP, VALUES, RECORD].contains(&name) || BESIDE.contains(&name);
        (!is_file && is_file_of_ours) || (!is_folder && Self::holds_values(name))
    }

    /// Everything that is written here, except the file that names the data file of a partition ([`Self::values`]) and
    /// the lock. The record and the stamp come first: without them, nothing vouches for the rest.
    pub(crate) fn own(&self) -> impl Iterator<Item = Utf8PathBuf> {
        let first = [self.record(), self.stamp(), passing::retired(&self.stamp())];
        let rest = [OUT, FILES].into_iter().chain(BESIDE);
        first.into_iter().chain(rest.map(|name| self.0.join(name)))
    }

    /// The file that build tools watch.
    pub(crate) fn stamp(&self) -> Utf8PathBuf {
        self.0.join(STAMP)
    }

    /// Which file holds which key.
    pub(crate) fn values(&self) -> Utf8PathBuf {
        self.0.join(VALUES)
    }

    /// What the last run observed.
    pub(crate) fn record(&self) -> Utf8PathBuf {
        self.0.join(RECORD)
    }

    /// Why the instance last ran.
    pub(crate) fn why(&self) -> Utf8PathBuf {
        self.0.join(WHY)
    }

    /// How it failed, if it was left out.
    pub(crate) fn failed(&self) -> Utf8PathBuf {
        self.0.join(FAILED)
    }

    /// The values.
    pub(crate) fn out(&self) -> Utf8PathBuf {
        self.0.join(OUT)
    }

    /// What the process wrote in its own folder.
    pub(crate) fn files(&self) -> Utf8PathBuf {
        self.0.join(FILES)
    }

    /// The metrics.
    pub(crate) fn metrics(&self) -> Utf8PathBuf {
        self.0.join(METRICS)
    }

    /// What a split learned about the rows of the file that it split.
    pub(crate) fn rows(&self) -> Utf8PathBuf {
        self.0.join(ROWS)
    }

    /// stdout and stderr.
    pub(crate) fn log(&self) -> Utf8PathBuf {
        self.0.join(LOG)
    }

    /// Exists if the instance must run at the next check, whatever its action key is.
    pub(crate) fn force(&self) -> Utf8PathBuf {
        self.0.join(FORCE)
    }

    /// The files that it was seen to read, for Ninja, which takes them into its own database.
    pub(crate) fn reads(&self) -> Utf8PathBuf {
        self.0.join(READS)
    }

    /// A lock held while the instance runs.
    pub(crate) fn lock(&self) -> Utf8PathBuf {
        self.0.join(LOCK)
    }
}
