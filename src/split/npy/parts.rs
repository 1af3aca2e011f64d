//! The partitions of an `.npy` file.

use std::ops::Range;

use super::header::{Bad, Header};
use super::values::Reader;
use crate::split::error::SplitError;
use crate::split::parallel;
use crate::split::produce::{Made, Order, Piece, Producer, Ranges};
use crate::split::scatter::{Glue, Router, Scatter};
use crate::split::source::Source;
use crate::split::text::{Index, Replay, Span};
use crate::split::value::RowHash;

/// Reads the header of `source`.
pub(in crate::split) fn open(source: &Source) -> Result<Header, SplitError> {
    let bad = |message: Bad| SplitError::whole(&source.name, message, None);
    let length = Header::length(&source.start(12)?).map_err(bad)?;
    if length > source.len {
        return Err(bad("the file ends in the middle of its `.npy` header".to_owned()));
    }
    Header::read(&source.start(length)?, source.len).map_err(bad)
}

impl Header {
    pub(in crate::split) fn rows(&self) -> u64 {
        self.shape[0]
    }
}

/// Contiguous rows.
pub(in crate::split) struct Contiguous<'a> {
    pub(in crate::split) header: &'a Header,
    /// The rows of each partition.
    pub(in crate::split) rows: Vec<Range<u64>>,
}

impl Ranges for Contiguous<'_> {
    fn rows(&self, i: usize) -> u64 {
        self.rows[i].end - self.rows[i].start
    }

    fn pieces(&self, i: usize) -> Box<dyn Iterator<Item = Piece> + '_> {
        let (columns, bytes) = self.header.pieces();
        let rows = &self.rows[i];
        let header = Piece::Bytes(self.header.with_rows(rows.end - rows.start));
        let column = self.header.rows() * bytes;
        let ranges = (0..columns).map(move |c| {
            let base = self.header.data + c * column;
            Piece::Range(base + rows.start * bytes..base + rows.end * bytes)
        });
        Box::new(std::iter::once(header).chain(ranges))
    }
}

/// The partition of every row: four bytes for each.
pub(in crate::split) struct Assigned {
    partitions: Vec<u32>,
    of: usize,
}

impl Assigned {
    /// Rows in turn.
    pub(in crate::split) fn round_robin(header: &Header, of: u64) -> Self {
        Self { partitions: (0..header.rows()).map(|row| (row % of) as u32).collect(), of: of as usize }
    }

    /// Rows by the hash of `columns`, or of all of them.
    pub(in crate::split) fn by_hash(
        source: &Source,
        header: &Header,
        columns: Option<&[String]>,
        (of, threads): (u64, usize),
    ) -> Result<Self, SplitError> {
        let reader = Reader::new(source, header, columns)?;
        let (pieces, bytes) = header.pieces();
        let block = ((1 << 20) / (pieces * bytes).max(1)).clamp(1, 1 << 14);
        let blocks = header.rows().div_ceil(block);
        let found = parallel::map(threads, blocks as usize, Vec::new, |buffer, i| {
            let rows = i as u64 * block..header.rows().min((i as u64 + 1) * block);
            let mut found = Vec::new();
            reader.read(source, rows, buffer, &mut |row| {
                let mut hash = RowHash::new();
                reader.hash(row, &mut hash);
                found.push(hash.partition(of) as u32);
            })?;
            Ok::<_, SplitError>(found)
        })?;
        Ok(Self { partitions: found.concat(), of: of as usize })
    }

    fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.of];
        self.partitions.iter().for_each(|partition| counts[*partition as usize] += 1);
        counts
    }
}

impl Router for &Assigned {
    fn route(&self, _: &Source, number: u64, _: &Span, _: &[u8]) -> Result<usize, SplitError> {
        Ok(self.partitions[(number % self.partitions.len() as u64) as usize] as usize)
    }

    fn wants_bytes(&self) -> bool {
        false
    }
}

/// Rows that do not lie together.
pub(in crate::split) struct Scattered<'a> {
    pub(in crate::split) header: &'a Header,
    pub(in crate::split) assigned: Assigned,
    pub(in crate::split) chunk: u64,
}

impl Producer for Scattered<'_> {
    fn produce(&self, order: &Order) -> Result<Vec<Option<Made>>, SplitError> {
        let (columns, bytes) = self.header.pieces();
        let items = columns * self.header.rows();
        let start = self.header.data;
        let replay = Items { start, bytes, items, per_chunk: (self.chunk / bytes.max(1)).max(1) };
        let body = start..start + items * bytes;
        let index = Index { body, rows: items, replay: Box::new(replay) };
        let counts = self.assigned.counts();
        let headers = counts.iter().map(|rows| self.header.with_rows(*rows)).collect();
        let glue = Glue { before: headers, between: b"", after: b"" };
        let scatter = Scatter { index: &index, router: Box::new(&self.assigned), glue, wave: 4 << 20 };
        let mut made = scatter.produce(order)?;
        for (made, rows) in made.iter_mut().zip(counts) {
            made.iter_mut().for_each(|made| made.rows = rows);
        }
        Ok(made)
    }
}

/// Items of equal size, one behind the other.
struct Items {
    start: u64,
    bytes: u64,
    items: u64,
    per_chunk: u64,
}

impl Replay for Items {
    fn chunks(&self) -> usize {
        // Items without bytes need not be copied.
        if self.bytes == 0 { 0 } else { self.items.div_ceil(self.per_chunk) as usize }
    }

    fn rows_before(&self, chunk: usize) -> u64 {
        chunk as u64 * self.per_chunk
    }

    fn visit(&self, _: &Source, chunk: usize, row: &mut dyn FnMut(Span) -> bool) -> Result<(), SplitError> {
        let first = self.rows_before(chunk);
        for item in first..self.items.min(first + self.per_chunk) {
            let at = self.start + item * self.bytes;
            if !row(at..at + self.bytes) {
                break;
            }
        }
        Ok(())
    }
}
