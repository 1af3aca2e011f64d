//! The columns of a Parquet file whose values determine the partitions, as Arrow arrays.

use std::ops::Range;

use arrow_schema::SchemaRef;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type;
use parquet::file::reader::FileReader;

use super::super::guard::guarded;
use super::super::table::{Batches, broken};
use super::super::values::KeyNames;
use super::file::ParquetFile;
use crate::split::error::SplitError;
use crate::split::keys::Keys;

/// Columns of a Parquet file, read by Arrow's reader.
pub(in crate::split::columnar) struct KeyColumns<'a> {
    file: &'a ParquetFile<'a>,
    metadata: ArrowReaderMetadata,
    roots: Vec<usize>,
}

impl<'a> KeyColumns<'a> {
    /// All columns.
    pub(in crate::split::columnar) fn open(file: &'a ParquetFile<'a>) -> Result<Self, SplitError> {
        let bad = |error: &dyn std::fmt::Display| broken(&file.source.name, "Parquet", error);
        // The hints of Arrow's writers are irrelevant to the values.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = ArrowReaderMetadata::load(&file.handle, options).map_err(|e| bad(&e))?;
        let roots = (0..metadata.schema().fields().len()).collect();
        Ok(Self { file, metadata, roots })
    }

    /// The schema with the names of the columns.
    pub(in crate::split::columnar) fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// Restricted to these columns; an error for one whose values Arrow's reader would change.
    pub(in crate::split::columnar) fn only(self, roots: &[usize]) -> Result<Self, SplitError> {
        let columns = &self.file.shape.columns;
        let spoiled = (0..columns.num_columns()).find(|c| {
            columns.column(*c).physical_type() == Type::INT96
                && roots.contains(&columns.get_column_root_idx(*c))
        });
        if let Some(c) = spoiled {
            let name = columns.column(c).path().string();
            let message = format!(
                "{}: the values of the column `{name}` (INT96) have no text to go by",
                self.file.source.name
            );
            return Err(SplitError::usage(message, "name other columns, or store the column as TIMESTAMP"));
        }
        Ok(Self { roots: roots.to_vec(), ..self })
    }

    /// How many rows of row group `g` to decode at a time.
    fn batch(&self, g: usize) -> usize {
        let group = self.file.reader.metadata().row_group(g);
        let schema = &self.file.shape.columns;
        let columns = group.columns().iter().enumerate();
        let wanted = columns.filter(|(c, _)| self.roots.contains(&schema.get_column_root_idx(*c)));
        let weights = wanted.map(|(_, column)| {
            // A dictionary is smaller than the values that are read from it.
            let texts = column.unencoded_byte_array_data_bytes().unwrap_or(0);
            column.uncompressed_size().max(texts).max(0) as u64
        });
        let weight = weights.fold(0, u64::saturating_add);
        let rows = self.file.groups[g + 1] - self.file.groups[g];
        (u128::from(WEIGHT) * u128::from(rows) / u128::from(weight.max(1))).clamp(1, BATCH as u128) as usize
    }

    /// The columns in a range of rows.
    pub(in crate::split::columnar) fn scan(
        &self,
        rows: Range<u64>,
        batch: usize,
    ) -> Result<Batches<'_>, SplitError> {
        let (name, groups) = (&self.file.source.name, &self.file.groups);
        let overlaps = |i: &usize| groups[*i] < rows.end && groups[i + 1] > rows.start;
        let wanted: Vec<usize> = (0..groups.len() - 1).filter(overlaps).collect();
        let Some(first) = wanted.first().filter(|_| !rows.is_empty()) else {
            return Ok(Box::new(std::iter::empty()));
        };
        let offset = (rows.start - groups[*first]) as usize;
        let schema = self.file.reader.metadata().file_metadata().schema_descr();
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
            self.file.handle.clone(),
            self.metadata.clone(),
        )
        .with_projection(ProjectionMask::roots(schema, self.roots.iter().copied()))
        .with_row_groups(wanted)
        .with_offset(offset)
        .with_limit((rows.end - rows.start) as usize)
        .with_batch_size(batch);
        let built = guarded(name, "Parquet", || Ok(builder.build()));
        let built = built.map_err(|_| self.bad(&rows, &"it is damaged"))?;
        let mut reader = built.map_err(|e| self.bad(&rows, &e))?;
        Ok(Box::new(std::iter::from_fn(move || {
            let next = guarded(name, "Parquet", || Ok(reader.next()));
            match next {
                Ok(batch) => batch.map(|batch| batch.map_err(|e| self.bad(&rows, &e))),
                Err(_) => Some(Err(self.bad(&rows, &"it is damaged"))),
            }
        })))
    }

    /// An error in a range of rows, with the name of the first column that has one: Arrow's reader does not say which.
    fn bad(&self, rows: &Range<u64>, error: &dyn std::fmt::Display) -> SplitError {
        if let [root] = self.roots.as_slice() {
            let column = self.schema().field(*root).name();
            let columns = &self.file.shape.columns;
            let own = (0..columns.num_columns()).find(|c| columns.get_column_root_idx(*c) == *root);
            if let Some(c) = own.filter(|c| self.file.is_encrypted(*c)) {
                return self.file.bad(c, error);
            }
            return broken(&self.file.source.name, "Parquet", format!("the column `{column}`: {error}"));
        }
        let alone = |root: &usize| {
            let column = Self { file: self.file, metadata: self.metadata.clone(), roots: vec![*root] };
            let mut batches = match column.scan(rows.clone(), BATCH) {
                Ok(batches) => batches,
                Err(error) => return Some(error),
            };
            batches.find_map(Result::err)
        };
        let found = self.roots.iter().find_map(alone);
        found.unwrap_or_else(|| broken(&self.file.source.name, "Parquet", error))
    }
}

/// The keys of the rows of a Parquet file, a chunk for each row group.
pub(in crate::split::columnar) struct ParquetKeys<'a> {
    columns: KeyColumns<'a>,
    names: KeyNames,
    /// For each key column, its position among the columns that are read.
    order: Vec<usize>,
}

/// The most rows decoded at a time.
const BATCH: usize = 1 << 13;

/// About how much the rows decoded at a time may weigh.
const WEIGHT: u64 = 8 << 20;

impl<'a> ParquetKeys<'a> {
    pub(in crate::split::columnar) fn new(
        columns: KeyColumns<'a>,
        names: KeyNames,
    ) -> Result<Self, SplitError> {
        let mut roots = names.columns.clone();
        roots.sort_unstable();
        roots.dedup();
        let place = |column: &usize| roots.binary_search(column).unwrap_or(0);
        let order = names.columns.iter().map(place).collect();
        Ok(Self { columns: columns.only(&roots)?, names, order })
    }
}

impl Keys for ParquetKeys<'_> {
    fn chunks(&self) -> usize {
        self.columns.file.groups.len() - 1
    }

    fn at_once(&self, threads: usize) -> usize {
        let KeyColumns { file, roots, .. } = &self.columns;
        let schema = &file.shape.columns;
        let columns = (0..schema.num_columns()).filter(|c| roots.contains(&schema.get_column_root_idx(*c)));
        if file.weights.are_too_heavy(columns, threads) { 1 } else { threads }
    }

    fn visit(&self, chunk: usize, each: &mut dyn FnMut(&[u8])) -> Result<(), SplitError> {
        let groups = &self.columns.file.groups;
        for batch in self.columns.scan(groups[chunk]..groups[chunk + 1], self.columns.batch(chunk))? {
            let batch = batch?;
            let columns: Vec<_> = self.order.iter().map(|i| batch.column(*i).clone()).collect();
            self.names.visit(batch.num_rows(), &columns, each)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;

    use super::*;
    use crate::split::source::Source;

    #[test]
    fn fewer_rows_are_decoded_at_a_time_where_they_are_heavy() {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100));
        let text = |length: usize| -> ArrayRef {
            Arc::new(StringArray::from_iter_values((0..100).map(|i| (i % 4).to_string().repeat(length))))
        };
        let table = RecordBatch::try_from_iter([("id", ids), ("light", text(9)), ("heavy", text(1 << 20))]);
        let table = table.unwrap();
        for has_dictionary in [true, false] {
            let mut file = tempfile::tempfile().unwrap();
            let properties = WriterProperties::builder().set_dictionary_enabled(has_dictionary).build();
            let mut writer = ArrowWriter::try_new(&mut file, table.schema(), Some(properties)).unwrap();
            writer.write(&table).unwrap();
            writer.close().unwrap();
            let source = Source::new(file, "data").unwrap();
            let opened = ParquetFile::open(&source, (1 << 30, 1)).unwrap();
            let batch = |roots: &[usize]| KeyColumns::open(&opened).unwrap().only(roots).unwrap().batch(0);
            assert_eq!(batch(&[0, 1]), BATCH);
            assert!((4..=8).contains(&batch(&[2])), "{}", batch(&[2]));
        }
    }
}
