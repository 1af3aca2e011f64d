//! The partitions of a Parquet file that are contiguous rows.

use std::ops::Range;

use parquet::basic::Type as Physical;
use parquet::bloom_filter::Sbbf;
use parquet::column::reader::ColumnReader;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::ColumnDescriptor;

use super::super::guard::guarded;
use super::super::pandas::Index;
use super::super::table::{HANDLES, Sink, broken};
use super::digest::ColumnDigest;
use super::file::ParquetFile;
use super::pages::column_reader;
use super::strip::Strip;
use super::write::{Groups, Part};
use crate::split::error::SplitError;
use crate::split::parallel;
use crate::split::produce::{Order, Producer, Product, Want};

/// How much of a column is decoded at once.
const BATCH: usize = 4 << 20;

/// The most rows that are decoded at once.
pub(super) const ROWS: usize = 1 << 16;

/// The most rows of texts or lists that are decoded in one step: they may suddenly weigh much more than those before them.
const STEP: usize = 1 << 9;

/// The most partitions that are made in one go through a row group.
const PARTS: usize = 1 << 10;

/// Contiguous rows: some neighbouring partitions are read by one thread, column by column, so that no page is decoded
/// for each of the partitions that it has rows of.
pub(in crate::split::columnar) struct Contiguous<'a> {
    pub(in crate::split::columnar) file: &'a ParquetFile<'a>,
    pub(in crate::split::columnar) rows: Vec<Range<u64>>,
}

/// What is done with each batch of a column.
type EachStrip<'a> = dyn FnMut(&Strip) -> ParquetResult<()> + 'a;

impl Producer for Contiguous<'_> {
    fn produce(&self, order: &Order) -> Result<Vec<Option<Product>>, SplitError> {
        let threads = self.file.weights.at_once(order.threads);
        let each = self.rows.len().div_ceil(2 * threads).clamp(1, PARTS);
        let blocks = self.rows.len().div_ceil(each);
        let made = parallel::map(
            threads,
            blocks,
            || (),
            |(), i| {
                let block = i * each..self.rows.len().min((i + 1) * each);
                guarded(&self.file.source.name, "Parquet", || self.block(order, block))
            },
        )?;
        Ok(made.into_iter().flatten().collect())
    }
}

impl Contiguous<'_> {
    /// Makes the partitions `block`.
    fn block(&self, order: &Order, block: Range<usize>) -> Result<Vec<Option<Product>>, SplitError> {
        let (file, first) = (self.file, block.start);
        let begin = |i: usize| {
            let shape = file.shape.with_range(&Index::Slice(self.rows[i].clone()));
            let begin = || Part::begin(file, order, i, (&shape, Groups::Kept));
            (order.wants[i] != Want::Skip).then(begin).transpose()
        };
        let mut parts = block.map(begin).collect::<Result<Vec<_>, _>>()?;
        for g in 0..file.groups.len() - 1 {
            let has_filters = self.rows.len() <= HANDLES;
            let done = self.group((g, has_filters), first, &mut parts)?;
            let bytes = file.reader.metadata().row_group(g).compressed_size().max(0) as u64;
            let rows = file.groups[g + 1] - file.groups[g];
            (order.progress)((u128::from(bytes) * u128::from(done) / u128::from(rows.max(1))) as u64);
        }
        let finish = |(part, rows): (Option<Part>, &Range<u64>)| match part {
            Some(part) if part.rows != rows.end - rows.start => Err(order.source.changed()),
            part => part.map(|part| part.finish(&file.categories)).transpose(),
        };
        parts.into_iter().zip(&self.rows[first..]).map(finish).collect()
    }

    /// Adds to `parts`, of which the first is partition `first`, what row group `g` has of them; how many rows.
    fn group(
        &self,
        (g, has_filters): (usize, bool),
        first: usize,
        parts: &mut [Option<Part>],
    ) -> Result<u64, SplitError> {
        let (file, own) = (self.file, self.file.groups[g]..self.file.groups[g + 1]);
        let broken = |e: ParquetError| broken(&file.source.name, "Parquet", e);
        let mut slices = Vec::new();
        for (part, rows) in parts.iter_mut().zip(&self.rows[first..]) {
            let (start, end) = (rows.start.max(own.start), rows.end.min(own.end));
            if let (Some(part), true) = (part, start < end) {
                part.rows += end - start;
                let (rows, Part { digests, writer, .. }) =
                    ((start - own.start) as usize..(end - own.start) as usize, part);
                let out =
                    writer.as_mut().map(|writer| writer.next_row_group()).transpose().map_err(broken)?;
                slices.push(Slice { rows, digests, out });
            }
        }
        if slices.is_empty() {
            return Ok(0);
        }
        let reader = file.reader.get_row_group(g).map_err(broken)?;
        let of = (own.end - own.start) as usize;
        let group = Group { file, g, of, reader: reader.as_ref(), has_filters };
        for c in 0..file.shape.columns.num_columns() {
            let reader = column_reader(reader.as_ref(), c).map_err(|e| file.bad(c, e))?;
            let mut cursor = Cursor::new(reader, &file.shape.columns.column(c));
            slices.iter_mut().try_for_each(|slice| group.copy(c, &mut cursor, slice))?;
        }
        let mut done = 0;
        for Slice { rows, out, .. } in slices {
            out.map(SerializedRowGroupWriter::close).transpose().map_err(broken)?;
            done += rows.len() as u64;
        }
        parts.iter_mut().flatten().try_for_each(Part::pause).map_err(broken)?;
        Ok(done)
    }
}

/// A row group that has `of` rows.
struct Group<'a> {
    file: &'a ParquetFile<'a>,
    g: usize,
    of: usize,
    reader: &'a dyn RowGroupReader,
    /// Whether Bloom filters are kept: they stay in memory until the partition is complete.
    has_filters: bool,
}

/// Rows of a row group on their way to a partition.
struct Slice<'a> {
    rows: Range<usize>,
    digests: &'a mut [ColumnDigest],
    out: Option<SerializedRowGroupWriter<'a, Sink>>,
}

/// A column of a row group, at which row its reader stands, and how many it reads in one step.
struct Cursor {
    reader: ColumnReader,
    at: usize,
    step: usize,
    longest_step: usize,
}

impl Cursor {
    fn new(reader: ColumnReader, column: &ColumnDescriptor) -> Self {
        let is_even = column.max_rep_level() == 0 && column.physical_type() != Physical::BYTE_ARRAY;
        Self { reader, at: 0, step: 1, longest_step: if is_even { ROWS } else { STEP } }
    }

    /// Reads up to `rows` more rows, fewer where they weigh more than [`BATCH`]; `None` if there are too few. What rows
    /// weigh is known only when they have been read, so the first step is one row, and none is much longer than the one
    /// before it.
    fn fill(&mut self, strip: &mut Strip, rows: usize) -> ParquetResult<Option<usize>> {
        let (mut read, mut weight) = (0, 0);
        while read < rows && weight < BATCH {
            let (step, before) = (self.step.min(rows - read), strip.count());
            if strip.read(&mut self.reader, step)? < step {
                return Ok(None);
            }
            let added = strip.weight_from(before);
            (read, weight) = (read + step, weight + added);
            self.step = (BATCH / 16 * step / added.max(1)).clamp(1, self.longest_step).min(4 * self.step);
        }
        self.at += read;
        Ok(Some(read))
    }
}

impl Group<'_> {
    /// Copies what column `c` has of `slice`.
    fn copy(&self, c: usize, cursor: &mut Cursor, slice: &mut Slice) -> Result<(), SplitError> {
        let bad = |e: ParquetError| self.file.bad(c, e);
        let Slice { rows, digests, out } = slice;
        let (digest, columns) = (&mut digests[c], &self.file.shape.columns);
        let raw = if out.is_some() { self.raw(c, rows).map_err(bad)? } else { None };
        let raw = raw.filter(|_| self.has_all_categories(c));
        let categories = self.file.categories[c].as_ref().filter(|_| out.is_some() && raw.is_none());
        let mut column = match out {
            Some(out) if raw.is_none() && categories.is_none() => out.next_column().map_err(bad)?,
            _ => None,
        };
        let mut numbers = Strip::numbered(&columns.column(c));
        let mut each = |strip: &Strip| {
            digest.update(strip, None);
            match categories {
                Some(categories) => numbers.add_numbers(strip, &categories.numbers(strip)?),
                None => column.as_mut().map_or(Ok(()), |column| strip.write(column.untyped()))?,
            }
            Ok(())
        };
        self.read((c, cursor), rows.clone(), &mut each)?;
        column.map(|column| column.close()).transpose().map_err(bad)?;
        match (out, raw, categories) {
            (Some(out), Some(close), _) => out.append_column(&self.file.handle, close).map_err(bad),
            (Some(out), None, Some(categories)) => {
                let (rows, codec) = (rows.len() as u64, self.file.codec(c));
                let chunk = categories.chunk(&columns.column(c), codec, &numbers, rows);
                let (chunk, close) = chunk.map_err(bad)?;
                out.append_column(&chunk, close).map_err(bad)
            }
            _ => Ok(()),
        }
    }

    /// Reads `rows` of column `c`, batch by batch.
    fn read(
        &self,
        (c, cursor): (usize, &mut Cursor),
        rows: Range<usize>,
        each: &mut EachStrip<'_>,
    ) -> Result<(), SplitError> {
        let bad = |e: ParquetError| self.file.bad(c, e);
        let missing =
            || self.file.bad(c, format!("row group {} has fewer than {} rows", self.g + 1, self.of));
        let ahead = rows.start - cursor.at;
        if skip(&mut cursor.reader, ahead).map_err(bad)? < ahead {
            return Err(missing());
        }
        let mut strip = Strip::new(&self.file.shape.columns.column(c));
        cursor.at = rows.start;
        while cursor.at < rows.end {
            strip.clear();
            let most = ROWS.min(rows.end - cursor.at);
            cursor.fill(&mut strip, most).map_err(bad)?.ok_or_else(missing)?;
            each(&strip).map_err(bad)?;
        }
        let mut more = Strip::new(&self.file.shape.columns.column(c));
        if rows.end == self.of && more.read(&mut cursor.reader, 1).map_err(bad)? > 0 {
            return Err(self.file.bad(c, format!("row group {} has more than {} rows", self.g + 1, self.of)));
        }
        Ok(())
    }

    /// Whether the column has no categories, or the row group those of the whole file.
    fn has_all_categories(&self, c: usize) -> bool {
        let Some(all) = &self.file.categories[c] else { return true };
        let pages = self.reader.get_column_page_reader(c);
        pages.and_then(|mut pages| all.are_those_of(pages.as_mut())).unwrap_or(false)
    }

    /// What is known of the column chunk, if it is wanted as it is.
    fn raw(&self, c: usize, rows: &Range<usize>) -> ParquetResult<Option<ColumnCloseResult>> {
        let metadata = self.file.reader.metadata().row_group(self.g).column(c).clone();
        let (data, dictionary) = (metadata.data_page_offset(), metadata.dictionary_page_offset());
        let is_sound = dictionary.is_none_or(|dictionary| (4..data).contains(&dictionary)) && data >= 4;
        if *rows != (0..self.of) || !is_sound || metadata.compressed_size() <= 0 {
            return Ok(None);
        }
        let filter = self.has_filters.then(|| Sbbf::read_from_column_chunk(&metadata, &self.file.handle));
        Ok(Some(ColumnCloseResult {
            bytes_written: metadata.compressed_size() as u64,
            rows_written: self.of as u64,
            metadata,
            bloom_filter: filter.transpose()?.flatten(),
            column_index: None,
            offset_index: None,
        }))
    }
}

/// Passes over rows; returns how many there were.
pub(super) fn skip(reader: &mut ColumnReader, rows: usize) -> ParquetResult<usize> {
    match reader {
        ColumnReader::BoolColumnReader(r) => r.skip_records(rows),
        ColumnReader::Int32ColumnReader(r) => r.skip_records(rows),
        ColumnReader::Int64ColumnReader(r) => r.skip_records(rows),
        ColumnReader::Int96ColumnReader(r) => r.skip_records(rows),
        ColumnReader::FloatColumnReader(r) => r.skip_records(rows),
        ColumnReader::DoubleColumnReader(r) => r.skip_records(rows),
        ColumnReader::ByteArrayColumnReader(r) => r.skip_records(rows),
        ColumnReader::FixedLenByteArrayColumnReader(r) => r.skip_records(rows),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::types::Int32Type;
    use arrow_array::{ArrayRef, BinaryArray, ListArray, RecordBatch};
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::split::source::Source;

    /// How many rows of a column are read in each go.
    fn goes(column: ArrayRef) -> Vec<usize> {
        let rows = column.len();
        let table = RecordBatch::try_from_iter([("c", column)]).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        let mut writer = ArrowWriter::try_new(&mut file, table.schema(), None).unwrap();
        writer.write(&table).unwrap();
        writer.close().unwrap();
        let source = Source::new(file, "data").unwrap();
        let file = ParquetFile::open(&source, (1 << 30, 1)).unwrap();
        let group = file.reader.get_row_group(0).unwrap();
        let column = file.shape.columns.column(0);
        let mut cursor = Cursor::new(column_reader(group.as_ref(), 0).unwrap(), &column);
        let mut found = Vec::new();
        while cursor.at < rows {
            let mut strip = Strip::new(&column);
            found.push(cursor.fill(&mut strip, ROWS.min(rows - cursor.at)).unwrap().unwrap());
            assert_eq!(strip.rows(), *found.last().unwrap());
        }
        found
    }

    #[test]
    fn few_rows_are_read_in_one_go_where_they_are_heavy() {
        let lists = |lengths: &mut dyn Iterator<Item = i32>| -> ArrayRef {
            let list = |length| Some((0..length).map(|_| Some(0)));
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lengths.map(list)))
        };
        assert_eq!(goes(lists(&mut [300_000; 5].into_iter())), [2, 2, 1]);
        assert_eq!(goes(lists(&mut (0..5_000).map(|i| i % 3))), [5_000]);
        let heavy_behind_light = goes(lists(&mut (0..2_000).map(|i| if i < 1_900 { 1 } else { 30_000 })));
        assert!(heavy_behind_light[1..].iter().all(|rows| *rows < 40), "{heavy_behind_light:?}");
        let texts: ArrayRef = Arc::new(BinaryArray::from_iter_values((0..6).map(|i| vec![i; 3 << 20])));
        assert_eq!(goes(texts), [2, 2, 2]);
    }
}
