//! Parquet files.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{ChunkReader, Length};

use super::guard::guarded;
use super::table::{Batches, Sink, Table, TableWriter, broken};
use crate::file;
use crate::split::error::SplitError;
use crate::split::source::Source;

/// Rows that are decoded at once.
const BATCH: usize = 1 << 16;

/// A Parquet file.
pub(super) struct ParquetTable<'a> {
    source: &'a Source,
    handle: Handle,
    metadata: ArrowReaderMetadata,
    /// The first row of each row group, and the number of all rows.
    groups: Vec<u64>,
}

impl<'a> ParquetTable<'a> {
    pub(super) fn open(source: &'a Source) -> Result<Self, SplitError> {
        let bad = |error: &dyn std::fmt::Display| broken(&source.name, "Parquet", error);
        let file = file::context(source.file().try_clone(), "read", source.path())?;
        let handle = Handle { file: Arc::new(file), len: source.len };
        let metadata = ArrowReaderMetadata::load(&handle, ArrowReaderOptions::new()).map_err(|e| bad(&e))?;
        // The order of the categories would be that of their first appearance in each partition.
        let ordered = metadata.schema().fields().iter().find(|field| field.dict_is_ordered() == Some(true));
        if let Some(field) = ordered {
            let message = format!(
                "the column `{}` has categories in an order, which Parquet does not keep",
                field.name()
            );
            return Err(SplitError::whole(&source.name, message, Some("store the table as Arrow (Feather)")));
        }
        let mut groups = vec![0];
        for group in metadata.metadata().row_groups() {
            let rows =
                u64::try_from(group.num_rows()).map_err(|_| bad(&"a row group of a negative length"))?;
            let end = groups[groups.len() - 1];
            groups.push(rows.checked_add(end).ok_or_else(|| bad(&"more than 2^64 rows"))?);
        }
        Ok(Self { source, handle, metadata, groups })
    }

    /// The compression of the first column.
    fn compression(&self) -> Compression {
        let group = self.metadata.metadata().row_groups().first();
        match group.and_then(|group| group.columns().first()).map(|column| column.compression()) {
            // The older LZ4 was never specified.
            Some(Compression::LZ4) => Compression::LZ4_RAW,
            Some(Compression::LZO) => Compression::SNAPPY,
            Some(other) => other,
            None => Compression::UNCOMPRESSED,
        }
    }
}

impl Table for ParquetTable<'_> {
    fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    fn rows(&self) -> u64 {
        self.groups[self.groups.len() - 1]
    }

    fn keeps_dictionaries(&self) -> bool {
        false
    }

    fn scan(&self, rows: Range<u64>) -> Result<Batches<'_>, SplitError> {
        let bad = |error: &dyn std::fmt::Display| broken(&self.source.name, "Parquet", error);
        let overlaps = |i: &usize| self.groups[*i] < rows.end && self.groups[i + 1] > rows.start;
        let groups: Vec<usize> = (0..self.groups.len() - 1).filter(overlaps).collect();
        let Some(first) = groups.first().filter(|_| !rows.is_empty()) else {
            return Ok(Box::new(std::iter::empty()));
        };
        let offset = (rows.start - self.groups[*first]) as usize;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.handle.clone(), self.metadata.clone())
                .with_row_groups(groups)
                .with_offset(offset)
                .with_limit((rows.end - rows.start) as usize)
                .with_batch_size(BATCH);
        let mut reader = guarded(&self.source.name, "Parquet", || builder.build().map_err(|e| bad(&e)))?;
        Ok(Box::new(std::iter::from_fn(move || {
            let next = guarded(&self.source.name, "Parquet", || Ok(reader.next()));
            let bad = |e: ArrowError| broken(&self.source.name, "Parquet", e);
            next.map(|batch| batch.transpose().map_err(bad)).and_then(|batch| batch).transpose()
        })))
    }

    fn writer(&self, schema: &Schema, sink: Sink) -> Result<Box<dyn TableWriter>, ArrowError> {
        let mut pairs: Vec<(String, String)> = schema.metadata().clone().into_iter().collect();
        pairs.sort();
        let pairs = pairs.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect();
        let properties = WriterProperties::builder()
            .set_compression(self.compression())
            .set_created_by("expops".to_owned())
            .set_key_value_metadata(Some(pairs))
            .build();
        Ok(Box::new(ArrowWriter::try_new(sink, Arc::new(schema.clone()), Some(properties)).map_err(outer)?))
    }
}

fn outer(error: ParquetError) -> ArrowError {
    ArrowError::ParquetError(error.to_string())
}

impl TableWriter for ArrowWriter<Sink> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.write(batch).map_err(outer)
    }

    fn finish(self: Box<Self>) -> Result<Sink, ArrowError> {
        self.into_inner().map_err(outer)
    }
}

/// A file that several threads read, each at its own places.
#[derive(Clone)]
struct Handle {
    file: Arc<File>,
    len: u64,
}

impl Length for Handle {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for Handle {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::new(From { handle: self.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<bytes::Bytes, ParquetError> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.len) {
            return Err(ParquetError::EOF("a part lies outside the file; is it cut short?".to_owned()));
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, start)?;
        Ok(bytes.into())
    }
}

/// Reads from a place on.
struct From {
    handle: Handle,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.handle.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
