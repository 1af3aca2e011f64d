//! The rows of a JSON Lines file: every line that is not blank, which must be one JSON value in UTF-8. A chunk has the
//! rows that begin in it.

use std::ops::Range;

use super::index::{Index, Pace, Replay, Span, chunk_count, chunk_range};
use super::json::{Json, Utf8, Wrong};
use super::json_line;
use super::lines::{for_each_line, prefix_sums};
use crate::split::error::SplitError;
use crate::split::parallel;
use crate::split::source::{BUFFER, Fault, Source};

struct JsonLines {
    body: Range<u64>,
    chunk: u64,
    rows_before: Vec<u64>,
}

/// A fault in a chunk; its row number is unknown until the chunks are joined.
struct Broken(u64, Fault);

/// Finds and checks the rows in the range `body` of `source`.
pub(super) fn index(source: &Source, body: Range<u64>, pace: Pace) -> Result<Index, SplitError> {
    let count = chunk_count(&body, pace.chunk);
    let mut counts = Vec::with_capacity(count);
    let wave = 64 * pace.threads;
    for first in (0..count).step_by(wave) {
        let checked = parallel::map(pace.threads, wave.min(count - first), Vec::new, |buffer, i| {
            let range = chunk_range(&body, pace.chunk, first + i);
            (pace.progress)(range.end - range.start);
            check(source, (body.start, range), buffer)
        })?;
        for chunk in checked {
            match chunk {
                Ok(rows) => counts.push(rows),
                Err(Broken(before, mut fault)) => {
                    fault.row = Some(counts.iter().sum::<u64>() + before + 1);
                    return Err(source.flaw(fault));
                }
            }
        }
    }
    let (rows_before, rows) = prefix_sums(&counts);
    let replay = Box::new(JsonLines { body: body.clone(), chunk: pace.chunk, rows_before });
    Ok(Index { body, rows, replay })
}

/// How many rows begin in `range` (as defined by [`for_each_line`]), or the first fault.
fn check(
    source: &Source,
    range: (u64, Range<u64>),
    buffer: &mut Vec<u8>,
) -> Result<Result<u64, Broken>, SplitError> {
    let (mut rows, mut broken) = (0, None);
    for_each_line(source, range, buffer, |span, bytes| {
        let result = match bytes {
            Some(bytes) => check_line(bytes, span.start),
            None => check_long_line(source, &span)?,
        };
        match result {
            Ok(is_row) => rows += u64::from(is_row),
            Err(fault) => broken = Some(Broken(rows, fault)),
        }
        Ok(broken.is_none())
    })?;
    Ok(broken.map_or(Ok(rows), Err))
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
        self.rows_before.len()
    }

    fn rows_before(&self, chunk: usize) -> u64 {
        self.rows_before[chunk]
    }

    fn visit(
        &self,
        source: &Source,
        chunk: usize,
        row: &mut dyn FnMut(Span) -> bool,
    ) -> Result<(), SplitError> {
        let range = chunk_range(&self.body, self.chunk, chunk);
        for_each_line(source, (self.body.start, range), &mut Vec::new(), |span, bytes| {
            let blank = match bytes {
                Some(bytes) => bytes.iter().all(|b| b.is_ascii_whitespace()),
                None => is_blank(source, &span)?,
            };
            Ok(blank || row(span))
        })
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
