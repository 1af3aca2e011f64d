//! How much memory the pages of each column take: a page is unpacked as a whole, and writers may make it as large as
//! they like.

use std::io;

use parquet::basic::Compression;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::ChunkReader;

use super::compact::Compact;
use crate::split::error::SplitError;

/// What a reader of each column holds: its heaviest page, packed and unpacked, and a dictionary page.
pub(super) struct Weights {
    columns: Vec<u64>,
    /// How much all readers together may hold.
    most: u64,
}

impl Weights {
    pub(super) fn of(
        file: &impl ChunkReader,
        metadata: &ParquetMetaData,
        (memory, threads): (u64, usize),
    ) -> Self {
        let most = memory / 2;
        let count = metadata.file_metadata().schema_descr().num_columns();
        let heaviest = |weigh: &dyn Fn(&ColumnChunkMetaData) -> u64| {
            let of = |c| metadata.row_groups().iter().filter_map(move |group| group.columns().get(c));
            (0..count).map(|c| of(c).map(weigh).max().unwrap_or(0)).collect::<Vec<_>>()
        };
        // No page is larger than its column chunk, so most files need not be looked at.
        let columns = heaviest(&|chunk| {
            let (unpacked, packed) = (chunk.uncompressed_size().max(0), chunk.compressed_size().max(0));
            (unpacked as u64).saturating_add(packed as u64)
        });
        let all = columns.iter().fold(0, |sum: u64, weight| sum.saturating_add(*weight));
        if all <= most / threads.max(1) as u64 {
            return Self { columns, most };
        }
        // What is damaged, its reader says.
        let columns = heaviest(&|chunk| of_chunk(file, chunk).unwrap_or(0));
        Self { columns, most }
    }

    /// How much all readers together may hold.
    pub(super) fn most(&self) -> u64 {
        self.most
    }

    /// An error if a page of a column takes more than all of them together may.
    pub(super) fn check(
        &self,
        file: &str,
        memory: u64,
        column: impl Fn(usize) -> String,
    ) -> Result<(), SplitError> {
        let Some(c) = (0..self.columns.len()).find(|c| self.columns[*c] > self.most) else { return Ok(()) };
        let (weight, memory) = (self.columns[c] / 1_000_000, memory / 1_000_000);
        let message = format!(
            "{file}: a page of the column `{}` takes {weight} MB, of at most half of the memory that is allowed ({memory} MB)",
            column(c)
        );
        Err(SplitError::usage(message, "allow more with `--memory`, or write the table with smaller pages"))
    }

    /// How many of `threads` may read a column at once.
    pub(super) fn at_once(&self, threads: usize) -> usize {
        let heaviest = self.columns.iter().max().copied().unwrap_or(0);
        threads.min(usize::try_from(self.most / heaviest.max(1)).unwrap_or(threads)).max(1)
    }

    /// How much the pages take that are held while all columns are read, each by one of `threads`.
    pub(super) fn held(&self, threads: usize) -> u64 {
        let all = self.columns.iter().fold(0, |sum: u64, weight| sum.saturating_add(*weight));
        let heaviest = self.columns.iter().max().copied().unwrap_or(0);
        if all <= self.most { all } else { heaviest.saturating_mul(self.at_once(threads) as u64) }
    }

    /// Whether the pages of these columns do not fit into memory together, `times` times, with `more` bytes.
    pub(super) fn are_too_heavy(
        &self,
        columns: impl Iterator<Item = usize>,
        times: usize,
        more: u64,
    ) -> bool {
        let weights = columns.filter_map(|c| self.columns.get(c));
        let sum = weights.fold(0, |sum: u64, weight| sum.saturating_add(*weight));
        sum.saturating_mul(times as u64).saturating_add(more) > self.most
    }
}

/// The weight of the pages of a column chunk of which a reader holds one at a time, and of its dictionary page.
fn of_chunk(file: &impl ChunkReader, chunk: &ColumnChunkMetaData) -> io::Result<u64> {
    let (mut at, length) = chunk.byte_range();
    let end = at.saturating_add(length);
    let (mut dictionary, mut heaviest) = (0, 0);
    while at < end {
        let mut header = Compact::new(file.get_read(at).map_err(io::Error::other)?);
        let page = header.page()?;
        let packed = if chunk.compression() == Compression::UNCOMPRESSED { 0 } else { page.packed };
        let weight = page.unpacked + packed;
        let most = if page.is_dictionary { &mut dictionary } else { &mut heaviest };
        *most = weight.max(*most);
        at += header.read() + page.packed;
    }
    Ok(dictionary + heaviest)
}
