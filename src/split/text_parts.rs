//! Text files: from their rows to partitions.

use super::by_hash::ByHash;
use super::contiguous::{Contiguous, HEADER, length};
use super::error::SplitError;
use super::format::Kind;
use super::known;
use super::publish;
use super::request::{Partition, Request};
use super::scatter::{Glue, InOrder, RoundRobin, Router, Scatter};
use super::source::Source;
use super::text::{Index, Pace, Text};
use crate::size::By;

/// An error if nobody said what separates the columns and it does not seem to be the comma: with the
/// wrong delimiter, quotes would not be seen, and rows cut at the line ends between them.
fn check_delimiter(text: &Text) -> Result<(), SplitError> {
    let header = text.source.start(text.header.end.min(HEADER))?;
    let has = |byte: &u8| header.contains(byte);
    match [b';', b'\t', b'|'].into_iter().find(has) {
        Some(byte) if !has(&b',') => {
            let name = (byte as char).escape_default();
            let message = format!("the header has no comma; the columns seem to be separated by `{name}`");
            let help = format!(
                "say so with `--delimiter '{name}'`, or with `--delimiter ,` that there is one column"
            );
            Err(SplitError::whole(&text.source.name, message, Some(&help)))
        }
        _ => Ok(()),
    }
}

/// Splits the text file `source`.
pub(super) fn split(request: &Request, source: &Source, kind: Kind) -> Result<Vec<Partition>, SplitError> {
    let progress = |bytes| request.tell(bytes);
    let pace = Pace { threads: request.threads(), chunk: request.chunk(source.len), progress: &progress };
    let text = Text::open(source, kind)?;
    if request.format.is_none() && kind == Kind::Csv(b',') {
        check_delimiter(&text)?;
    }
    let in_ranges = *request.by == By::Rows && kind != Kind::JsonArray;
    if in_ranges && let Some(partitions) = known::split(request, &text, pace)? {
        return Ok(partitions);
    }
    let index = text.rows(text.body(), pace)?;
    if in_ranges {
        let rows = request.sizes(source, index.rows)?;
        let cuts = cuts(&rows);
        let mut offsets = index.offsets(source, request.threads(), &cuts)?;
        // What stands between the header and the first row belongs to the first partition.
        offsets.insert(0, index.body.start);
        offsets.push(index.body.end);
        let producer = Contiguous { header: text.header.clone(), rows, offsets };
        let partitions = publish::publish(request, source, &producer, length(request))?;
        known::remember(request, &text, &partitions);
        return Ok(partitions);
    }
    let glue = glue(&text)?;
    let router = router(request, source, (&index, kind), &glue.before[0])?;
    let producer = Scatter { index: &index, router, glue, wave: WAVE };
    publish::publish(request, source, &producer, length(request))
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
        By::Rows => Ok(Box::new(InOrder { cuts: cuts(&request.sizes(source, index.rows)?) })),
        By::RoundRobin => Ok(Box::new(RoundRobin { partitions })),
        By::HashRow => Ok(Box::new(ByHash::new(source, kind, header, None, partitions)?)),
        By::Hash(columns) => Ok(Box::new(ByHash::new(source, kind, header, Some(columns), partitions)?)),
    }
}

/// The bytes of rows that are sorted by partition at a time. A row of two bytes takes some fifteen more.
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
