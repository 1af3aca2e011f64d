//! Cuts a file into partitions and stamps each. Knows nothing of pipelines: where a partition lies
//! and what its key is called, the caller says.
//!
//! A text file is gone through twice, in parallel and in constant memory. First its rows are found and
//! checked ([`text`]); then each partition is hashed and, if its hash has changed, written
//! ([`produce`]). No row is altered: the partitions' rows one after the other are the source's bytes.
//! If most of the file is what an earlier split saw, it is gone through once ([`known`]).
//!
//! # What a partition's digest covers
//!
//! For text formats and `.npy` it is the SHA-256 of the partition's file (before compression), so that
//! `sha256sum p1.csv` confirms the stamp: the header and the rows, and nothing else.
//!
//! # Text formats, where their standards leave room
//!
//! - CSV and TSV follow RFC 4180. The first row that is not blank is the header; it is repeated in each
//!   partition with everything before it (a byte order mark, blank lines). A blank line is no row (as in
//!   pandas and pyarrow); it stays behind the row that it follows. A quote inside an unquoted field is
//!   data. A row with another number of fields than the header, text behind a closing quote, a NUL, and
//!   a carriage return that no line feed follows (outside quotes) are errors. Bytes need not be UTF-8.
//! - In JSON Lines every line that is not white space is a row and must be one JSON value in UTF-8.
//! - In plain text every line is a row, also an empty one; a last line needs no line feed.
//! - The elements of a JSON array are rows. A partition is `[e1,e2]`: the bytes of the elements are the
//!   source's, those between them are not.
//!
//! # Other formats, and other strategies than contiguous rows
//!
//! A partition of an `.npy` file has the dtype and the order of its source and a canonical header. Arrow
//! and Parquet partitions hold the values, types and metadata of their rows; their digest is one of values
//! (`columnar/digest.rs`), and an index of pandas that is a range stays that of the rows. In Parquet the
//! categories of a column come in the order of the partition's rows, so a column whose categories are
//! ordered is refused.
//!
//! `round_robin` and `hash` send each row to a partition of its own, in whose file the rows keep their
//! order. What stands between rows (blank lines) is then left out. How rows are hashed says `value.rs`;
//! it is the same for every format that holds the same values.

mod by_hash;
#[cfg(feature = "columnar")]
mod columnar;
pub mod command;
mod draft;
mod error;
mod format;
#[doc(hidden)]
pub mod fuzzing;
mod known;
mod npy;
mod open;
mod parallel;
mod produce;
mod publish;
mod rows;
mod scatter;
mod sha;
mod source;
#[cfg(test)]
mod tests;
mod text;
mod text_parts;
mod time;
mod value;

use camino::{Utf8Path, Utf8PathBuf};

pub use error::{Flaw, Place, SplitError};
pub use format::{Compression, Format, Kind};
pub use rows::{SizeMismatch, partition_rows};
pub use source::Input;

use crate::digest::Digest;
use crate::file::{self, Written};
use crate::size::{By, Size};
use crate::stamp::Line;
use produce::Made;
use source::Source;

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
    /// Is told how far the work is.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

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
    fn tell(&self, bytes: u64) {
        if let Some(progress) = self.progress {
            progress(Progress::Bytes(bytes));
        }
    }

    fn threads(&self) -> usize {
        parallel::threads(self.threads)
    }

    /// The bytes per chunk for a body of `len`: at most about 100,000 chunks.
    fn chunk(&self, len: u64) -> u64 {
        if self.chunk > 0 { self.chunk } else { (len / 100_000).clamp(256 << 10, 8 << 20) }
    }
}

/// Splits a file. All partitions are made before the first is put in its place; after an error every
/// earlier partition and its stamp are as they were. A partition whose digest is the one of its stamp is
/// not written again.
pub fn run(request: &Request) -> Result<Vec<Partition>, SplitError> {
    check(request)?;
    let first = request.layout.data(1);
    let folder = first.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    file::create_folder(folder)?;
    let _lock = draft::lock(folder);
    let (source, format) = open::open(&request.source, request.format, folder)?;
    if let Some(progress) = request.progress {
        progress(Progress::Total(source.len));
    }
    if request.compress.is_some() && !format.rows.is_text() {
        let message = format!("partitions of {} cannot be compressed as a whole", format.rows);
        return Err(SplitError::usage(message, "leave out `--compress`: the format packs its own columns"));
    }
    match format.rows {
        Kind::Csv(_) | Kind::JsonLines | Kind::Lines | Kind::JsonArray => {
            text_parts::split(request, &source, format.rows)
        }
        Kind::Npy => split_npy(request, &source),
        Kind::Arrow | Kind::ArrowStream | Kind::Parquet => split_table(request, &source, format.rows),
    }
}

/// The format of `source`: the one that is given, or what its name or its first bytes tell.
pub fn format_of(source: &Input, given: Option<Format>) -> Result<Format, SplitError> {
    open::told(source, given)
}

/// The most partitions that a split may have: as many as a pipeline may have instances.
const PARTITIONS: u64 = 1_000_000;

fn check(request: &Request) -> Result<(), SplitError> {
    let count = request.size.partitions();
    if !(1..=PARTITIONS).contains(&count) {
        let message = format!("{count} partitions are not between 1 and {PARTITIONS}");
        return Err(SplitError::Usage { message, help: None });
    }
    if let Input::Path(source) = &request.source
        && let Some(i) = (1..=count).find(|i| is_same_file(source, &request.layout.data(*i)))
    {
        let message = format!("{source}: partition {i} would take the place of the file that is split");
        return Err(SplitError::usage(message, "name another folder"));
    }
    match (request.size, request.by) {
        (Size::Equal(_), _) | (_, By::Rows) => Ok(()),
        (size, by) => {
            let message =
                format!("the size `{size}` fixes how many rows a partition has, but `{by}` decides that");
            Err(SplitError::usage(message, "give a number of partitions"))
        }
    }
}

fn is_same_file(one: &Utf8Path, other: &Utf8Path) -> bool {
    let resolved = |path: &Utf8Path| path.canonicalize_utf8().ok();
    one.file_name() == other.file_name() && resolved(one).is_some_and(|one| resolved(other) == Some(one))
}

fn split_npy(request: &Request, source: &Source) -> Result<Vec<Partition>, SplitError> {
    let header = &npy::open(source)?;
    let length = |made: &Made| Some(made.bytes);
    let (of, threads) = (request.size.partitions(), request.threads());
    let assigned = match request.by {
        By::Rows => {
            let mut end = 0;
            let rows = sizes(request, source, header.rows())?.into_iter().map(|rows| {
                end += rows;
                end - rows..end
            });
            let producer = npy::Contiguous { header, rows: rows.collect() };
            return publish::publish(request, source, &producer, length);
        }
        By::RoundRobin => npy::Assigned::round_robin(header, of),
        By::HashRow => npy::Assigned::by_hash(source, header, None, (of, threads))?,
        By::Hash(columns) => npy::Assigned::by_hash(source, header, Some(columns), (of, threads))?,
    };
    let producer = npy::Scattered { header, assigned, chunk: request.chunk(source.len) };
    publish::publish(request, source, &producer, length)
}

#[cfg(feature = "columnar")]
fn split_table(request: &Request, source: &Source, kind: Kind) -> Result<Vec<Partition>, SplitError> {
    columnar::split(request, source, kind)
}

#[cfg(not(feature = "columnar"))]
fn split_table(_: &Request, _: &Source, kind: Kind) -> Result<Vec<Partition>, SplitError> {
    let message = format!("this program was built without support for {kind}");
    Err(SplitError::usage(message, "build it with the feature `columnar`"))
}

/// The row counts of the partitions.
fn sizes(request: &Request, source: &Source, rows: u64) -> Result<Vec<u64>, SplitError> {
    partition_rows(request.size, rows)
        .map_err(|mismatch| SplitError::Size { file: source.name.clone(), mismatch })
}
