//! The partitions of a Parquet file whose rows do not lie together.

use std::sync::Mutex;

use parquet::column::reader::ColumnReader;
use parquet::errors::ParquetError;
use parquet::file::reader::FileReader;
use parquet::file::writer::SerializedRowGroupWriter;

use super::super::guard::guarded;
use super::super::pandas::{Index, RangeIndex};
use super::super::table::{Sink, broken};
use super::contiguous::ROWS;
use super::file::ParquetFile;
use super::shape::Shape;
use super::strip::Strip;
use super::write::Part;
use crate::split::assign::Assignment;
use crate::split::error::SplitError;
use crate::split::parallel;
use crate::split::produce::{Order, Producer, Product, Want};

/// Rows that do not lie together. The file is read once, its columns in parallel; each partition's rows are
/// kept until all of them together weigh `memory`, and are then written as a row group.
pub(in crate::split::columnar) struct Scattered<'a> {
    pub(in crate::split::columnar) file: &'a ParquetFile<'a>,
    pub(in crate::split::columnar) assignment: Assignment,
    pub(in crate::split::columnar) memory: u64,
}

/// The rows of a column kept for each partition.
type Strips = Vec<Option<Strip>>;

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
    columns: Vec<Mutex<Strips>>,
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
        // The heaviest first: whoever takes the last one has the others wait for it.
        let weight = |c: &usize| reader.metadata().columns().get(*c).map_or(0, |c| c.uncompressed_size());
        let mut turns: Vec<usize> = (0..self.columns.len()).collect();
        turns.sort_by_key(|c| std::cmp::Reverse(weight(c)));
        let (mut at, mut next) = (rows.start, 64);
        while at < rows.end {
            let end = rows.end.min(at + next as u64);
            let route: Vec<u32> = (at..end).map(|row| assignment.partition(row) as u32).collect();
            let weights = parallel::map(
                self.order.threads,
                turns.len(),
                || (),
                |(), i| {
                    let deal = || self.column(turns[i], g, (at, &route), &readers);
                    guarded(&file.source.name, "Parquet", deal)
                },
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
            let chunk = categories.chunk(&column, self.file.codec(c), strip, strip.rows() as u64);
            let (chunk, close) = chunk.map_err(bad)?;
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
