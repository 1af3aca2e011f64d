//! A split from its beginning to its end: what makes no sense is refused, the file is opened, and its
//! format decides who cuts it.

use camino::Utf8Path;

#[cfg(feature = "columnar")]
use super::columnar;
use super::draft;
use super::error::SplitError;
use super::format::{Format, Kind};
use super::npy;
use super::open;
use super::produce::Made;
use super::publish;
use super::request::{Partition, Progress, Request};
use super::source::{Input, Source};
use super::text_parts;
use crate::file;
use crate::size::{By, Size};

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
            let rows = request.sizes(source, header.rows())?.into_iter().map(|rows| {
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
