//! Batches of an Arrow file that are too large for memory: some rows of one are read at a time, from the parts of its
//! buffers that hold them. What is packed is first laid, unpacked, in a nameless file (`large`).

use std::iter;
use std::ops::Range;

use arrow_array::{RecordBatch, RecordBatchOptions, make_array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::large::{Dictionaries, Large};
use super::table::broken;
use super::walk::Walk;
use crate::split::error::SplitError;
use crate::split::source::Source;

impl Large {
    /// Ranges of rows, none of which weighs more than `most` bytes if it has more than one row; and what the heaviest
    /// weighs.
    pub(super) fn cuts(
        &self,
        (source, schema): (&Source, &Schema),
        rows: u64,
        most: u64,
    ) -> Result<(Vec<u64>, u64), SplitError> {
        let (mut counts, mut heaviest, mut open) = (Vec::new(), 0, iter::once(0..rows).collect::<Vec<_>>());
        while let Some(range) = open.pop() {
            let mut walk = Walk::new(self, source, None);
            let weigh = |field: &std::sync::Arc<Field>| walk.weigh(field, range.clone());
            let weight: u64 = schema.fields().iter().map(weigh).sum::<Result<u64, SplitError>>()?;
            let length = range.end - range.start;
            if weight <= most || length <= 1 {
                counts.push(length);
                heaviest = heaviest.max(weight);
            } else {
                let middle = range.start + length / 2;
                open.extend([middle..range.end, range.start..middle]);
            }
        }
        Ok((counts, heaviest))
    }

    /// The rows of a range.
    pub(super) fn read(
        &self,
        (source, schema): (&Source, &SchemaRef),
        rows: Range<u64>,
        dictionaries: &Dictionaries,
    ) -> Result<RecordBatch, SplitError> {
        let mut walk = Walk::new(self, source, Some(dictionaries));
        let read = |field: &std::sync::Arc<Field>| walk.array(field, rows.clone()).map(make_array);
        let columns = schema.fields().iter().map(read).collect::<Result<Vec<_>, SplitError>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some((rows.end - rows.start) as usize));
        RecordBatch::try_new_with_options(schema.clone(), columns, &options)
            .map_err(|e| broken(&source.name, "Arrow", e))
    }
}

/// The name of a column whose rows cannot be read some at a time.
pub(super) fn uncuttable(schema: &Schema) -> Option<&str> {
    let odd = schema.fields().iter().find(|field| !is_cuttable(field.data_type()));
    odd.map(|field| field.name().as_str())
}

fn is_cuttable(kind: &DataType) -> bool {
    use DataType as T;
    match kind {
        T::Union(_, _) | T::RunEndEncoded(_, _) | T::ListView(_) | T::LargeListView(_) => false,
        T::List(item) | T::LargeList(item) | T::FixedSizeList(item, _) | T::Map(item, _) => {
            is_cuttable(item.data_type())
        }
        T::Struct(fields) => fields.iter().all(|field| is_cuttable(field.data_type())),
        _ => true,
    }
}
