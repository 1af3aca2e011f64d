//! The partitions of a table.

use std::io::Write;
use std::ops::Range;
use std::sync::Mutex;

use arrow_array::{RecordBatch, UInt32Array};
use arrow_schema::{ArrowError, DataType, Field, SchemaRef};
use arrow_select::take::take_record_batch;
use camino::Utf8Path;

use super::digest::TableDigest;
use super::guard::guarded;
use super::ipc::{Ipc, Means};
use super::pandas;
use super::pandas::Index;
use super::parquet::{self, KeyColumns, ParquetFile, ParquetKeys};
use super::rounds::in_rounds;
use super::table::{HANDLES, Sink, Table, TableWriter, broken};
use super::values::KeyNames;
use crate::split::assign::Assignment;
use crate::split::error::SplitError;
use crate::split::format::Kind;
use crate::split::keys::{KeyRequest, Keys};
use crate::split::parallel;
use crate::split::produce::{Order, Producer, Product, Want};
use crate::split::request::Request;
use crate::split::source::Source;
use crate::split::strategy::assign;

/// Calls `then` with the producer of the partitions of the table in `source`.
pub(in crate::split) fn produce<T>(
    request: &Request,
    source: &Source,
    kind: Kind,
    then: impl FnOnce(&dyn Producer) -> Result<T, SplitError>,
) -> Result<T, SplitError> {
    if kind == Kind::Parquet {
        return produce_parquet(request, source, then);
    }
    let table = open_arrow(request, source, kind)?;
    let table: &dyn Table = &table;
    let keys = |wanted: KeyRequest| -> Result<Box<dyn Keys + '_>, SplitError> {
        Ok(Box::new(TableKeys::new(source, table, wanted)?))
    };
    let assignment = assign(request, source, &|| Ok(table.rows()), &keys)?;
    match &assignment {
        Assignment::Cuts(cuts) => then(&Contiguous { table, rows: ranges(cuts, table.rows()) }),
        _ => then(&Scattered { table, assignment: &assignment, memory: request.memory() }),
    }
}

fn produce_parquet<T>(
    request: &Request,
    source: &Source,
    then: impl FnOnce(&dyn Producer) -> Result<T, SplitError>,
) -> Result<T, SplitError> {
    let means = (request.memory(), request.threads());
    let file = guarded(&source.name, "Parquet", || ParquetFile::open(source, means))?;
    let keys = |wanted: KeyRequest| parquet_keys(source, &file, wanted);
    let assignment = assign(request, source, &|| Ok(file.rows()), &keys)?;
    let file = &file;
    match assignment {
        Assignment::Cuts(cuts) => then(&parquet::Contiguous { file, rows: ranges(&cuts, file.rows()) }),
        _ => then(&parquet::Scattered { file, assignment, memory: request.memory() }),
    }
}

/// What `then` makes of the keys of the rows of the table in `source`.
pub(in crate::split) fn with_keys<T>(
    request: &Request,
    source: &Source,
    (kind, wanted): (Kind, KeyRequest),
    then: impl FnOnce(&dyn Keys) -> Result<T, SplitError>,
) -> Result<T, SplitError> {
    if kind == Kind::Parquet {
        let means = (request.memory(), request.threads());
        let file = guarded(&source.name, "Parquet", || ParquetFile::open(source, means))?;
        return then(parquet_keys(source, &file, wanted)?.as_ref());
    }
    let table = open_arrow(request, source, kind)?;
    then(&TableKeys::new(source, &table, wanted)?)
}

fn open_arrow<'a>(request: &Request, source: &'a Source, kind: Kind) -> Result<Ipc<'a>, SplitError> {
    let (first, temporary) = (request.layout.data(1), std::env::temp_dir());
    let named = first.parent().filter(|_| first.file_name().is_some());
    let named = named.map(|folder| if folder.as_str().is_empty() { Utf8Path::new(".") } else { folder });
    let folder = named.or(Utf8Path::from_path(&temporary)).unwrap_or(Utf8Path::new("."));
    let means = Means { threads: request.threads(), memory: request.memory(), folder: Some(folder) };
    guarded(&source.name, "Arrow", || match kind {
        Kind::ArrowStream => Ipc::open_stream(source, means),
        _ => Ipc::open_file(source, means),
    })
}

fn parquet_keys<'a>(
    source: &Source,
    file: &'a ParquetFile<'a>,
    wanted: KeyRequest,
) -> Result<Box<dyn Keys + 'a>, SplitError> {
    guarded(&source.name, "Parquet", || {
        let columns = KeyColumns::open(file)?;
        let names = KeyNames::new(&source.name, columns.schema(), wanted)?;
        Ok(Box::new(ParquetKeys::new(columns, names)?) as Box<dyn Keys>)
    })
}

/// The rows of each partition.
fn ranges(cuts: &[u64], rows: u64) -> Vec<Range<u64>> {
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    starts.zip(cuts.iter().copied().chain([rows])).map(|(start, end)| start..end).collect()
}

/// The keys of the rows of an Arrow file.
struct TableKeys<'a> {
    table: &'a dyn Table,
    names: KeyNames,
    batches: Vec<Range<u64>>,
}

impl<'a> TableKeys<'a> {
    fn new(source: &Source, table: &'a dyn Table, wanted: KeyRequest) -> Result<Self, SplitError> {
        let names = KeyNames::new(&source.name, table.schema(), wanted)?;
        Ok(Self { table, names, batches: table.batches() })
    }
}

impl Keys for TableKeys<'_> {
    fn chunks(&self) -> usize {
        self.batches.len()
    }

    fn rows(&self, chunk: usize) -> u64 {
        self.batches[chunk].end - self.batches[chunk].start
    }

    fn at_once(&self, threads: usize) -> usize {
        threads.min(self.table.at_once())
    }

    fn visit(&self, chunk: usize, each: &mut dyn FnMut(&[u8])) -> Result<(), SplitError> {
        for batch in self.table.scan(self.batches[chunk].clone())? {
            let batch = batch?;
            let columns: Vec<_> = self.names.columns.iter().map(|i| batch.column(*i).clone()).collect();
            self.names.visit(batch.num_rows(), &columns, each)?;
        }
        Ok(())
    }
}

/// A partition being written.
struct Part<'a> {
    digest: TableDigest,
    writer: Option<Box<dyn TableWriter>>,
    rows: u64,
    schema: SchemaRef,
    source: &'a Source,
}

impl<'a> Part<'a> {
    fn begin(table: &dyn Table, order: &Order<'a>, i: usize, schema: SchemaRef) -> Result<Self, SplitError> {
        let close = order.wants.len() > HANDLES;
        let sink = order.draft(i)?.map(|draft| Sink::new(draft, close)).transpose()?;
        let digest = TableDigest::new(&schema, table.footer());
        let writer = sink.map(|sink| table.writer(&schema, sink)).transpose();
        let writer = writer.map_err(|e| broken(&order.source.name, "table", e))?;
        Ok(Self { digest, writer, rows: 0, schema, source: order.source })
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), SplitError> {
        let failed = |e: ArrowError| broken(&self.source.name, "table", e);
        let batch = RecordBatch::try_new_with_options(
            self.schema.clone(),
            batch.columns().to_vec(),
            &arrow_array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows())),
        );
        let batch = batch.map_err(failed)?;
        self.rows += batch.num_rows() as u64;
        guarded(&self.source.name, "table", || self.digest.update(&batch).map_err(failed))?;
        if let Some(writer) = &mut self.writer {
            writer.write(&batch).map_err(failed)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Product, SplitError> {
        let digest = self.digest.finish();
        let (mut bytes, mut draft) = (0, None);
        if let Some(writer) = self.writer {
            let mut sink = writer.finish().map_err(|e| broken(&self.source.name, "table", e))?;
            let flushed = sink.flush().map_err(|e| ArrowError::IoError(e.to_string(), e));
            flushed.map_err(|e| broken(&self.source.name, "table", e))?;
            sink.draft.close()?;
            (bytes, draft) = (sink.bytes, Some(sink.draft));
        }
        Ok(Product { rows: self.rows, bytes, digest, draft })
    }
}

/// Contiguous rows: every partition is read separately.
struct Contiguous<'a> {
    table: &'a dyn Table,
    rows: Vec<Range<u64>>,
}

impl Producer for Contiguous<'_> {
    fn produce(&self, order: &Order) -> Result<Vec<Option<Product>>, SplitError> {
        parallel::map(
            order.threads.min(self.table.at_once()),
            self.rows.len(),
            || (),
            |(), i| {
                if order.wants[i] == Want::Skip {
                    return Ok(None);
                }
                let rows = self.rows[i].clone();
                let schema = pandas::with_range(self.table.schema(), &Index::Slice(rows.clone()));
                let mut part = Part::begin(self.table, order, i, schema)?;
                for batch in self.table.scan(rows.clone())? {
                    part.add(&batch?)?;
                }
                if part.rows != rows.end - rows.start {
                    return Err(order.source.changed());
                }
                part.finish().map(Some)
            },
        )
    }
}

/// Rows that are not contiguous: one thread reads the table once; the partitions' shares of each batch are hashed and
/// written in parallel.
struct Scattered<'a> {
    table: &'a dyn Table,
    assignment: &'a Assignment,
    memory: u64,
}

/// What a partition holds on to for each of its columns besides rows, in bytes.
const HELD_PER_COLUMN: u64 = 1 << 10;

/// How much more that is for a column with categories.
const HELD_PER_DICTIONARY: u64 = 1 << 17;

impl Producer for Scattered<'_> {
    fn produce(&self, order: &Order) -> Result<Vec<Option<Product>>, SplitError> {
        let columns = self.table.schema().flattened_fields();
        let has_categories = |column: &&&Field| matches!(column.data_type(), DataType::Dictionary(..));
        let with_categories = columns.iter().filter(has_categories).count() as u64;
        let held = HELD_PER_COLUMN * columns.len() as u64 + HELD_PER_DICTIONARY * with_categories;
        in_rounds(order, (held, self.memory), |order| self.scatter(order))
    }
}

impl Scattered<'_> {
    fn scatter(&self, order: &Order) -> Result<Vec<Option<Product>>, SplitError> {
        let total = self.table.rows();
        let original = self.table.schema();
        let stride = self.assignment.stride();
        let materialized = if stride.is_none() { pandas::materialize(original) } else { None };
        let mut parts = Vec::new();
        for i in 0..order.wants.len() {
            let schema = match (&materialized, stride) {
                (Some((schema, _)), _) => schema.clone(),
                (None, Some(step)) => {
                    pandas::with_range(original, &Index::Every { first: i as u64, step, total })
                }
                (None, None) => original.clone(),
            };
            let wanted = order.wants[i] != Want::Skip;
            parts.push(Mutex::new(wanted.then(|| Part::begin(self.table, order, i, schema)).transpose()?));
        }
        let (mut first, mut empty) = (0, None);
        for batch in self.table.scan(0..total)? {
            let mut batch = batch?;
            let rows = self.rows_of(first, &batch, parts.len());
            if let Some((schema, range)) = &materialized {
                batch = range
                    .append(&batch, schema, first)
                    .map_err(|e| broken(&order.source.name, "table", e))?;
            }
            first += batch.num_rows() as u64;
            empty.get_or_insert_with(|| batch.slice(0, 0));
            parallel::map(
                order.threads,
                parts.len(),
                || (),
                |(), i| {
                    let mut part = parts[i].lock().expect("no thread panics while it holds the lock");
                    match part.as_mut() {
                        Some(part) if !rows[i].is_empty() => {
                            let taken = take_record_batch(&batch, &UInt32Array::from(rows[i].clone()));
                            part.add(&taken.map_err(|e| broken(&order.source.name, "table", e))?)
                        }
                        _ => Ok(()),
                    }
                },
            )?;
        }
        let parts = parts.into_iter().map(|part| part.into_inner().expect("no thread panics with the lock"));
        // Even with no rows, the categories have to be written.
        let finish = |mut part: Part| {
            if let Some(empty) = empty.as_ref().filter(|_| part.rows == 0) {
                part.add(empty)?;
            }
            part.finish()
        };
        parts.map(|part| part.map(finish).transpose()).collect()
    }

    /// The rows of a batch that go to each partition.
    fn rows_of(&self, first: u64, batch: &RecordBatch, of: usize) -> Vec<Vec<u32>> {
        let mut rows = vec![Vec::new(); of];
        (0..batch.num_rows())
            .for_each(|row| rows[self.assignment.partition(first + row as u64)].push(row as u32));
        rows
    }
}
