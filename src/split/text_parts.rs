//! Splits text files: from their rows to partitions.

use super::contiguous::{Contiguous, HEADER, length};
use super::error::SplitError;
use super::format::{Dialect, Kind};
use super::keys::{KeyRequest, Keys};
use super::known;
use super::produce::Producer;
use super::publish;
use super::request::{Partition, Request};
use super::rows::cuts;
use super::scatter::{Glue, Scatter};
use super::source::{Fault, Source};
use super::strategy::assign;
use super::text::{Found, Pace, Span, Text};
use super::text_keys::TextKeys;
use crate::size::By;

/// An error if the delimiter was not specified and does not seem to be a comma: with the wrong delimiter, quotes would
/// not be recognized, and rows would be cut at the line ends between them.
fn check_delimiter(text: &Text) -> Result<(), SplitError> {
    let mut header = Vec::new();
    text.source.read_into(&mut header, text.names.start..text.names.end.min(text.names.start + HEADER))?;
    let has = |byte: &u8| header.contains(byte);
    match [b';', b'\t', b'|'].into_iter().find(has) {
        Some(byte) if !has(&b',') => {
            let name = (byte as char).escape_default();
            let message = format!("the header has no comma; the columns seem to be separated by `{name}`");
            let in_file = match byte {
                b'\t' => "call the file `.tsv`".to_owned(),
                _ => format!("write `sep={name}` into the first line"),
            };
            let help = format!(
                "{in_file}, or say so with `--delimiter '{name}'`, or with `--delimiter ,` that there is one column"
            );
            Err(SplitError::whole(&text.source.name, message, Some(&help)))
        }
        _ => Ok(()),
    }
}

/// Splits the text file `source`.
pub(super) fn split(request: &Request, source: &Source, kind: Kind) -> Result<Vec<Partition>, SplitError> {
    let text = open(request, source, kind)?;
    let progress = |bytes| request.tell(bytes);
    let in_ranges = is_in_ranges(request, kind);
    if in_ranges && let Some(partitions) = known::split(request, &text, pace(request, source, &progress))? {
        return Ok(partitions);
    }
    let partitions =
        produce(request, &text, |producer| publish::publish(request, source, producer, length(request)))?;
    if in_ranges {
        known::remember(request, &text, &partitions);
    }
    Ok(partitions)
}

/// Reads the header of the text file `source`.
pub(super) fn open<'a>(request: &Request, source: &'a Source, kind: Kind) -> Result<Text<'a>, SplitError> {
    let text = Text::open(source, kind)?;
    if request.format.is_none() && text.kind == Kind::Csv(Dialect::new(b',')) {
        check_delimiter(&text)?;
    }
    Ok(text)
}

/// How to read through `source`.
pub(super) fn pace<'a>(request: &Request, source: &Source, progress: &'a (dyn Fn(u64) + Sync)) -> Pace<'a> {
    Pace { threads: request.threads(), chunk: request.chunk(source.len), keep: 0, progress }
}

/// Whether a partition is the header and one range of the file.
fn is_in_ranges(request: &Request, kind: Kind) -> bool {
    *request.by == By::Rows && kind != Kind::JsonArray
}

/// Calls `then` with the producer of the partitions of `text`.
pub(super) fn produce<T>(
    request: &Request,
    text: &Text,
    then: impl FnOnce(&dyn Producer) -> Result<T, SplitError>,
) -> Result<T, SplitError> {
    let source = text.source;
    let progress = |bytes| request.tell(bytes);
    let pace = pace(request, source, &progress);
    if is_in_ranges(request, text.kind) {
        let index = text.rows(text.body(), pace)?;
        let rows = request.sizes(source, index.rows)?;
        let mut offsets = index.offsets(source, request.threads(), &cuts(&rows))?;
        // Anything between the header and the first row belongs to the first partition.
        offsets.insert(0, index.body.start);
        offsets.push(index.body.end);
        return then(&Contiguous { header: text.header.clone(), rows, offsets });
    }
    // The rows are found when their number is asked for, or with their keys, and then once more when they are cut.
    let found = Found::new(text, Pace { keep: keep(request, source), ..pace });
    let keys = |wanted: KeyRequest| -> Result<Box<dyn Keys>, SplitError> {
        Ok(Box::new(TextKeys::new(&found, wanted)?))
    };
    let assignment = assign(request, source, &|| Ok(found.index()?.rows), &keys)?;
    let index = found.index()?;
    then(&Scatter { index, assignment: &assignment, period: None, glue: glue(text)?, wave: WAVE })
}

/// What `then` makes of the keys of the rows of `text`.
pub(super) fn with_keys<T>(
    request: &Request,
    text: &Text,
    wanted: KeyRequest,
    then: impl FnOnce(&dyn Keys) -> Result<T, SplitError>,
) -> Result<T, SplitError> {
    then(&TextKeys::new(&Found::new(text, pace(request, text.source, &|_| {})), wanted)?)
}

/// How many rows each partition has if its file may have at most `most` bytes.
pub(super) fn rows_by_bytes(request: &Request, text: &Text, most: u64) -> Result<Vec<u64>, SplitError> {
    let source = text.source;
    let index = text.rows(text.body(), pace(request, source, &|_| {}))?;
    let is_array = text.kind == Kind::JsonArray;
    // A comma replaces what is between the elements of an array.
    let around = if is_array { 2 } else { text.header.end };
    let (mut counts, mut rows, mut bytes, mut start) = (Vec::new(), 0, around, None);
    let mut too_long = None;
    let mut add = |span: Span| {
        let length = span.end - span.start + u64::from(is_array);
        if rows > 0 && bytes + length > most {
            counts.push(rows);
            (rows, bytes) = (0, around);
        }
        if bytes + length > most && too_long.is_none() {
            too_long = Some(span.start);
        }
        (rows, bytes) = (rows + 1, bytes + length);
    };
    for chunk in 0..index.replay.chunks() {
        index.replay.visit(source, chunk, &mut |span| {
            if is_array {
                add(span);
            } else if let Some(before) = start.replace(span.start) {
                // Blank lines belong to the row that they follow.
                add(before..span.start);
            }
            true
        })?;
    }
    if let Some(last) = start {
        add(last..index.body.end);
    }
    if let Some(at) = too_long {
        let fault = Fault::new(at, format!("this row does not fit into a file of {most} bytes"));
        return Err(source.flaw(fault.help("allow more with `--max-bytes`")));
    }
    counts.push(rows);
    Ok(counts)
}

/// How many bytes may tell where rows are.
fn keep(request: &Request, source: &Source) -> u64 {
    let memory = request.memory();
    let is_permuted = matches!(request.by, By::Shuffle { group, .. } if group.is_empty());
    // A permutation takes eight bytes for each row, of which there may be one for every two bytes.
    let left = if is_permuted { memory.saturating_sub(source.len.saturating_mul(4)) } else { memory };
    left.min(memory / 8)
}

/// How many bytes of rows are sorted by partition at a time. A row of two bytes takes about fifteen more.
const WAVE: u64 = 4 << 20;

fn glue(text: &Text) -> Result<Glue, SplitError> {
    let source = text.source;
    if text.kind == Kind::JsonArray {
        return Ok(Glue { before: vec![b"[".to_vec()], between: b",", after: b"]" });
    }
    let mut before = Vec::new();
    if text.header.end > HEADER {
        return Err(SplitError::whole(&source.name, "the header is longer than 16 MB", None));
    }
    source.read_into(&mut before, text.header.clone())?;
    Ok(Glue { before: vec![before], between: b"", after: b"" })
}
