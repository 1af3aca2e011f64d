//! What a caller asks of a split, and what it gets: the words that everything in this folder uses.

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

/// Where the partitions lie. Partitions count from 1.
pub trait Layout: Sync {
    /// The data file of partition `i`.
    fn data(&self, i: u64) -> Utf8PathBuf;

    /// The stamp of partition `i`.
    fn stamp(&self, i: u64) -> Utf8PathBuf;

    /// The name of the data files, if the stamps shall say it.
    fn name(&self) -> Option<&str> {
        None
    }

    /// Where else an earlier split may have put partition `i`: what lies there goes when it is in its place.
    fn leftovers(&self, _i: u64) -> Vec<Utf8PathBuf> {
        Vec::new()
    }

    /// Where the next split of a changed file finds what this one learned of the rows; `None` to go
    /// through all of it again.
    fn known(&self) -> Option<Utf8PathBuf> {
        None
    }
}

/// What is to be split, and how.
pub struct Request<'a> {
    /// The data.
    pub source: Input,
    /// Its format; told by its name or its first bytes if not given.
    pub format: Option<Format>,
    /// How many partitions, and how large.
    pub size: &'a Size,
    /// How large a partition may be, if that says how many there are; `size` then says nothing.
    pub each: Option<Each>,
    /// Which row goes where.
    pub by: &'a By,
    /// Where the partitions go.
    pub layout: &'a dyn Layout,
    /// The key that the stamps name.
    pub key: &'a str,
    /// What each partition's stamp says besides: the keys that are passed through.
    pub extra: &'a [Line],
    /// How the partitions of a text format are packed. The digest is that of the bytes before.
    pub compress: Option<Compression>,
    /// How many threads to use; 0 for one per core.
    pub threads: usize,
    /// How many bytes of the source a thread takes at once; 0 for what is fastest.
    pub chunk: u64,
    /// How many bytes of memory the columns of Arrow and Parquet files, and what is remembered of keys, may take;
    /// 0 for [`MEMORY`].
    pub memory: u64,
    /// Is told how far the work is.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

/// What each partition may have, but the last, which has what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Each {
    /// So many rows.
    Rows(u64),
    /// As many rows as a file of so many bytes holds.
    Bytes(u64),
}

/// The memory that a split may take if nothing else is said: 1 GB.
pub const MEMORY: u64 = 1_000_000_000;

/// A step of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The source has this many bytes, each of which is gone through about twice.
    Total(u64),
    /// This many bytes more have been gone through.
    Bytes(u64),
}

/// A partition that is in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// How many rows it has.
    pub rows: u64,
    /// How long it is, before compression.
    pub bytes: u64,
    /// What a reader of it observes.
    pub digest: Digest,
    /// Where it lies.
    pub path: Utf8PathBuf,
    /// Whether its data was written. If not, its time is still that of its last change.
    pub written: Written,
}

impl Request<'_> {
    /// Says that `bytes` more have been gone through.
    pub(super) fn tell(&self, bytes: u64) {
        if let Some(progress) = self.progress {
            progress(Progress::Bytes(bytes));
        }
    }

    /// How many threads there are.
    pub(super) fn threads(&self) -> usize {
        parallel::threads(self.threads)
    }

    /// The bytes per chunk for a body of `len`: at most about 100,000 chunks.
    pub(super) fn chunk(&self, len: u64) -> u64 {
        if self.chunk > 0 { self.chunk } else { (len / 100_000).clamp(256 << 10, 8 << 20) }
    }

    /// How many bytes of memory there are.
    pub(super) fn memory(&self) -> u64 {
        if self.memory > 0 { self.memory } else { MEMORY }
    }

    /// How many of `rows` rows of `source` each partition gets.
    pub(super) fn sizes(&self, source: &Source, rows: u64) -> Result<Vec<u64>, SplitError> {
        partition_rows(self.size, rows)
            .map_err(|mismatch| SplitError::Size { file: source.name.clone(), mismatch })
    }
}
