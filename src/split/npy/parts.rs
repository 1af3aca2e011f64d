//! The partitions of an `.npy` file.

use std::ops::Range;

use super::header::{Bad, Header};
use super::values::Reader;
use crate::split::assign::Assignment;
use crate::split::error::SplitError;
use crate::split::keys::{KeyRequest, Keys};
use crate::split::message::Message;
use crate::split::produce::{Order, Piece, Producer, Product, Ranges};
use crate::split::scatter::{Glue, Scatter};
use crate::split::source::Source;
use crate::split::text::{Index, Replay, Span};

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

/// How many rows each partition has if its file may have at most `most` bytes.
pub(in crate::split) fn rows_by_bytes(source: &Source, most: u64) -> Result<Vec<u64>, SplitError> {
    let header = open(source)?;
    let (pieces, bytes) = header.pieces();
    // No smaller number of rows has a longer header.
    let left = most.saturating_sub(header.with_rows(header.rows()).len() as u64);
    let each = left.checked_div(pieces * bytes).unwrap_or(header.rows().max(1));
    if each == 0 && header.rows() > 0 {
        let message = format!("a row of {} bytes does not fit into a file of {most} bytes", pieces * bytes);
        return Err(SplitError::whole(&source.name, message, Some("allow more with `--max-bytes`")));
    }
    let starts = (0..header.rows().div_ceil(each.max(1))).map(|i| i * each);
    Ok(starts.map(|start| each.min(header.rows() - start)).collect())
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

/// The keys of the rows of an array.
pub(in crate::split) struct ArrayKeys<'a> {
    source: &'a Source,
    header: &'a Header,
    reader: Reader<'a>,
    /// Rows per chunk.
    block: u64,
}

impl<'a> ArrayKeys<'a> {
    pub(in crate::split) fn new(
        source: &'a Source,
        header: &'a Header,
        wanted: KeyRequest,
    ) -> Result<Self, SplitError> {
        let reader = Reader::new(source, header, wanted)?;
        let (pieces, bytes) = header.pieces();
        let block = ((1 << 20) / (pieces * bytes).max(1)).clamp(1, 1 << 14);
        Ok(Self { source, header, reader, block })
    }
}

impl Keys for ArrayKeys<'_> {
    fn chunks(&self) -> usize {
        self.header.rows().div_ceil(self.block) as usize
    }

    fn visit(&self, chunk: usize, each: &mut dyn FnMut(&[u8])) -> Result<(), SplitError> {
        let first = chunk as u64 * self.block;
        let rows = first..self.header.rows().min(first + self.block);
        let mut message = Message::default();
        self.reader.read(self.source, rows, &mut Vec::new(), &mut |row| {
            message.clear();
            self.reader.key(row, &mut message);
            each(message.bytes());
        })
    }
}

/// Rows that are not contiguous.
pub(in crate::split) struct Scattered<'a> {
    pub(in crate::split) header: &'a Header,
    pub(in crate::split) assignment: Assignment,
    pub(in crate::split) partitions: u64,
    pub(in crate::split) chunk: u64,
}

impl Producer for Scattered<'_> {
    fn produce(&self, order: &Order) -> Result<Vec<Option<Product>>, SplitError> {
        let (columns, bytes) = self.header.pieces();
        let items = columns * self.header.rows();
        let start = self.header.data;
        let replay = Items { start, bytes, items, per_chunk: (self.chunk / bytes.max(1)).max(1) };
        let body = start..start + items * bytes;
        let index = Index { body, rows: items, replay: Box::new(replay) };
        let counts = self.assignment.counts(self.header.rows(), self.partitions);
        let headers = counts.iter().map(|rows| self.header.with_rows(*rows)).collect();
        let glue = Glue { before: headers, between: b"", after: b"" };
        let (assignment, period) = (&self.assignment, Some(self.header.rows().max(1)));
        let scatter = Scatter { index: &index, assignment, period, glue, wave: 4 << 20 };
        let mut made = scatter.produce(order)?;
        for (made, rows) in made.iter_mut().zip(counts) {
            made.iter_mut().for_each(|made| made.rows = rows);
        }
        Ok(made)
    }
}

/// Items of equal size in sequence.
struct Items {
    start: u64,
    bytes: u64,
    items: u64,
    per_chunk: u64,
}

impl Replay for Items {
    fn chunks(&self) -> usize {
        // Items of zero bytes need not be copied.
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
