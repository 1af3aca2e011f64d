//! Cuts a file into partitions and stamps each. Knows nothing of pipelines: where a partition lies
//! and what its key is called, the caller says.
//!
//! A text file is gone through twice, in parallel and in constant memory. First its rows are found and
//! checked ([`text`]); then each partition is hashed and, if its hash has changed, written
//! ([`produce`]). No row is altered: the partitions' rows one after the other are the source's bytes.
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
use by_hash::ByHash;
use produce::{Made, Piece, Ranges};
use scatter::{Glue, InOrder, RoundRobin, Router, Scatter};
use source::Source;
use text::{Index, Pace};

/// Where the partitions lie. Partitions count from 1.
pub trait Layout: Sync {
    /// The data file of partition `i`.
    fn data(&self, i: u64) -> Utf8PathBuf;

    /// The stamp of partition `i`.
    fn stamp(&self, i: u64) -> Utf8PathBuf;
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
            split_text(request, &source, format.rows)
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

/// An error if nobody said what separates the columns and it does not seem to be the comma: with the
/// wrong delimiter, quotes would not be seen, and rows cut at the line ends between them.
fn check_delimiter(source: &Source) -> Result<(), SplitError> {
    let header = source.start(text::csv_header(source, b',')?.end.min(HEADER))?;
    let has = |byte: &u8| header.contains(byte);
    match [b';', b'\t', b'|'].into_iter().find(has) {
        Some(byte) if !has(&b',') => {
            let name = (byte as char).escape_default();
            let message = format!("the header has no comma; the columns seem to be separated by `{name}`");
            let help = format!(
                "say so with `--delimiter '{name}'`, or with `--delimiter ,` that there is one column"
            );
            Err(SplitError::whole(&source.name, message, Some(&help)))
        }
        _ => Ok(()),
    }
}

fn split_text(request: &Request, source: &Source, kind: Kind) -> Result<Vec<Partition>, SplitError> {
    let progress = |bytes| request.tell(bytes);
    let pace = Pace { threads: request.threads(), chunk: request.chunk(source.len), progress: &progress };
    if request.format.is_none() && kind == Kind::Csv(b',') {
        check_delimiter(source)?;
    }
    let index = match kind {
        Kind::Csv(delimiter) => text::index_csv(source, delimiter, pace)?,
        Kind::JsonLines => text::index_json_lines(source, pace)?,
        Kind::JsonArray => text::index_json_array(source, pace)?,
        _ => text::index_lines(source, pace)?,
    };
    let length = |made: &Made| request.compress.is_none().then_some(made.bytes);
    if *request.by == By::Rows && kind != Kind::JsonArray {
        let rows = sizes(request, source, index.rows)?;
        let cuts = cuts(&rows);
        let mut offsets = index.offsets(source, request.threads(), &cuts)?;
        // What stands between the header and the first row belongs to the first partition.
        offsets.insert(0, index.body.start);
        offsets.push(index.body.end);
        let producer = Contiguous { index: &index, rows, offsets };
        return publish::publish(request, source, &producer, length);
    }
    let glue = glue(source, &index, kind)?;
    let router = router(request, source, (&index, kind), &glue.before[0])?;
    let producer = Scatter { index: &index, router, glue, wave: WAVE };
    publish::publish(request, source, &producer, length)
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

/// The number of the first row of each partition but the first.
fn cuts(rows: &[u64]) -> Vec<u64> {
    let ends = rows.iter().scan(0, |end, rows| {
        *end += rows;
        Some(*end)
    });
    ends.take(rows.len() - 1).collect()
}

fn router(
    request: &Request,
    source: &Source,
    (index, kind): (&Index, Kind),
    header: &[u8],
) -> Result<Box<dyn Router>, SplitError> {
    let partitions = request.size.partitions();
    match request.by {
        By::Rows => Ok(Box::new(InOrder { cuts: cuts(&sizes(request, source, index.rows)?) })),
        By::RoundRobin => Ok(Box::new(RoundRobin { partitions })),
        By::HashRow => Ok(Box::new(ByHash::new(source, kind, header, None, partitions)?)),
        By::Hash(columns) => Ok(Box::new(ByHash::new(source, kind, header, Some(columns), partitions)?)),
    }
}

/// The bytes of rows that are sorted by partition at a time. A row of two bytes takes some fifteen more.
const WAVE: u64 = 4 << 20;

/// The longest header that is held in memory.
const HEADER: u64 = 16 << 20;

fn glue(source: &Source, index: &Index, kind: Kind) -> Result<Glue, SplitError> {
    if kind == Kind::JsonArray {
        return Ok(Glue { before: vec![b"[".to_vec()], between: b",", after: b"]" });
    }
    let mut before = Vec::new();
    if index.header.end > HEADER {
        return Err(SplitError::whole(&source.name, "the header is longer than 16 MB", None));
    }
    source.read_into(&mut before, index.header.clone())?;
    Ok(Glue { before: vec![before], between: b"", after: b"" })
}

/// Contiguous rows: a partition is the header and one range of the body.
struct Contiguous<'a> {
    index: &'a Index,
    rows: Vec<u64>,
    offsets: Vec<u64>,
}

impl Ranges for Contiguous<'_> {
    fn rows(&self, i: usize) -> u64 {
        self.rows[i]
    }

    fn pieces(&self, i: usize) -> Box<dyn Iterator<Item = Piece> + '_> {
        let body = self.offsets[i]..self.offsets[i + 1];
        Box::new([self.index.header.clone(), body].into_iter().map(Piece::Range))
    }
}
