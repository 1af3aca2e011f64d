//! The partitions of a table.

use std::io::Write;
use std::ops::Range;
use std::sync::Mutex;

use arrow_array::{RecordBatch, UInt32Array};
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::take::take_record_batch;

use super::digest::TableDigest;
use super::guard::guarded;
use super::pandas::Index;
use super::table::{Sink, Table, TableWriter, broken};
use super::{ipc, pandas, parquet, values};
use crate::size::By;
use crate::split::error::SplitError;
use crate::split::format::Kind;
use crate::split::produce::{Made, Order, Producer, Want};
use crate::split::request::{Partition, Request};
use crate::split::source::Source;
use crate::split::{parallel, publish};

/// Splits the table in `source`.
pub(in crate::split) fn split(
    request: &Request,
    source: &Source,
    kind: Kind,
) -> Result<Vec<Partition>, SplitError> {
    let table = guarded(&source.name, "table", || -> Result<Box<dyn Table>, SplitError> {
        Ok(match kind {
            Kind::Parquet => Box::new(parquet::ParquetTable::open(source)?),
            Kind::ArrowStream => Box::new(ipc::Ipc::open_stream(source, request.threads())?),
            _ => Box::new(ipc::Ipc::open_file(source, request.threads())?),
        })
    })?;
    let table = table.as_ref();
    let of = request.size.partitions();
    // The length of an Arrow or Parquet file is that of its packing: it says nothing.
    let any = |_: &Made| None;
    match request.by {
        By::Rows => {
            let mut end = 0;
            let rows = request.sizes(source, table.rows())?.into_iter().map(|rows| {
                end += rows;
                end - rows..end
            });
            publish::publish(request, source, &Contiguous { table, rows: rows.collect() }, any)
        }
        By::RoundRobin => {
            let route = Box::new(move |first: u64, batch: &RecordBatch| {
                Ok((first..first + batch.num_rows() as u64).map(|row| (row % of) as u32).collect())
            });
            publish::publish(request, source, &Scattered { table, route, stride: Some(of) }, any)
        }
        By::HashRow => by_hash(request, source, table, None),
        By::Hash(columns) => by_hash(request, source, table, Some(columns)),
    }
}

fn by_hash(
    request: &Request,
    source: &Source,
    table: &dyn Table,
    columns: Option<&[String]>,
) -> Result<Vec<Partition>, SplitError> {
    let keys = values::Keys::new(&source.name, table.schema(), columns)?;
    let of = request.size.partitions();
    let route = Box::new(move |_: u64, batch: &RecordBatch| keys.partitions(batch, of));
    publish::publish(request, source, &Scattered { table, route, stride: None }, |_| None)
}

/// A partition in the making.
struct Part<'a> {
    digest: TableDigest,
    writer: Option<Box<dyn TableWriter>>,
    rows: u64,
    schema: SchemaRef,
    source: &'a Source,
}

impl<'a> Part<'a> {
    fn begin(table: &dyn Table, order: &Order<'a>, i: usize, schema: SchemaRef) -> Result<Self, SplitError> {
        let close = order.wants.len() > 256;
        let sink = order.draft(i)?.map(|draft| Sink::new(draft, close));
        let digest = TableDigest::new(&schema, table.keeps_dictionaries());
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

    fn finish(self) -> Result<Made, SplitError> {
        let digest = self.digest.finish();
        let (mut bytes, mut draft) = (0, None);
        if let Some(writer) = self.writer {
            let mut sink = writer.finish().map_err(|e| broken(&self.source.name, "table", e))?;
            let flushed = sink.flush().map_err(|e| ArrowError::IoError(e.to_string(), e));
            flushed.map_err(|e| broken(&self.source.name, "table", e))?;
            sink.draft.close()?;
            (bytes, draft) = (sink.bytes, Some(sink.draft));
        }
        Ok(Made { rows: self.rows, bytes, digest, draft })
    }
}

/// Contiguous rows: every partition is read on its own.
struct Contiguous<'a> {
    table: &'a dyn Table,
    rows: Vec<Range<u64>>,
}

impl Producer for Contiguous<'_> {
    fn produce(&self, order: &Order) -> Result<Vec<Option<Made>>, SplitError> {
        parallel::map(
            order.threads,
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

/// Says the partition of each row of a batch whose first row has that number.
type Route<'a> = dyn Fn(u64, &RecordBatch) -> Result<Vec<u32>, SplitError> + Sync + 'a;

/// Rows that do not lie together: the table is read once, by one thread; the partitions' shares of each
/// batch are hashed and written in parallel.
struct Scattered<'a> {
    table: &'a dyn Table,
    route: Box<Route<'a>>,
    /// The distance of a partition's rows, if they are equally far from each other.
    stride: Option<u64>,
}

impl Producer for Scattered<'_> {
    fn produce(&self, order: &Order) -> Result<Vec<Option<Made>>, SplitError> {
        let total = self.table.rows();
        let original = self.table.schema();
        let materialized = if self.stride.is_none() { pandas::materialize(original) } else { None };
        let mut parts = Vec::new();
        for i in 0..order.wants.len() {
            let schema = match (&materialized, self.stride) {
                (Some((schema, _)), _) => schema.clone(),
                (None, Some(step)) => {
                    pandas::with_range(original, &Index::Every { first: i as u64, step, total })
                }
                (None, None) => original.clone(),
            };
            let wanted = order.wants[i] != Want::Skip;
            parts.push(Mutex::new(wanted.then(|| Part::begin(self.table, order, i, schema)).transpose()?));
        }
        let mut first = 0;
        for batch in self.table.scan(0..total)? {
            let mut batch = batch?;
            let rows = self.rows_of(first, &batch, parts.len())?;
            if let Some((schema, range)) = &materialized {
                batch = range
                    .append(&batch, schema, first)
                    .map_err(|e| broken(&order.source.name, "table", e))?;
            }
            first += batch.num_rows() as u64;
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
        parts.map(|part| part.map(Part::finish).transpose()).collect()
    }
}

impl Scattered<'_> {
    /// The rows of a batch that each partition gets.
    fn rows_of(&self, first: u64, batch: &RecordBatch, of: usize) -> Result<Vec<Vec<u32>>, SplitError> {
        let mut rows = vec![Vec::new(); of];
        for (row, partition) in (self.route)(first, batch)?.into_iter().enumerate() {
            rows[partition as usize].push(row as u32);
        }
        Ok(rows)
    }
}
