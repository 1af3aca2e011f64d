//! The partitions of a Parquet file whose rows do not lie together.

use std::sync::Mutex;

use parquet::column::reader::ColumnReader;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::ColumnDescriptor;

use super::super::guard::guarded;
use super::super::pandas::{Index, RangeIndex};
use super::super::rounds::in_rounds;
use super::super::table::{Sink, broken};
use super::contiguous::{ROWS, skip};
use super::file::ParquetFile;
use super::pages::column_reader;
use super::shape::Shape;
use super::strip::{Strip, Values};
use super::write::{Groups, Part};
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
        let held = HELD_PER_COLUMN * self.file.shape.columns.num_columns() as u64;
        let scatter = |order: &Order| guarded(&self.file.source.name, "Parquet", || self.scatter(order));
        in_rounds(order, (held, self.memory), scatter)
    }
}

/// What a partition holds on to for each of its columns besides rows, in bytes: digests, and what a writer notes.
const HELD_PER_COLUMN: u64 = 3 << 10;

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
            parts.push(Mutex::new(
                wanted.then(|| Part::begin(file, order, i, (&own, Groups::Mixed))).transpose()?,
            ));
        }
        let columns: Vec<_> = shape
            .columns
            .columns()
            .iter()
            .enumerate()
            .map(|(c, column)| {
                let strip = |want: &Want| (*want != Want::Skip).then(|| file.kept(c, column));
                Mutex::new(order.wants.iter().map(strip).collect())
            })
            .collect();
        let spread = Spread { file, order, shape: &shape, index, parts, columns };
        // A batch holds on to the page before the one that is read.
        let pages = 2 * file.weights.held(order.threads);
        let memory = (file.beside_categories(self.memory).saturating_sub(pages) / 4).max(self.memory / 16);
        for g in 0..file.groups.len() - 1 {
            spread.group(g, &self.assignment, memory as usize)?;
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

/// A row group that is read band by band.
struct Group<'a> {
    g: usize,
    first: u64,
    reader: &'a dyn RowGroupReader,
    /// A reader of each column, unless they are too heavy together.
    open: Vec<Mutex<ColumnReader>>,
}

impl Group<'_> {
    fn open(&self, file: &ParquetFile, c: usize) -> Result<ColumnReader, SplitError> {
        column_reader(self.reader, c).map_err(|e| file.bad(c, e))
    }

    /// Reads up to `count` rows of column `c` from row `at` on, which are the next ones; returns how many there were.
    fn read(
        &self,
        file: &ParquetFile,
        (c, at): (usize, u64),
        strip: &mut Strip,
        count: usize,
    ) -> Result<usize, SplitError> {
        let bad = |e: ParquetError| file.bad(c, e);
        if let Some(reader) = self.open.get(c) {
            return strip.read(&mut reader.lock().expect(HELD), count).map_err(bad);
        }
        let (mut reader, ahead) = (self.open(file, c)?, (at - self.first) as usize);
        if skip(&mut reader, ahead).map_err(bad)? < ahead {
            return Ok(0);
        }
        strip.read(&mut reader, count).map_err(bad)
    }
}

impl ParquetFile<'_> {
    /// An empty strip for rows of column `c` that are kept for longer than a batch.
    fn kept(&self, c: usize, column: &ColumnDescriptor) -> Strip {
        let has_categories = self.categories.get(c).is_some_and(Option::is_some);
        if has_categories { Strip::numbered(column) } else { Strip::kept(column) }
    }
}

const HELD: &str = "no thread panics while it holds the lock";

impl Spread<'_> {
    /// Distributes the rows of a row group, band by band.
    fn group(&self, g: usize, assignment: &Assignment, memory: usize) -> Result<(), SplitError> {
        let (file, rows) = (self.file, self.file.groups[g]..self.file.groups[g + 1]);
        let reader = file.reader.get_row_group(g).map_err(|e| broken(&file.source.name, "Parquet", e))?;
        let stored = file.shape.columns.num_columns();
        let group = Group { g, first: rows.start, reader: reader.as_ref(), open: Vec::new() };
        // Where the pages of all columns together are too heavy, each is read again for every band that has rows of it.
        let apart = file.weights.are_too_heavy(0..stored, 1, 0);
        let open = (0..if apart { 0 } else { stored }).map(|c| group.open(file, c).map(Mutex::new));
        let open = open.collect::<Result<_, _>>()?;
        let group = Group { open, ..group };
        let threads = if apart { file.weights.at_once(self.order.threads) } else { self.order.threads };
        // The heaviest first: whoever takes the last one has the others wait for it.
        let weight = |c: &usize| reader.metadata().columns().get(*c).map_or(0, |c| c.uncompressed_size());
        let mut turns: Vec<usize> = (0..self.columns.len()).collect();
        turns.sort_by_key(|c| std::cmp::Reverse(weight(c)));
        // What rows weigh is known only when they have been read.
        let (mut at, mut next) = (rows.start, 1);
        while at < rows.end {
            let end = rows.end.min(at + next as u64);
            let route: Vec<u32> = (at..end).map(|row| assignment.partition(row) as u32).collect();
            let weights = parallel::map(
                threads,
                turns.len(),
                || (),
                |(), i| {
                    let deal = || self.column(turns[i], &group, (at, &route));
                    guarded(&file.source.name, "Parquet", deal)
                },
            )?;
            let (band, kept) = weights.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            for (partition, count) in counts(&route) {
                if let Some(part) = self.parts[partition as usize].lock().expect(HELD).as_mut() {
                    part.rows += count;
                }
            }
            // Columns that are read apart are not held together, and each band costs a page of each.
            let most = memory / if apart { 2 } else { 16 };
            next = (most * route.len() / band.max(1)).clamp(1, ROWS).min(4 * next);
            at = end;
            if kept > memory {
                self.flush()?;
            }
        }
        let bytes = file.reader.metadata().row_group(g).compressed_size().max(0) as u64;
        (self.order.progress)(bytes);
        (0..stored).try_for_each(|c| {
            let mut more = Strip::new(&file.shape.columns.column(c));
            if group.read(file, (c, rows.end), &mut more, 1)? > 0 {
                let rows = rows.end - rows.start;
                return Err(file.bad(c, format!("row group {} has more than {rows} rows", g + 1)));
            }
            Ok(())
        })
    }

    /// Distributes the rows of column `c` from row `at` on; returns their weight and that of all rows kept.
    fn column(
        &self,
        c: usize,
        group: &Group,
        (at, route): (u64, &[u32]),
    ) -> Result<(usize, usize), SplitError> {
        let is_stored = c < self.file.shape.columns.num_columns();
        let mut strip = match self.index {
            Some(index) if !is_stored => Strip::of_numbers(index.labels(at..at + route.len() as u64)),
            _ => {
                let mut strip = Strip::new(&self.shape.columns.column(c));
                if group.read(self.file, (c, at), &mut strip, route.len())? < route.len() {
                    return Err(self.file.bad(c, format!("row group {} has too few rows", group.g + 1)));
                }
                strip
            }
        };
        let weight = strip.weight();
        if let Some(Some(categories)) = self.file.categories.get(c) {
            strip.values = Values::Numbers(categories.numbers(&strip).map_err(|e| self.file.bad(c, e))?);
        }
        let mut kept = self.columns[c].lock().expect(HELD);
        strip.deal(route, &mut kept);
        let kept = kept.iter().flatten().map(Strip::weight).sum();
        Ok((weight, kept))
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
                            let empty = self.file.kept(c, &self.shape.columns.column(c));
                            column.lock().expect(HELD)[i].replace(empty).expect("is kept if it is wanted")
                        })
                        .collect();
                    if strips.first().is_none_or(Strip::is_empty) {
                        return Ok(());
                    }
                    let Part { digests, writer, .. } = part;
                    for (c, (digest, strip)) in digests.iter_mut().zip(&strips).enumerate() {
                        digest.update(strip, self.file.categories.get(c).and_then(Option::as_ref));
                    }
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
