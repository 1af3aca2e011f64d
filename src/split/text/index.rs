//! The positions of a file's rows, whatever its format.

use std::ops::Range;

use crate::split::error::SplitError;
use crate::split::parallel;
use crate::split::source::Source;

/// How to read through a file.
#[derive(Clone, Copy)]
pub(in crate::split) struct Pace<'a> {
    pub(in crate::split) threads: usize,
    /// Bytes per chunk.
    pub(in crate::split) chunk: u64,
    /// How many bytes may be used to remember where each row is.
    pub(in crate::split) keep: u64,
    /// Called with the number of bytes just read.
    pub(in crate::split) progress: &'a (dyn Fn(u64) + Sync),
}

/// A row as passed to the visitor of an index: from its beginning to the end of its last byte.
pub(in crate::split) type Span = Range<u64>;

/// The rows of a chunk with their bytes, in memory that serves one chunk after another.
#[derive(Default)]
pub(in crate::split) struct Rows {
    /// Where in the file `bytes` lie.
    pub(super) base: u64,
    pub(super) bytes: Vec<u8>,
    /// Start and end of each row in `bytes`.
    pub(super) spans: Vec<(u32, u32)>,
}

impl Rows {
    /// The bytes that the rows lie in, and the start and end of each.
    pub(in crate::split) fn parts(&self) -> (&[u8], &[(u32, u32)]) {
        (&self.bytes, &self.spans)
    }
}

/// Finds rows again.
pub(in crate::split) trait Replay: Send + Sync {
    /// The number of chunks.
    fn chunks(&self) -> usize;

    /// The number of rows in the chunks before `chunk`.
    fn rows_before(&self, chunk: usize) -> u64;

    /// Calls `row` for every row that belongs to `chunk`, in order, until it returns false. A row belongs to exactly
    /// one chunk, but may begin before it or end after it.
    fn visit(
        &self,
        source: &Source,
        chunk: usize,
        row: &mut dyn FnMut(Span) -> bool,
    ) -> Result<(), SplitError>;

    /// Reads the rows that belong to `chunk`.
    fn load(&self, source: &Source, chunk: usize, rows: &mut Rows) -> Result<(), SplitError> {
        load_long(self, source, chunk, rows)
    }
}

/// [`Replay::load`] for rows of any length: first where they are, then their bytes.
pub(super) fn load_long<R: Replay + ?Sized>(
    replay: &R,
    source: &Source,
    chunk: usize,
    rows: &mut Rows,
) -> Result<(), SplitError> {
    rows.spans.clear();
    let (mut base, mut end, mut is_too_long) = (None, 0, false);
    replay.visit(source, chunk, &mut |span| {
        let base = *base.get_or_insert(span.start);
        end = span.end;
        is_too_long = end - base > u64::from(u32::MAX);
        rows.spans.push(((span.start - base) as u32, (span.end - base) as u32));
        !is_too_long
    })?;
    if is_too_long {
        return Err(too_long(source));
    }
    rows.base = base.unwrap_or_default();
    source.read_into(&mut rows.bytes, rows.base..end.max(rows.base))
}

/// The error that there is a row for which `u32` is not enough.
pub(super) fn too_long(source: &Source) -> SplitError {
    let message = "a row is longer than 4 GB: such rows can be split `--by rows` only";
    SplitError::whole(&source.name, message, None)
}

/// The rows of a text file.
pub(in crate::split) struct Index {
    /// From the first row to the end of the last, with everything between rows.
    pub(in crate::split) body: Range<u64>,
    /// The number of rows.
    pub(in crate::split) rows: u64,
    pub(in crate::split) replay: Box<dyn Replay>,
}

impl Index {
    /// The offset at which each of the rows `numbers` (from 0, ascending) begins; for a number equal to the number of
    /// rows, the end of the body.
    pub(in crate::split) fn offsets(
        &self,
        source: &Source,
        threads: usize,
        numbers: &[u64],
    ) -> Result<Vec<u64>, SplitError> {
        let mut groups: Vec<(usize, Range<usize>)> = Vec::new();
        for (i, number) in numbers.iter().enumerate() {
            let chunk = self.chunk_of(*number);
            match groups.last_mut() {
                Some((last, range)) if *last == chunk => range.end = i + 1,
                _ => groups.push((chunk, i..i + 1)),
            }
        }
        let found = parallel::map(
            threads,
            groups.len(),
            || (),
            |(), i| {
                let (chunk, range) = &groups[i];
                self.offsets_in(source, *chunk, &numbers[range.clone()])
            },
        )?;
        Ok(found.concat())
    }

    /// The chunk to which the row `number` belongs.
    fn chunk_of(&self, number: u64) -> usize {
        let chunks = self.replay.chunks();
        let (mut low, mut high) = (0, chunks);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.replay.rows_before(middle) <= number { low = middle + 1 } else { high = middle }
        }
        low.saturating_sub(1)
    }

    fn offsets_in(&self, source: &Source, chunk: usize, numbers: &[u64]) -> Result<Vec<u64>, SplitError> {
        let mut found = Vec::with_capacity(numbers.len());
        let mut wanted = numbers.iter().copied().take_while(|number| *number < self.rows).peekable();
        if wanted.peek().is_some() {
            let mut number = self.replay.rows_before(chunk);
            self.replay.visit(source, chunk, &mut |span| {
                while wanted.next_if_eq(&number).is_some() {
                    found.push(span.start);
                }
                number += 1;
                wanted.peek().is_some()
            })?;
            if wanted.peek().is_some() {
                return Err(source.changed());
            }
        }
        found.resize(numbers.len(), self.body.end);
        Ok(found)
    }
}

/// The range of chunk `i` of `body`.
pub(super) fn chunk_range(body: &Range<u64>, chunk: u64, i: usize) -> Range<u64> {
    let start = body.start + chunk * i as u64;
    start..body.end.min(start + chunk)
}

/// The number of chunks in `body`.
pub(super) fn chunk_count(body: &Range<u64>, chunk: u64) -> usize {
    (body.end - body.start).div_ceil(chunk) as usize
}
