//! The rows of a JSON Lines file: every line that is not blank, which must be one JSON value in UTF-8. A chunk has the
//! rows that begin in it.

use std::ops::Range;

use super::gather::Gather;
use super::index::{Index, Pace, Replay, Rows, Span, load_long};
use super::json::{Json, Utf8, Wrong};
use super::json_line;
use super::lines::{Broken, Chunks, for_each_line, rows_in_chunk};
use crate::split::error::SplitError;
use crate::split::source::{BUFFER, Fault, Source};

struct JsonLines(Chunks);

/// Finds and checks the rows in the range `body` of `source`.
pub(super) fn index<T: Send>(
    source: &Source,
    body: Range<u64>,
    pace: Pace,
    gather: Option<Gather<T>>,
) -> Result<Index, SplitError> {
    let first = body.start;
    let chunks = Chunks::find(source, body, pace, gather, |taker, range, rows| {
        let (mut count, mut fault) = (0, None);
        let tail = rows_in_chunk(source, (first, range), rows, |span, line| {
            let result = match line {
                Some(line) => check_line(line, span.start),
                None => check_long_line(source, span)?,
            };
            let is_row = result.map_err(|found| fault = Some(found)).ok();
            count += u64::from(is_row == Some(true));
            Ok(is_row)
        })?;
        match fault {
            Some(fault) => Ok(Err(Broken(count, fault))),
            None => Ok(Ok((count, taker.chunk(source, rows, tail)?))),
        }
    })?;
    Ok(chunks.index(JsonLines))
}

/// Whether the line at `start` is a row.
fn check_line(bytes: &[u8], start: u64) -> Result<bool, Fault> {
    if let Err(e) = std::str::from_utf8(bytes) {
        return Err(not_utf8(start + e.valid_up_to() as u64));
    }
    if json_line::accepts(bytes) {
        return Ok(true);
    }
    let mut json = Json::new();
    json.feed(bytes).map_err(|wrong| fault(start, wrong))?;
    end_of_line(&json, start + bytes.len() as u64)
}

/// Likewise for a line that is not in memory, and may not fit into it.
fn check_long_line(source: &Source, span: &Span) -> Result<Result<bool, Fault>, SplitError> {
    let (mut json, mut utf8, mut buffer) = (Json::new(), Utf8::default(), Vec::new());
    let mut at = span.start;
    while at < span.end {
        let end = span.end.min(at + BUFFER);
        source.read_into(&mut buffer, at..end)?;
        let checked = utf8.feed(&buffer).map_err(|i| not_utf8(at + i as u64));
        if let Err(fault) = checked.and_then(|()| json.feed(&buffer).map_err(|wrong| fault(at, wrong))) {
            return Ok(Err(fault));
        }
        at = end;
    }
    Ok(if utf8.complete() { end_of_line(&json, span.end) } else { Err(not_utf8(span.end)) })
}

fn end_of_line(json: &Json, end: u64) -> Result<bool, Fault> {
    if json.complete() || json.untouched() {
        return Ok(json.complete());
    }
    let message = format!("the line ends in the middle of a JSON value: expected {}", json.expected());
    Err(Fault::new(end, message).help("in JSON Lines every value stands on one line"))
}

pub(super) fn not_utf8(at: u64) -> Fault {
    Fault::new(at, "invalid UTF-8").help("JSON is UTF-8: convert the file")
}

pub(super) fn fault(base: u64, wrong: Wrong) -> Fault {
    match wrong {
        Wrong::Byte(at, expected) => Fault::new(base + at as u64, format!("not JSON: expected {expected}")),
        Wrong::Deep(at) => {
            Fault::new(base + at as u64, format!("JSON nested more than {} levels deep", super::json::DEPTH))
        }
    }
}

impl Replay for JsonLines {
    fn chunks(&self) -> usize {
        self.0.count()
    }

    fn rows_before(&self, chunk: usize) -> u64 {
        self.0.rows_before(chunk)
    }

    fn visit(
        &self,
        source: &Source,
        chunk: usize,
        row: &mut dyn FnMut(Span) -> bool,
    ) -> Result<(), SplitError> {
        for_each_line(source, self.0.range(chunk), &mut Vec::new(), |span, bytes| {
            let blank = match bytes {
                Some(bytes) => bytes.iter().all(|b| b.is_ascii_whitespace()),
                None => is_blank(source, &span)?,
            };
            Ok(blank || row(span))
        })
    }

    fn load(&self, source: &Source, chunk: usize, rows: &mut Rows) -> Result<(), SplitError> {
        if self.0.load(source, chunk, rows)? { Ok(()) } else { load_long(self, source, chunk, rows) }
    }
}

fn is_blank(source: &Source, span: &Span) -> Result<bool, SplitError> {
    let mut buffer = Vec::new();
    let mut at = span.start;
    while at < span.end {
        let end = span.end.min(at + BUFFER);
        source.read_into(&mut buffer, at..end)?;
        if !buffer.iter().all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
            return Ok(false);
        }
        at = end;
    }
    Ok(true)
}
