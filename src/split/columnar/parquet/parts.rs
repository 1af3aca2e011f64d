//! The partitions of a Parquet file.

use std::ops::Range;
use std::sync::Mutex;

use parquet::column::reader::ColumnReader;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::writer::SerializedRowGroupWriter;

use super::super::guard::guarded;
use super::super::pandas::{Index, RangeIndex};
use super::super::table::{Sink, broken};
use super::categories::Categories;
use super::file::ParquetFile;
use super::shape::Shape;
use super::strip::Strip;
use super::write::Part;
use crate::split::assign::Assignment;
use crate::split::error::SplitError;
use crate::split::parallel;
use crate::split::produce::{Order, Producer, Product, Want};

/// How much of a column is decoded at a time.
const BATCH: usize = 4 << 20;

/// The most rows that are decoded at a time.
const ROWS: usize = 1 << 16;

/// Contiguous rows: every partition is read separately.
pub(in crate::split::columnar) struct Contiguous<'a> {
    pub(in crate::split::columnar) file: &'a ParquetFile<'a>,
    pub(in crate::split::columnar) rows: Vec<Range<u64>>,
}

/// Called with each batch of a column.
type EachStrip<'a> = dyn FnMut(&Strip) -> ParquetResult<()> + 'a;

impl Producer for Contiguous<'_> {
    fn produce(&self, order: &Order) -> Result<Vec<Option<Product>>, SplitError> {
        parallel::map(
            order.threads,
            self.rows.len(),
            || (),
            |(), i| {
                if order.wants[i] == Want::Skip {
                    return Ok(None);
                }
                guarded(&self.file.source.name, "Parquet", || self.part(order, i)).map(Some)
            },
        )
    }
}

impl Contiguous<'_> {
    fn part(&self, order: &Order, i: usize) -> Result<Product, SplitError> {
        let (file, rows) = (self.file, &self.rows[i]);
        let shape = file.shape.with_range(&Index::Slice(rows.clone()));
        let mut part = Part::begin(file, order, i, &shape)?;
        for g in 0..file.groups.len() - 1 {
            let group = file.groups[g]..file.groups[g + 1];
            let (start, end) = (rows.start.max(group.start), rows.end.min(group.end));
            if start < end {
                let wanted = (start - group.start) as usize..(end - group.start) as usize;
                let slice = Slice { file, g, rows: wanted, of: (group.end - group.start) as usize };
                slice.copy(&mut part)?;
                part.rows += end - start;
                let bytes = file.reader.metadata().row_group(g).compressed_size().max(0) as u64;
                (order.progress)(bytes * (end - start) / (group.end - group.start));
            }
        }
        if part.rows != rows.end - rows.start {
            return Err(order.source.changed());
        }
        part.finish(&file.categories)
    }
}

/// Rows of a row group, which has `of` rows.
struct Slice<'a> {
    file: &'a ParquetFile<'a>,
    g: usize,
    rows: Range<usize>,
    of: usize,
}

impl Slice<'_> {
    fn copy(&self, part: &mut Part) -> Result<(), SplitError> {
        let broken = |e: ParquetError| broken(&self.file.source.name, "Parquet", e);
        let reader = self.file.reader.get_row_group(self.g).map_err(broken)?;
        let mut out =
            part.writer.as_mut().map(|writer| writer.next_row_group()).transpose().map_err(broken)?;
        for (c, digest) in part.digests.iter_mut().enumerate() {
            let bad = |e: ParquetError| self.file.bad(c, e);
            let raw = out.as_ref().and_then(|_| self.raw(c));
            let raw = raw.filter(|_| self.has_all_categories(reader.as_ref(), c));
            let columns = &self.file.shape.columns;
            let (mut strip, categories) = (Strip::new(&columns.column(c)), &self.file.categories[c]);
            let mut column = match &mut out {
                Some(out) if raw.is_none() && categories.is_none() => out.next_column().map_err(bad)?,
                _ => None,
            };
            let mut each = |strip: &Strip| {
                digest.update(strip);
                column.as_mut().map_or(Ok(()), |column| strip.write(column.untyped()))
            };
            self.read(reader.as_ref(), c, &mut strip, (categories.is_some(), &mut each))?;
            column.map(|column| column.close()).transpose().map_err(bad)?;
            match (&mut out, raw, categories) {
                (Some(out), Some(close), _) => out.append_column(&self.file.handle, close).map_err(bad)?,
                (Some(out), None, Some(categories)) => {
                    let rows = self.rows.len() as u64;
                    let (chunk, close) = categories.chunk(&columns.column(c), &strip, rows).map_err(bad)?;
                    out.append_column(&chunk, close).map_err(bad)?;
                }
                _ => {}
            }
        }
        out.map(SerializedRowGroupWriter::close).transpose().map_err(broken)?;
        part.pause().map_err(broken)
    }

    /// Reads the rows of column `c` in batches, or all at once if they are to be kept.
    fn read(
        &self,
        group: &dyn RowGroupReader,
        c: usize,
        strip: &mut Strip,
        (keep, each): (bool, &mut EachStrip<'_>),
    ) -> Result<(), SplitError> {
        let bad = |e: ParquetError| self.file.bad(c, e);
        let mut reader = group.get_column_reader(c).map_err(bad)?;
        let missing =
            || self.file.bad(c, format!("row group {} has fewer than {} rows", self.g + 1, self.of));
        if skip(&mut reader, self.rows.start).map_err(bad)? < self.rows.start {
            return Err(missing());
        }
        let (mut left, mut next) = (self.rows.len(), 64);
        while left > 0 {
            let asked = if keep { left } else { left.min(next) };
            strip.clear();
            if strip.read(&mut reader, asked).map_err(bad)? < asked {
                return Err(missing());
            }
            each(strip).map_err(bad)?;
            left -= asked;
            next = batch(asked, strip.weight()).min(4 * next);
        }
        let mut more = Strip::new(&self.file.shape.columns.column(c));
        if self.rows.end == self.of && more.read(&mut reader, 1).map_err(bad)? > 0 {
            return Err(self.file.bad(c, format!("row group {} has more than {} rows", self.g + 1, self.of)));
        }
        Ok(())
    }

    /// Whether the column has no categories, or the row group has those of the whole file.
    fn has_all_categories(&self, group: &dyn RowGroupReader, c: usize) -> bool {
        let Some(all) = &self.file.categories[c] else { return true };
        let mut own = Categories::default();
        let read = group.get_column_page_reader(c).and_then(|mut pages| own.read(pages.as_mut()));
        read.is_ok_and(|has_page| has_page && own == *all)
    }

    /// The metadata of the column chunk, if it can be copied unchanged.
    fn raw(&self, c: usize) -> Option<ColumnCloseResult> {
        let metadata = self.file.reader.metadata().row_group(self.g).column(c).clone();
        let (data, dictionary) = (metadata.data_page_offset(), metadata.dictionary_page_offset());
        let is_sound = dictionary.is_none_or(|dictionary| (4..data).contains(&dictionary)) && data >= 4;
        if self.rows != (0..self.of) || !is_sound || metadata.compressed_size() <= 0 {
            return None;
        }
        Some(ColumnCloseResult {
            bytes_written: metadata.compressed_size() as u64,
            rows_written: self.of as u64,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        })
    }
}

/// How many rows to read next, given the weight of the last `rows`.
fn batch(rows: usize, weight: usize) -> usize {
    (BATCH * rows / weight.max(1)).clamp(1, ROWS)
}

fn skip(reader: &mut ColumnReader, rows: usize) -> ParquetResult<usize> {
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

/// Rows that are not contiguous. The file is read once, its columns in parallel; the rows of the partitions are kept
/// until together they weigh `memory`, and are then written as row groups.
pub(in crate::split::columnar) struct Scattered<'a> {
    pub(in crate::split::columnar) file: &'a ParquetFile<'a>,
    pub(in crate::split::columnar) assignment: Assignment,
    pub(in crate::split::columnar) memory: u64,
}

/// The rows of a column kept for each partition.
type Kept = Vec<Option<Strip>>;

impl Producer for Scattered<'_> {
    fn produce(&self, order: &Order) -> Result<Vec<Option<Product>>, SplitError> {
        guarded(&self.file.source.name, "Parquet", || self.scatter(order))
    }
}

impl Scattered<'_> {
    fn scatter(&self, order: &Order) -> Result<Vec<Option<Product>>, SplitError> {
        let file = self.file;
        let stride = self.assignment.stride();
        let materialized = if stride.is_none() { file.shape.materialized() } else { None };
        let (shape, index) = match &materialized {
            Some((shape, index)) => (shape.clone(), Some(index)),
            None => (file.shape.clone(), None),
        };
        let mut parts = Vec::new();
        for i in 0..order.wants.len() {
            let every = |step| Index::Every { first: i as u64, step, total: file.rows() };
            let own = stride.map_or_else(|| shape.clone(), |step| shape.with_range(&every(step)));
            let wanted = order.wants[i] != Want::Skip;
            parts.push(Mutex::new(wanted.then(|| Part::begin(file, order, i, &own)).transpose()?));
        }
        let columns: Vec<_> = shape
            .columns
            .columns()
            .iter()
            .map(|column| {
                let strip = |want: &Want| (*want != Want::Skip).then(|| Strip::kept(column));
                Mutex::new(order.wants.iter().map(strip).collect())
            })
            .collect();
        let spread = Spread { file, order, shape: &shape, index, parts, columns };
        for g in 0..file.groups.len() - 1 {
            spread.group(g, &self.assignment, (self.memory / 4) as usize)?;
        }
        spread.finish()
    }
}

/// A scattering in progress.
struct Spread<'a> {
    file: &'a ParquetFile<'a>,
    order: &'a Order<'a>,
    shape: &'a Shape,
    /// The pandas index that becomes the last column.
    index: Option<&'a RangeIndex>,
    parts: Vec<Mutex<Option<Part>>>,
    columns: Vec<Mutex<Kept>>,
}

const HELD: &str = "no thread panics while it holds the lock";

impl Spread<'_> {
    /// Distributes the rows of a row group, band by band.
    fn group(&self, g: usize, assignment: &Assignment, memory: usize) -> Result<(), SplitError> {
        let (file, rows) = (self.file, self.file.groups[g]..self.file.groups[g + 1]);
        let reader = file.reader.get_row_group(g).map_err(|e| broken(&file.source.name, "Parquet", e))?;
        let stored = file.shape.columns.num_columns();
        let mut readers = Vec::new();
        for c in 0..stored {
            let bad = |e: ParquetError| file.bad(c, e);
            readers.push(Mutex::new(reader.get_column_reader(c).map_err(bad)?));
        }
        let (mut at, mut next) = (rows.start, 64);
        while at < rows.end {
            let end = rows.end.min(at + next as u64);
            let route: Vec<u32> = (at..end).map(|row| assignment.partition(row) as u32).collect();
            let weights = parallel::map(
                self.order.threads,
                self.columns.len(),
                || (),
                |(), c| guarded(&file.source.name, "Parquet", || self.column(c, g, (at, &route), &readers)),
            )?;
            let (band, kept) = weights.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            for (partition, count) in counts(&route) {
                if let Some(part) = self.parts[partition as usize].lock().expect(HELD).as_mut() {
                    part.rows += count;
                }
            }
            next = (memory / 16 * route.len() / band.max(1)).clamp(1, ROWS).min(4 * next);
            at = end;
            if kept > memory {
                self.flush()?;
            }
        }
        let bytes = file.reader.metadata().row_group(g).compressed_size().max(0) as u64;
        (self.order.progress)(bytes);
        for (c, reader) in readers.iter().enumerate() {
            let mut more = Strip::new(&file.shape.columns.column(c));
            if more.read(&mut reader.lock().expect(HELD), 1).map_err(|e| file.bad(c, e))? > 0 {
                let rows = rows.end - rows.start;
                return Err(file.bad(c, format!("row group {} has more than {rows} rows", g + 1)));
            }
        }
        Ok(())
    }

    /// Distributes the rows of column `c` from row `at` on; returns their weight and that of all rows kept.
    fn column(
        &self,
        c: usize,
        g: usize,
        (at, route): (u64, &[u32]),
        readers: &[Mutex<ColumnReader>],
    ) -> Result<(usize, usize), SplitError> {
        let bad = |e: ParquetError| self.file.bad(c, e);
        let strip = match (readers.get(c), self.index) {
            (Some(reader), _) => {
                let mut strip = Strip::new(&self.shape.columns.column(c));
                if strip.read(&mut reader.lock().expect(HELD), route.len()).map_err(bad)? < route.len() {
                    return Err(self.file.bad(c, format!("row group {} has too few rows", g + 1)));
                }
                strip
            }
            (None, Some(index)) => Strip::of_numbers(index.labels(at..at + route.len() as u64)),
            (None, None) => unreachable!("only the index of pandas is no column of the file"),
        };
        let mut kept = self.columns[c].lock().expect(HELD);
        strip.deal(route, &mut kept);
        let kept = kept.iter().flatten().map(Strip::weight).sum();
        Ok((strip.weight(), kept))
    }

    /// Writes the rows kept, as one row group for each partition.
    fn flush(&self) -> Result<(), SplitError> {
        let broken = |e: ParquetError| broken(&self.file.source.name, "Parquet", e);
        parallel::map(
            self.order.threads,
            self.parts.len(),
            || (),
            |(), i| {
                guarded(&self.file.source.name, "Parquet", || {
                    let mut part = self.parts[i].lock().expect(HELD);
                    let Some(part) = part.as_mut() else { return Ok(()) };
                    let strips: Vec<Strip> = self
                        .columns
                        .iter()
                        .enumerate()
                        .map(|(c, column)| {
                            let empty = Strip::kept(&self.shape.columns.column(c));
                            column.lock().expect(HELD)[i].replace(empty).expect("is kept if it is wanted")
                        })
                        .collect();
                    if strips.first().is_none_or(Strip::is_empty) {
                        return Ok(());
                    }
                    let Part { digests, writer, .. } = part;
                    digests.iter_mut().zip(&strips).for_each(|(digest, strip)| digest.update(strip));
                    if let Some(writer) = writer {
                        let mut out = writer.next_row_group().map_err(broken)?;
                        for (c, strip) in strips.into_iter().enumerate() {
                            self.write(c, &strip, &mut out)?;
                        }
                        out.close().map_err(broken)?;
                    }
                    part.pause().map_err(broken)
                })
            },
        )?;
        Ok(())
    }

    fn write(
        &self,
        c: usize,
        strip: &Strip,
        out: &mut SerializedRowGroupWriter<Sink>,
    ) -> Result<(), SplitError> {
        let bad = |e: ParquetError| self.file.bad(c, e);
        if let Some(Some(categories)) = self.file.categories.get(c) {
            let column = self.shape.columns.column(c);
            let (chunk, close) = categories.chunk(&column, strip, strip.rows() as u64).map_err(bad)?;
            return out.append_column(&chunk, close).map_err(bad);
        }
        if let Some(mut column) = out.next_column().map_err(bad)? {
            strip.write(column.untyped()).map_err(bad)?;
            column.close().map_err(bad)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<Option<Product>>, SplitError> {
        self.flush()?;
        let parts = self.parts.into_iter().map(|part| part.into_inner().expect(HELD));
        parts.map(|part| part.map(|part| part.finish(&self.file.categories)).transpose()).collect()
    }
}

/// How many rows of a band each partition gets.
fn counts(route: &[u32]) -> std::collections::HashMap<u32, u64> {
    let mut counts = std::collections::HashMap::new();
    route.iter().for_each(|partition| *counts.entry(*partition).or_default() += 1);
    counts
}
