//! The rows of a plain text file: every line, even an empty one. Bytes are bytes: the encoding does not matter. A chunk
//! has the lines that begin in it.

use std::ops::Range;

use super::gather::{Gather, Taken, Taker, wave};
use super::index::{Index, Pace, Replay, Rows, Span, chunk_count, chunk_range, load_long};
use super::kept::Kept;
use crate::split::error::SplitError;
use crate::split::source::{BUFFER, Fault, Source};

struct Lines(Chunks);

/// Finds the lines in the range `body` of `source`.
pub(super) fn index<T: Send>(
    source: &Source,
    body: Range<u64>,
    pace: Pace,
    gather: Option<Gather<T>>,
) -> Result<Index, SplitError> {
    let first = body.start;
    let chunks = Chunks::find(source, body, pace, gather, |taker, range, rows| {
        if !taker.wants_rows() {
            return Ok(Ok((count(source, first, range, &mut rows.bytes)?, Taken::default())));
        }
        let tail = rows_in_chunk(source, (first, range), rows, |_, _| Ok(Some(true)))?;
        Ok(Ok((rows.spans.len() as u64 + u64::from(tail.is_some()), taker.chunk(source, rows, tail)?)))
    })?;
    Ok(chunks.index(Lines))
}

/// How many lines begin in `range`, of which the first begins at `first`.
fn count(source: &Source, first: u64, range: Range<u64>, buffer: &mut Vec<u8>) -> Result<u64, SplitError> {
    // A line begins after each line feed, except one that is the last byte.
    source.read_into(buffer, first.max(range.start.saturating_sub(1))..range.end - 1)?;
    let feeds = memchr::memchr_iter(b'\n', buffer).count() as u64;
    Ok(feeds + u64::from(range.start == first))
}

/// Chunks whose rows are lines that begin in them.
pub(super) struct Chunks {
    body: Range<u64>,
    chunk: u64,
    rows_before: Vec<u64>,
    rows: u64,
    kept: Kept,
}

/// A fault in a chunk, behind so many rows; the row's number is unknown until the chunks are joined.
pub(super) struct Broken(pub(super) u64, pub(super) Fault);

/// How many rows a chunk has, and what has been made of them.
pub(super) type Looked<T> = Result<Result<(u64, Taken<T>), Broken>, SplitError>;

impl Chunks {
    /// Applies `look` to each chunk of `body`.
    pub(super) fn find<T: Send>(
        source: &Source,
        body: Range<u64>,
        pace: Pace,
        mut gather: Option<Gather<T>>,
        look: impl Fn(&Taker<T>, Range<u64>, &mut Rows) -> Looked<T> + Sync,
    ) -> Result<Self, SplitError> {
        let count = chunk_count(&body, pace.chunk);
        let (mut rows, mut rows_before) = (0, Vec::with_capacity(count));
        let mut kept = Kept::new(pace.keep);
        // In waves, so that an error in the first rows does not wait for the last ones.
        let most = gather.as_ref().map_or(64 * pace.threads, |gather| gather.chunks);
        while rows_before.len() < count {
            let first = rows_before.len();
            let taker = Taker::new(gather.as_ref(), kept.is_open());
            let looked = wave((pace.threads, most.min(count - first)), &taker, |rows, i| {
                let range = chunk_range(&body, pace.chunk, first + i);
                (pace.progress)(range.end - range.start);
                look(&taker, range, rows)
            })?;
            let mut made = Vec::with_capacity(most);
            for chunk in looked {
                let (own, taken) = chunk.map_err(|Broken(before, mut fault)| {
                    fault.row = Some(rows + before + 1);
                    source.flaw(fault)
                })?;
                rows_before.push(rows);
                rows += own;
                kept.add(taken.lengths);
                made.push(taken.made);
            }
            if let Some(gather) = &mut gather {
                gather.hand_on(source, 1, (vec![None; made.len()], made))?;
            }
        }
        Ok(Self { body, chunk: pace.chunk, rows_before, rows, kept })
    }

    /// The index that consists of these chunks.
    pub(super) fn index<R: Replay + 'static>(self, replay: impl FnOnce(Self) -> R) -> Index {
        Index { body: self.body.clone(), rows: self.rows, replay: Box::new(replay(self)) }
    }

    pub(super) fn count(&self) -> usize {
        self.rows_before.len()
    }

    pub(super) fn rows_before(&self, chunk: usize) -> u64 {
        self.rows_before[chunk]
    }

    /// Reads the rows of a chunk; false if it is not known where they are.
    pub(super) fn load(&self, source: &Source, chunk: usize, rows: &mut Rows) -> Result<bool, SplitError> {
        self.kept.load(source, chunk, rows)
    }

    /// Where the first line begins, and the range of a chunk.
    pub(super) fn range(&self, chunk: usize) -> (u64, Range<u64>) {
        (self.body.start, chunk_range(&self.body, self.chunk, chunk))
    }
}

impl Replay for Lines {
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
        for_each_line(source, self.0.range(chunk), &mut Vec::new(), |span, _| Ok(row(span)))
    }

    fn load(&self, source: &Source, chunk: usize, rows: &mut Rows) -> Result<(), SplitError> {
        if self.0.load(source, chunk, rows)? { Ok(()) } else { load_long(self, source, chunk, rows) }
    }
}

/// Reads the bytes of a chunk and finds where the rows are that begin in it. Returns the last one if it ends after the
/// chunk. Lines count as rows if `is_row` says so, given the line without its line feed unless it ends after the chunk;
/// `None` ends the search.
pub(super) fn rows_in_chunk(
    source: &Source,
    (first, range): (u64, Range<u64>),
    rows: &mut Rows,
    mut is_row: impl FnMut(&Span, Option<&[u8]>) -> Result<Option<bool>, SplitError>,
) -> Result<Option<Span>, SplitError> {
    let Rows { base, bytes, spans } = rows;
    *base = base_of(first, &range);
    spans.clear();
    let mut tail = None;
    for_each_line(source, (first, range), bytes, |span, line| {
        match is_row(&span, line)? {
            Some(true) if line.is_some() => {
                spans.push(((span.start - *base) as u32, (span.end - *base) as u32));
            }
            Some(true) => tail = Some(span),
            Some(false) => {}
            None => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(tail)
}

/// Where the bytes begin that are read of a chunk: the one before it tells whether a line begins with it.
fn base_of(first: u64, range: &Range<u64>) -> u64 {
    if range.start > first { range.start - 1 } else { range.start }
}

/// Calls `line` for every line that begins in `range`, until it returns false, with its position and, unless it ends
/// after `range`, its bytes (without the line feed). The first line begins at `first`.
pub(super) fn for_each_line(
    source: &Source,
    (first, range): (u64, Range<u64>),
    buffer: &mut Vec<u8>,
    mut line: impl FnMut(Span, Option<&[u8]>) -> Result<bool, SplitError>,
) -> Result<(), SplitError> {
    let base = base_of(first, &range);
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
