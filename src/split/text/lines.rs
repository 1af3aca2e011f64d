//! The rows of a plain text file: every line, even an empty one. Bytes are bytes: the encoding does not matter. A chunk
//! has the lines that begin in it.

use std::ops::Range;

use super::index::{Index, Pace, Replay, Span, chunk_count, chunk_range};
use crate::split::error::SplitError;
use crate::split::parallel;
use crate::split::source::{BUFFER, Source};

struct Lines {
    body: Range<u64>,
    chunk: u64,
    rows_before: Vec<u64>,
}

/// Finds the lines in the range `body` of `source`.
pub(super) fn index(source: &Source, body: Range<u64>, pace: Pace) -> Result<Index, SplitError> {
    let count = chunk_count(&body, pace.chunk);
    let rows = parallel::map(pace.threads, count, Vec::new, |buffer, i| {
        let range = chunk_range(&body, pace.chunk, i);
        (pace.progress)(range.end - range.start);
        // A line begins after each line feed, except one that is the last byte.
        let start = body.start.max(range.start.saturating_sub(1));
        source.read_into(buffer, start..range.end - 1)?;
        let feeds = memchr::memchr_iter(b'\n', buffer).count() as u64;
        Ok::<_, SplitError>(feeds + u64::from(i == 0))
    })?;
    let (rows_before, rows) = prefix_sums(&rows);
    Ok(Index { body: body.clone(), rows, replay: Box::new(Lines { body, chunk: pace.chunk, rows_before }) })
}

/// The sum of what precedes each of `counts`, and the sum of all.
pub(super) fn prefix_sums(counts: &[u64]) -> (Vec<u64>, u64) {
    let mut total = 0;
    let before = counts.iter().map(|count| {
        total += count;
        total - count
    });
    (before.collect(), total)
}

impl Replay for Lines {
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
        for_each_line(source, (self.body.start, range), &mut Vec::new(), |span, _| Ok(row(span)))
    }
}

/// Calls `line` for every line that begins in `range`, until it returns false, with its position and, unless it ends
/// after `range`, its bytes (without the line feed). The first line begins at `first`.
pub(super) fn for_each_line(
    source: &Source,
    (first, range): (u64, Range<u64>),
    buffer: &mut Vec<u8>,
    mut line: impl FnMut(Span, Option<&[u8]>) -> Result<bool, SplitError>,
) -> Result<(), SplitError> {
    let base = if range.start > first { range.start - 1 } else { range.start };
    source.read_into(buffer, base..range.end)?;
    let mut start = 0;
    if range.start > first {
        match memchr::memchr(b'\n', buffer) {
            Some(feed) => start = feed + 1,
            None => return Ok(()),
        }
    }
    while let Some(feed) = memchr::memchr(b'\n', &buffer[start..]).map(|i| i + start) {
        if !line(base + start as u64..base + feed as u64 + 1, Some(&buffer[start..feed]))? {
            return Ok(());
        }
        start = feed + 1;
    }
    if start < buffer.len() {
        let end = line_end(source, range.end)?;
        let bytes = (end == range.end).then(|| &buffer[start..]);
        line(base + start as u64..end, bytes)?;
    }
    Ok(())
}

/// The position after the first line feed at or after `from`; the end of the file if there is none.
pub(super) fn line_end(source: &Source, from: u64) -> Result<u64, SplitError> {
    let mut buffer = Vec::new();
    let mut at = from;
    while at < source.len {
        let end = source.len.min(at + BUFFER);
        source.read_into(&mut buffer, at..end)?;
        if let Some(feed) = memchr::memchr(b'\n', &buffer) {
            return Ok(at + feed as u64 + 1);
        }
        at = end;
    }
    Ok(at)
}
