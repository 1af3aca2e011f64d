//! Writes the partitions of a Parquet file, with the codecs and encodings of the source.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::Encoding;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::reader::FileReader;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::super::table::{Sink, broken};
use super::categories::Categories;
use super::codec::codec;
use super::digest::ColumnDigest;
use super::file::ParquetFile;
use super::shape::Shape;
use crate::split::error::SplitError;
use crate::split::produce::{Order, Product};
use crate::split::sha::Sha;

/// A partition being written.
pub(super) struct Part {
    pub(super) digests: Vec<ColumnDigest>,
    pub(super) writer: Option<SerializedFileWriter<Sink>>,
    pub(super) rows: u64,
    schema: String,
    name: String,
}

/// Whether the rows of a written row group come from one of the source.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Groups {
    Kept,
    Mixed,
}

/// Up to this many bytes of distinct values, a column is dictionary-encoded.
const DICTIONARY: usize = 8 << 20;

impl Part {
    pub(super) fn begin(
        file: &ParquetFile,
        order: &Order,
        i: usize,
        (shape, groups): (&Shape, Groups),
    ) -> std::result::Result<Self, SplitError> {
        let many = order.wants.len() > super::super::table::HANDLES;
        let name = file.source.name.clone();
        let sink = order.draft(i)?.map(|draft| Sink::new(draft, many)).transpose()?;
        let writer = sink.map(|sink| {
            let properties = properties(file, shape, (many, groups));
            SerializedFileWriter::new(sink, shape.columns.root_schema_ptr(), properties)
        });
        let writer = writer.transpose().map_err(|e| broken(&name, "Parquet", e))?;
        let digests = shape.columns.columns().iter().map(|column| ColumnDigest::new(column)).collect();
        Ok(Self { digests, writer, rows: 0, schema: shape.describe(), name })
    }

    /// Passes everything written on to the file, and closes it if there are too many.
    pub(super) fn pause(&mut self) -> Result<()> {
        self.writer.as_mut().map_or(Ok(()), |writer| Ok(writer.flush()?))
    }

    /// Completes the file; `categories` are those of the categorical columns.
    pub(super) fn finish(
        self,
        categories: &[Option<Categories>],
    ) -> std::result::Result<Product, SplitError> {
        let bad = |e: ParquetError| broken(&self.name, "Parquet", e);
        let mut sha = Sha::new();
        sha.update(self.schema.as_bytes());
        sha.update(format!("rows {}\n", self.rows).as_bytes());
        for (c, digest) in self.digests.into_iter().enumerate() {
            let categories = categories.get(c).and_then(Option::as_ref);
            sha.update(format!("{}\n", digest.finish(categories)).as_bytes());
        }
        let (mut bytes, mut draft) = (0, None);
        if let Some(writer) = self.writer {
            let mut sink = writer.into_inner().map_err(bad)?;
            sink.flush().map_err(|e| bad(e.into()))?;
            sink.draft.close()?;
            (bytes, draft) = (sink.bytes, Some(sink.draft));
        }
        Ok(Product { rows: self.rows, bytes, digest: sha.finish(), draft })
    }
}

fn properties(file: &ParquetFile, shape: &Shape, (many, kept): (bool, Groups)) -> WriterPropertiesPtr {
    let metadata = file.reader.metadata();
    let groups = metadata.row_groups();
    let pairs = Some(shape.pairs.clone()).filter(|pairs| !pairs.is_empty());
    let mut properties = WriterProperties::builder()
        .set_created_by("expops".to_owned())
        .set_key_value_metadata(pairs)
        .set_dictionary_page_size_limit(DICTIONARY);
    // Each of several groups is sorted in itself, but not all their rows together.
    if let Some((first, others)) = groups.split_first()
        && (others.is_empty() || kept == Groups::Kept)
        && others.iter().all(|group| group.sorting_columns() == first.sorting_columns())
    {
        properties = properties.set_sorting_columns(first.sorting_columns().cloned());
    }
    if many {
        // Metadata of each page would be held in memory for each of the many files.
        properties =
            properties.set_statistics_enabled(EnabledStatistics::Chunk).set_offset_index_disabled(true);
    }
    for column in groups.first().map(|group| group.columns()).unwrap_or_default() {
        let path = || ColumnPath::new(column.column_path().parts().to_vec());
        let encodings: Vec<Encoding> = column.encodings().collect();
        let has_dictionary = encodings.iter().any(is_of_dictionary) && !gave_up(column);
        properties = properties
            .set_column_compression(path(), codec(column))
            .set_column_dictionary_enabled(path(), has_dictionary);
        if let Some(encoding) = encodings.into_iter().find(is_of_values) {
            properties = properties.set_column_encoding(path(), encoding);
        }
        if column.bloom_filter_offset().is_some() && !many {
            properties = properties.set_column_bloom_filter_enabled(path(), true);
        }
    }
    Arc::new(properties.build())
}

/// Whether the writer of a column began with a dictionary and gave it up, because nearly every value was a new one: to
/// collect them again is a third of the work.
fn gave_up(column: &ColumnChunkMetaData) -> bool {
    let encodings = column.page_encoding_stats_mask();
    encodings.is_some_and(|encodings| encodings.is_set(Encoding::PLAIN))
}

fn is_of_dictionary(encoding: &Encoding) -> bool {
    matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY)
}

fn is_of_values(encoding: &Encoding) -> bool {
    matches!(
        encoding,
        Encoding::DELTA_BINARY_PACKED
            | Encoding::DELTA_LENGTH_BYTE_ARRAY
            | Encoding::DELTA_BYTE_ARRAY
            | Encoding::BYTE_STREAM_SPLIT
    )
}
