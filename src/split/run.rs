//! A split from beginning to end: requests that make no sense are refused, the file is opened, and its format decides
//! how to split it.

use std::fs::File;

use camino::{Utf8Path, Utf8PathBuf};

use super::assign::Assignment;
#[cfg(feature = "columnar")]
use super::columnar;
use super::draft;
use super::error::SplitError;
use super::format::{Format, Kind};
use super::keys::{KeyRequest, Keys};
use super::npy;
use super::open;
use super::produce::{Order, Producer, Want};
use super::publish;
use super::request::{Each, Layout, MEMORY, Partition, Progress, Request};
use super::source::{Input, Source};
use super::strategy::{assign, values};
use super::text_parts;
use crate::digest::Digest;
use crate::file;
use crate::size::{By, Size};

/// Splits a file. All partitions are made before the first one is put in place; after an error, all earlier partitions
/// and stamps are unchanged. A partition whose digest matches its stamp is not written again.
pub fn run(request: &Request) -> Result<Vec<Partition>, SplitError> {
    if request.each.is_none() {
        check(request)?;
    }
    let (_lock, source, format) = begin(request)?;
    let Some(each) = request.each else { return split(request, &source, format) };
    let size = size_of(request, &source, format, each)?;
    let sized = Request { source: request.source.clone(), size: &size, each: None, ..*request };
    check(&sized)?;
    split(&sized, &source, format)
}

/// Splits a file by the values of the column of [`By::Value`]: a partition for each, where the layout that `layout`
/// makes of the values (their texts, in the order in which they come first) says. More than `most` are an error.
pub fn run_by_value<'a>(
    request: &Request,
    most: usize,
    layout: impl FnOnce(&[Vec<u8>]) -> Result<Box<dyn Layout + 'a>, SplitError>,
) -> Result<Vec<Partition>, SplitError> {
    let By::Value(column) = request.by else {
        return Err(SplitError::usage("the strategy is not one file for each value", "use `By::Value`"));
    };
    let (_lock, source, format) = begin(request)?;
    let wanted = KeyRequest { columns: Some(std::slice::from_ref(column)), plain: true };
    let found = with_keys(request, &source, format.rows, wanted, |keys| values(request, keys, most))?;
    let Some(values) = found else {
        let message = format!("{}: the column `{column}` has more than {most} different values", source.name);
        return Err(SplitError::usage(message, "allow more files with `--most`, or use `--by group:COLUMN`"));
    };
    let layout = layout(&values)?;
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let size = Size::Equal(values.len() as u64);
    let sized = Request {
        source: request.source.clone(),
        size: &size,
        layout: layout.as_ref(),
        each: None,
        ..*request
    };
    check(&sized)?;
    split(&sized, &source, format)
}

/// Opens the source, and keeps other splits out of the folder until the first of what is returned is dropped.
fn begin(request: &Request) -> Result<(Option<File>, Source, Format), SplitError> {
    let first = request.layout.data(1);
    let folder = first.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    file::create_folder(folder)?;
    let lock = draft::lock(folder);
    let (source, format) = open::open(&request.source, request.format, folder)?;
    if let Some(progress) = request.progress {
        progress(Progress::Total(source.len));
    }
    if request.compress.is_some() && !format.rows.is_text() {
        let message = format!("partitions of {} cannot be compressed as a whole", format.rows);
        return Err(SplitError::usage(message, "leave out `--compress`: the format packs its own columns"));
    }
    Ok((lock, source, format))
}

/// What `then` makes of the keys of the rows of `source`.
fn with_keys<T>(
    request: &Request,
    source: &Source,
    kind: Kind,
    wanted: KeyRequest,
    then: impl FnOnce(&dyn Keys) -> Result<T, SplitError>,
) -> Result<T, SplitError> {
    match kind {
        Kind::Npy => then(&npy::ArrayKeys::new(source, &npy::open(source)?, wanted)?),
        Kind::Arrow | Kind::ArrowStream | Kind::Parquet => table_keys(request, source, (kind, wanted), then),
        kind => text_parts::with_keys(request, &text_parts::open(request, source, kind)?, wanted, then),
    }
}

fn split(request: &Request, source: &Source, format: Format) -> Result<Vec<Partition>, SplitError> {
    match format.rows {
        Kind::Csv(_) | Kind::JsonLines | Kind::Lines | Kind::JsonArray => {
            text_parts::split(request, source, format.rows)
        }
        Kind::Npy => produce_npy(request, source, |producer| {
            publish::publish(request, source, producer, |made| Some(made.bytes))
        }),
        // The length of an Arrow or Parquet file depends on its compression, so it says nothing about the rows.
        Kind::Arrow | Kind::ArrowStream | Kind::Parquet => {
            produce_table(request, source, format.rows, |producer| {
                publish::publish(request, source, producer, |_| None)
            })
        }
    }
}

/// The size that follows from what each partition may contain.
fn size_of(request: &Request, source: &Source, format: Format, each: Each) -> Result<Size, SplitError> {
    let counts = match (each, format.rows) {
        (Each::Rows(each), _) => {
            let rows = whole(request, source, format)?.rows;
            let each = each.max(1);
            let exact = request.by.goes_with(&Size::Counts(vec![1]));
            if !exact || rows.div_ceil(each) > PARTITIONS {
                return Ok(Size::Equal(rows.div_ceil(each).max(1)));
            }
            let starts = (0..rows.div_ceil(each)).map(|i| i * each);
            starts.map(|start| each.min(rows - start)).collect()
        }
        (Each::Bytes(_), _) if *request.by != By::Rows => {
            let message = format!("`--max-bytes` goes with `--by rows`, not with `{}`", request.by);
            return Err(SplitError::usage(message, "give `--rows` or `--size`"));
        }
        (Each::Bytes(most), Kind::Npy) => npy::rows_by_bytes(source, most)?,
        (Each::Bytes(_), kind) if !kind.is_text() => {
            let message = format!("how long a partition of {kind} is, is not known before it is packed");
            return Err(SplitError::usage(message, "give `--rows` or `--size`"));
        }
        (Each::Bytes(most), kind) => {
            text_parts::rows_by_bytes(request, &text_parts::open(request, source, kind)?, most)?
        }
    };
    Ok(if counts.is_empty() { Size::Equal(1) } else { Size::Counts(counts) })
}

/// What a reader observes of a whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Its digest: that of a single partition with all rows.
    pub digest: Digest,
    /// The number of rows.
    pub rows: u64,
}

/// What a reader observes of the file at `path`, defined as [`run`] defines it for partitions. For Arrow and Parquet
/// these are types, names, metadata, values and nulls, regardless of how and by whom they were written; for `.npy`
/// files the dtype, the shape and the elements; for a JSON array its elements; for other texts the bytes.
pub fn digest_of(path: &Utf8Path, format: Option<Format>) -> Result<Whole, SplitError> {
    let input = Input::Path(path.to_owned());
    let temporary = std::env::temp_dir();
    let folder = Utf8Path::from_path(&temporary).unwrap_or(Utf8Path::new("."));
    let (source, found) = open::open(&input, format, folder)?;
    // Whoever wrote it had all of it in memory; how much that was, only a packed format does not tell.
    let memory = match found.rows {
        Kind::Parquet => u64::MAX,
        _ => MEMORY.max(source.len.saturating_mul(4)),
    };
    let request = Request {
        source: input,
        format,
        size: &Size::Equal(1),
        each: None,
        by: &By::Rows,
        layout: &Nowhere,
        key: "",
        extra: &[],
        compress: None,
        threads: 0,
        chunk: 0,
        memory,
        progress: None,
    };
    let whole = whole(&request, &source, found)?;
    source.check_unchanged()?;
    Ok(whole)
}

/// A layout for what is not written.
struct Nowhere;

impl Layout for Nowhere {
    fn data(&self, _: u64) -> Utf8PathBuf {
        Utf8PathBuf::new()
    }

    fn stamp(&self, _: u64) -> Utf8PathBuf {
        Utf8PathBuf::new()
    }
}

/// What a reader observes of all rows of `source`.
fn whole(request: &Request, source: &Source, format: Format) -> Result<Whole, SplitError> {
    let request = &Request {
        source: request.source.clone(),
        size: &Size::Equal(1),
        each: None,
        by: &By::Rows,
        progress: None,
        ..*request
    };
    let made = |producer: &dyn Producer| -> Result<Whole, SplitError> {
        let made = producer.produce(&Order {
            source,
            threads: request.threads(),
            wants: &[Want::Check],
            compress: None,
            target: &|_| Utf8PathBuf::new(),
            progress: &|_| {},
        })?;
        let made = made.into_iter().flatten().next().ok_or_else(|| source.changed())?;
        Ok(Whole { digest: made.digest, rows: made.rows })
    };
    match format.rows {
        Kind::Npy => produce_npy(request, source, made),
        Kind::Arrow | Kind::ArrowStream | Kind::Parquet => produce_table(request, source, format.rows, made),
        kind => text_parts::produce(request, &text_parts::open(request, source, kind)?, made),
    }
}

/// The format of `source`: the given one, or the one that its name or first bytes indicate.
pub fn format_of(source: &Input, given: Option<Format>) -> Result<Format, SplitError> {
    open::told(source, given)
}

/// The most partitions of a split: as many as a pipeline may have instances.
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
    let (size, by) = (request.size, request.by);
    if by.goes_with(size) {
        return Ok(());
    }
    let message = format!("the size `{size}` fixes how many rows a partition has, but `{by}` decides that");
    let help = match by {
        By::RoundRobin | By::HashRow | By::Hash(_) => "give a number of partitions",
        _ => "give a number of partitions, or shares",
    };
    Err(SplitError::usage(message, help))
}

/// Whether both paths lead to the same file.
pub(crate) fn is_same_file(one: &Utf8Path, other: &Utf8Path) -> bool {
    let resolved = |path: &Utf8Path| path.canonicalize_utf8().ok();
    one.file_name() == other.file_name() && resolved(one).is_some_and(|one| resolved(other) == Some(one))
}

fn produce_npy<T>(
    request: &Request,
    source: &Source,
    then: impl FnOnce(&dyn Producer) -> Result<T, SplitError>,
) -> Result<T, SplitError> {
    let header = &npy::open(source)?;
    let keys = |wanted: KeyRequest| -> Result<Box<dyn Keys + '_>, SplitError> {
        Ok(Box::new(npy::ArrayKeys::new(source, header, wanted)?))
    };
    match assign(request, source, &|| Ok(header.rows()), &keys)? {
        Assignment::Cuts(cuts) => {
            let starts = std::iter::once(0).chain(cuts.iter().copied());
            let ends = cuts.iter().copied().chain([header.rows()]);
            let rows = starts.zip(ends).map(|(start, end)| start..end).collect();
            then(&npy::Contiguous { header, rows })
        }
        assignment => {
            let (partitions, chunk) = (request.size.partitions(), request.chunk(source.len));
            then(&npy::Scattered { header, assignment, partitions, chunk })
        }
    }
}

#[cfg(feature = "columnar")]
use columnar::{produce as produce_table, with_keys as table_keys};

#[cfg(not(feature = "columnar"))]
fn produce_table<T>(
    _: &Request,
    _: &Source,
    kind: Kind,
    _: impl FnOnce(&dyn Producer) -> Result<T, SplitError>,
) -> Result<T, SplitError> {
    Err(no_tables(kind))
}

#[cfg(not(feature = "columnar"))]
fn table_keys<T>(
    _: &Request,
    _: &Source,
    (kind, _): (Kind, KeyRequest),
    _: impl FnOnce(&dyn Keys) -> Result<T, SplitError>,
) -> Result<T, SplitError> {
    Err(no_tables(kind))
}

#[cfg(not(feature = "columnar"))]
fn no_tables(kind: Kind) -> SplitError {
    let message = format!("this program was built without support for {kind}");
    SplitError::usage(message, "build it with the feature `columnar`")
}
