//! What a caller requests from a split, and what it gets: the vocabulary of this folder.

use camino::Utf8PathBuf;

use super::error::SplitError;
use super::format::{Compression, Format};
use super::parallel;
use super::rows::partition_rows;
use super::source::{Input, Source};
use crate::digest::Digest;
use crate::file::Written;
use crate::size::{By, Size};
use crate::stamp::Line;

/// The paths of the partitions, which count from 1.
pub trait Layout: Sync {
    /// The data file of partition `i`.
    fn data(&self, i: u64) -> Utf8PathBuf;

    /// The stamp of partition `i`.
    fn stamp(&self, i: u64) -> Utf8PathBuf;

    /// The name of the data files, if the stamps are to include it.
    fn name(&self) -> Option<&str> {
        None
    }

    /// Other paths where an earlier split has put partition `i`: asked for before it is put in place, and removed once
    /// it is.
    fn leftovers(&self, _i: u64) -> Vec<Utf8PathBuf> {
        Vec::new()
    }

    /// The file with what a split learned about the rows, for the next split of the changed file; `None` to read
    /// everything again.
    fn known(&self) -> Option<Utf8PathBuf> {
        None
    }
}

/// What to split, and how.
pub struct Request<'a> {
    /// The data.
    pub source: Input,
    /// Its format; if `None`, its name or first bytes decide.
    pub format: Option<Format>,
    /// How many partitions, and how large.
    pub size: &'a Size,
    /// How large a partition may be, if that determines their number; `size` is then ignored.
    pub each: Option<Each>,
    /// Which row goes to which partition.
    pub by: &'a By,
    /// Where the partitions are stored.
    pub layout: &'a dyn Layout,
    /// The key named in the stamps.
    pub key: &'a str,
    /// Further lines for each partition's stamp: the keys that are passed through.
    pub extra: &'a [Line],
    /// How to compress the partitions of a text format. The digest is that of the uncompressed bytes.
    pub compress: Option<Compression>,
    /// How many threads to use; 0 for one per core.
    pub threads: usize,
    /// How many bytes of the source a thread processes at a time; 0 for the fastest choice.
    pub chunk: u64,
    /// How many bytes of memory the columns of Arrow and Parquet files and the known keys may take; 0 for [`MEMORY`].
    pub memory: u64,
    /// Called to report progress.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

/// What each partition may contain; the last one takes the remainder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Each {
    /// This many rows.
    Rows(u64),
    /// As many rows as fit into a file of this many bytes.
    Bytes(u64),
}

/// The default memory limit of a split: 1 GB.
pub const MEMORY: u64 = 1_000_000_000;

/// A step of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The source has this many bytes, each of which is processed about twice.
    Total(u64),
    /// This many more bytes have been processed.
    Bytes(u64),
}

/// A partition that is in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its number of rows.
    pub rows: u64,
    /// Its length before compression.
    pub bytes: u64,
    /// What a reader of it observes.
    pub digest: Digest,
    /// Its path.
    pub path: Utf8PathBuf,
    /// Whether its data was written. If not, its time is still that of the last change.
    pub written: Written,
}

impl Request<'_> {
    /// Reports that `bytes` more have been processed.
    pub(super) fn tell(&self, bytes: u64) {
        if let Some(progress) = self.progress {
            progress(Progress::Bytes(bytes));
        }
    }

    /// The number of threads.
    pub(super) fn threads(&self) -> usize {
        parallel::threads(self.threads)
    }

    /// The bytes per chunk for a body of `len`: at most about 100,000 chunks.
    pub(super) fn chunk(&self, len: u64) -> u64 {
        if self.chunk > 0 { self.chunk } else { (len / 100_000).clamp(256 << 10, 8 << 20) }
    }

    /// The memory limit in bytes.
    pub(super) fn memory(&self) -> u64 {
        if self.memory > 0 { self.memory } else { MEMORY }
    }

    /// How many of `rows` rows of `source` each partition gets.
    pub(super) fn sizes(&self, source: &Source, rows: u64) -> Result<Vec<u64>, SplitError> {
        partition_rows(self.size, rows)
            .map_err(|mismatch| SplitError::Size { file: source.name.clone(), mismatch })
    }
}
