//! Text formats: where the rows of a file lie. An [`Index`] knows how many rows there are and finds
//! each again from the nearest of its checkpoints, one per chunk, so that the memory that it takes
//! does not grow with the number of rows. Knows nothing of partitions, hashes or output.

pub(super) mod csv;
mod csv_index;
pub(super) mod json;
mod json_array;
pub(super) mod json_line;
mod json_lines;
mod lines;
pub(super) mod mask;

use std::ops::Range;

use super::error::SplitError;
use super::format::Kind;
use super::parallel;
use super::source::{BOM, Source};

/// A text file whose header is known.
pub(super) struct Text<'a> {
    pub(super) source: &'a Source,
    pub(super) kind: Kind,
    /// What stands before the rows and is repeated in every partition.
    pub(super) header: Range<u64>,
    /// The delimiters in the header of a CSV file.
    delimiters: u64,
}

impl<'a> Text<'a> {
    /// Reads the header.
    pub(super) fn open(source: &'a Source, kind: Kind) -> Result<Self, SplitError> {
        let (end, delimiters) = match kind {
            Kind::Csv(delimiter) => {
                let row = csv_index::header(source, delimiter)?;
                (row.end, row.delimiters)
            }
            Kind::JsonLines | Kind::JsonArray if source.start(3)? == BOM => (3, 0),
            _ => (0, 0),
        };
        Ok(Self { source, kind, header: 0..end, delimiters })
    }

    /// Everything behind the header.
    pub(super) fn body(&self) -> Range<u64> {
        self.header.end..self.source.len
    }

    /// Finds and checks the rows in `body`: a range between two rows, or behind the last one.
    pub(super) fn rows(&self, body: Range<u64>, pace: Pace) -> Result<Index, SplitError> {
        match self.kind {
            Kind::Csv(delimiter) => csv_index::index(self.source, (delimiter, self.delimiters), body, pace),
            Kind::JsonLines => json_lines::index(self.source, body, pace),
            Kind::JsonArray => json_array::index(self.source, body, pace),
            _ => lines::index(self.source, body, pace),
        }
    }
}

/// How to go through a file.
#[derive(Clone, Copy)]
pub(super) struct Pace<'a> {
    pub(super) threads: usize,
    /// Bytes per chunk.
    pub(super) chunk: u64,
    /// Is told how many bytes more have been read.
    pub(super) progress: &'a (dyn Fn(u64) + Sync),
}

/// A row as the visitor of an index sees it: where it begins, and where its last byte ends.
pub(super) type Span = Range<u64>;

/// Finds rows again.
pub(super) trait Replay: Sync {
    /// How many chunks there are.
    fn chunks(&self) -> usize;

    /// How many rows belong to the chunks before `chunk`.
    fn rows_before(&self, chunk: usize) -> u64;

    /// Calls `row` for every row that belongs to `chunk`, in order, until it returns false. A row
    /// belongs to one chunk; it may begin before that or end behind it.
    fn visit(
        &self,
        source: &Source,
        chunk: usize,
        row: &mut dyn FnMut(Span) -> bool,
    ) -> Result<(), SplitError>;
}

/// The rows of a text file.
pub(super) struct Index {
    /// From the first row to the end of the last, with whatever stands between.
    pub(super) body: Range<u64>,
    /// How many rows there are.
    pub(super) rows: u64,
    pub(super) replay: Box<dyn Replay>,
}

impl Index {
    /// The offset at which each of the rows `numbers` (from 0, ascending) begins; the end of the body
    /// for a number that is the number of rows.
    pub(super) fn offsets(
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

    /// The chunk that the row `number` belongs to.
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
fn chunk_range(body: &Range<u64>, chunk: u64, i: usize) -> Range<u64> {
    let start = body.start + chunk * i as u64;
    start..body.end.min(start + chunk)
}

/// How many chunks `body` has.
fn chunk_count(body: &Range<u64>, chunk: u64) -> usize {
    (body.end - body.start).div_ceil(chunk) as usize
}
