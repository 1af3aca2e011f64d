//! The columns of a Parquet file whose values determine the partitions, as Arrow arrays.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use arrow_schema::SchemaRef;
use arrow_select::concat::concat;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowSelection, RowSelector};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_field_levels, parquet_to_arrow_schema};
use parquet::basic::Type;
use parquet::file::reader::FileReader;
use parquet::schema::types::{SchemaDescriptor, Type as SchemaType};

use super::super::guard::guarded;
use super::super::table::{Batches, broken};
use super::super::values::KeyNames;
use super::file::ParquetFile;
use super::pages::Chosen;
use crate::split::error::SplitError;
use crate::split::keys::Keys;

/// Columns of a Parquet file, read by Arrow's reader.
pub(in crate::split::columnar) struct KeyColumns<'a> {
    file: &'a ParquetFile<'a>,
    schema: SchemaRef,
    roots: Vec<usize>,
}

impl<'a> KeyColumns<'a> {
    /// All columns.
    pub(in crate::split::columnar) fn open(file: &'a ParquetFile<'a>) -> Result<Self, SplitError> {
        let bad = |error: &dyn std::fmt::Display| broken(&file.source.name, "Parquet", error.to_string());
        // The hints of Arrow's writers are irrelevant to the values.
        let read = parquet_to_arrow_schema(&file.shape.columns, None);
        let schema = Arc::new(read.map_err(|e| odd_column(file).unwrap_or_else(|| bad(&e)))?);
        let roots = (0..schema.fields().len()).collect();
        Ok(Self { file, schema, roots })
    }

    /// The schema with the names of the columns.
    pub(in crate::split::columnar) fn schema(&self) -> &SchemaRef {
        &self.schema
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

    /// How many rows of row group `g` to decode at a time, so that they weigh about `weight`.
    fn batch(&self, g: usize, weight: u64) -> u64 {
        let group = self.file.reader.metadata().row_group(g);
        let schema = &self.file.shape.columns;
        let columns = group.columns().iter().enumerate();
        let wanted = columns.filter(|(c, _)| self.roots.contains(&schema.get_column_root_idx(*c)));
        let weights = wanted.map(|(_, column)| {
            // A dictionary is smaller than the values that are read from it.
            let texts = column.unencoded_byte_array_data_bytes().unwrap_or(0);
            column.uncompressed_size().max(texts).max(0) as u64
        });
        let all = weights.fold(0, u64::saturating_add);
        let rows = self.file.groups[g + 1] - self.file.groups[g];
        let batch = u128::from(weight) * u128::from(rows) / u128::from(all.max(1));
        batch.clamp(1, u128::from(rows.max(1))) as u64
    }

    /// Whether what readers of these columns hold on so many threads does not fit into memory.
    fn are_too_heavy(&self, threads: usize) -> bool {
        let Self { file, roots, .. } = self;
        let schema = &file.shape.columns;
        let columns = (0..schema.num_columns()).filter(|c| roots.contains(&schema.get_column_root_idx(*c)));
        // Arrow's reader copies what it reads, a dictionary page as well.
        file.weights.are_too_heavy(columns, 2 * threads, file.weight_of_categories())
    }

    /// One of these columns alone.
    fn alone(&self, root: usize) -> Self {
        Self { file: self.file, schema: self.schema.clone(), roots: vec![root] }
    }

    /// The columns in a range of rows.
    pub(in crate::split::columnar) fn scan(
        &self,
        rows: Range<u64>,
        batch: usize,
    ) -> Result<Batches<'_>, SplitError> {
        let (name, groups) = (&self.file.source.name, &self.file.groups);
        let overlaps = |i: &usize| groups[*i] < rows.end && groups[i + 1] > rows.start;
        let mut wanted = (0..groups.len() - 1).filter(overlaps);
        let Some(first) = wanted.next().filter(|_| !rows.is_empty()) else {
            return Ok(Box::new(std::iter::empty()));
        };
        let chosen =
            Chosen { reader: &self.file.reader, groups: first..wanted.next_back().unwrap_or(first) + 1 };
        let (ahead, count) = ((rows.start - groups[first]) as usize, (rows.end - rows.start) as usize);
        let selection = RowSelection::from(vec![RowSelector::skip(ahead), RowSelector::select(count)]);
        let schema = &self.file.shape.columns;
        let mask = ProjectionMask::roots(schema, self.roots.iter().copied());
        let build = || {
            let levels = parquet_to_arrow_field_levels(schema, mask, None)?;
            let batch = batch.min(count);
            ParquetRecordBatchReader::try_new_with_row_groups(&levels, &chosen, batch, Some(selection))
        };
        let built = guarded(name, "Parquet", || Ok(build()));
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
                return self.file.bad(c, error.to_string());
            }
            return broken(&self.file.source.name, "Parquet", format!("the column `{column}`: {error}"));
        }
        let alone = |root: &usize| {
            let column = self.alone(*root);
            let mut batches = match column.scan(rows.clone(), BATCH) {
                Ok(batches) => batches,
                Err(error) => return Some(error),
            };
            batches.find_map(Result::err)
        };
        let found = self.roots.iter().find_map(alone);
        found.unwrap_or_else(|| broken(&self.file.source.name, "Parquet", error.to_string()))
    }
}

/// An error about the first column whose schema Arrow's reader does not know.
fn odd_column(file: &ParquetFile) -> Option<SplitError> {
    let roots = file.shape.columns.root_schema().get_fields();
    let is_odd = |root: &&Arc<SchemaType>| {
        let alone = SchemaType::group_type_builder("schema").with_fields(vec![(*root).clone()]).build();
        let alone = alone.map(|alone| SchemaDescriptor::new(Arc::new(alone)));
        alone.and_then(|alone| parquet_to_arrow_schema(&alone, None)).is_err()
    };
    let name = roots.iter().find(is_odd)?.name();
    let message = format!(
        "{}: no column can be a key beside the column `{name}`, which is nested in a way that has no Arrow type",
        file.source.name
    );
    Some(SplitError::usage(
        message,
        "use `rows`, `round_robin` or `shuffle`, or write the table without this column",
    ))
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

    /// How many rows of row group `g` to decode at a time.
    fn batch(&self, g: usize) -> usize {
        self.columns.batch(g, WEIGHT).min(BATCH as u64) as usize
    }

    /// Like [`Keys::visit`], but reads one column after the other, again for every band of rows, so that only one has
    /// its pages in memory.
    fn visit_apart(&self, chunk: usize, each: &mut dyn FnMut(&[u8])) -> Result<(), SplitError> {
        let file = self.columns.file;
        let (mut at, end) = (file.groups[chunk], file.groups[chunk + 1]);
        let count = self.columns.batch(chunk, file.weights.most() / 4);
        while at < end {
            let rows = at..end.min(at + count);
            let read = |root: &usize| {
                let column = self.columns.alone(*root);
                let batches = column.scan(rows.clone(), count as usize)?;
                batches.map(|batch| Ok(batch?.column(0).clone())).collect::<Result<Vec<_>, SplitError>>()
            };
            let read = self.columns.roots.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            let joined = |parts: &Vec<ArrayRef>| {
                let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
                let joined = concat(&parts).ok().filter(|all| all.len() as u64 == rows.end - rows.start);
                joined.ok_or_else(|| self.columns.bad(&rows, &"it has too few rows"))
            };
            let read = read.iter().map(joined).collect::<Result<Vec<_>, _>>()?;
            let columns: Vec<_> = self.order.iter().map(|i| read[*i].clone()).collect();
            self.names.visit((rows.end - rows.start) as usize, &columns, each)?;
            at = rows.end;
        }
        Ok(())
    }
}

impl Keys for ParquetKeys<'_> {
    fn chunks(&self) -> usize {
        self.columns.file.groups.len() - 1
    }

    fn rows(&self, chunk: usize) -> u64 {
        let groups = &self.columns.file.groups;
        groups[chunk + 1] - groups[chunk]
    }

    fn at_once(&self, threads: usize) -> usize {
        if self.columns.are_too_heavy(threads) { 1 } else { threads }
    }

    fn visit(&self, chunk: usize, each: &mut dyn FnMut(&[u8])) -> Result<(), SplitError> {
        if self.columns.roots.len() > 1 && self.columns.are_too_heavy(1) {
            return self.visit_apart(chunk, each);
        }
        let groups = &self.columns.file.groups;
        for batch in self.columns.scan(groups[chunk]..groups[chunk + 1], self.batch(chunk))? {
            let batch = batch?;
            let columns: Vec<_> = self.order.iter().map(|i| batch.column(*i).clone()).collect();
            self.names.visit(batch.num_rows(), &columns, each)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::split::keys::KeyRequest;
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
            let batch =
                |roots: &[usize]| KeyColumns::open(&opened).unwrap().only(roots).unwrap().batch(0, WEIGHT);
            assert_eq!(batch(&[0, 1]), 100);
            assert!((4..=8).contains(&batch(&[2])), "{}", batch(&[2]));
        }
    }

    /// The keys of all rows in a file of three columns of a megabyte each, and whether all columns fit together.
    fn keys(source: &Source, memory: u64) -> (Vec<Vec<u8>>, bool) {
        let file = ParquetFile::open(source, (memory, 1)).unwrap();
        let columns = KeyColumns::open(&file).unwrap();
        let wanted = KeyRequest { columns: None, plain: false };
        let names = KeyNames::new("data", columns.schema(), wanted).unwrap();
        let keys = ParquetKeys::new(columns, names).unwrap();
        let mut found = Vec::new();
        (0..keys.chunks()).for_each(|g| keys.visit(g, &mut |key| found.push(key.to_vec())).unwrap());
        (found, !keys.columns.are_too_heavy(1))
    }

    #[test]
    fn columns_that_are_too_heavy_together_are_read_one_after_the_other() {
        let text = |seed: usize| -> ArrayRef {
            Arc::new(StringArray::from_iter_values((0..100).map(|i| format!("{seed} {i}").repeat(2000))))
        };
        let table = RecordBatch::try_from_iter([("a", text(1)), ("c", text(2)), ("b", text(3))]).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_max_row_group_row_count(Some(70))
            .build();
        let mut writer = ArrowWriter::try_new(&mut file, table.schema(), Some(properties)).unwrap();
        writer.write(&table).unwrap();
        writer.close().unwrap();
        let source = Source::new(file, "data").unwrap();
        let (apart, together) = (keys(&source, 2_400_000), keys(&source, 1 << 30));
        assert_eq!((apart.1, together.1, together.0.len()), (false, true, 100));
        assert!(apart.0 == together.0);
    }

    #[test]
    fn a_column_that_arrow_does_not_know_is_named() {
        let schema = "message m { required int32 k; repeated group x (LIST) { repeated int32 item; } }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut file = tempfile::tempfile().unwrap();
        SerializedFileWriter::new(&mut file, schema, Arc::default()).unwrap().close().unwrap();
        let source = Source::new(file, "data").unwrap();
        let file = ParquetFile::open(&source, (1 << 30, 1)).unwrap();
        let refused = KeyColumns::open(&file).map(|_| ()).unwrap_err().to_string();
        assert!(refused.contains("beside the column `x`"), "{refused}");
    }
}
