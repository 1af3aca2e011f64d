//! The digest of a table: its values, nulls, types and names, regardless of their layout.
//!
//! The SHA-256 of these texts, one per line: what the schema means to a reader ([`kinds`]), then `rows N`, then the
//! digests of the columns in hexadecimal.
//!
//! A column's digest is the SHA-256 of these digests in hexadecimal, one per line: of its nulls (the row numbers, eight
//! little-endian bytes each), of its lengths (in the same form, for texts, bytes and lists; 0 for null), of its values
//! (little-endian, zero bytes for null; one byte for a boolean; texts and bytes concatenated; decimals as 32 bytes; for
//! a union the type number of each value), and of its children (the items of the lists that are not null; the fields of
//! a structure, null where it is null, or, of unions and runs, only where it is not; the values that a dictionary or run
//! encodes, and the categories of a dictionary in the order in which a reader of all batches sees them; the values of
//! each type of a union).

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal32Type, Decimal64Type, Decimal128Type, Int16Type, Int32Type, Int64Type, RunEndIndexType,
};
use arrow_array::{Array, ArrayRef, RecordBatch, RunArray, UInt64Array, make_array};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, DataType, Schema};
use arrow_select::take::take;

use super::kinds;
use super::table::Footer;
use crate::digest::Digest;
use crate::split::sha::Sha;

/// The digest of a table being computed.
pub(super) struct TableDigest {
    schema: String,
    columns: Vec<Column>,
    rows: u64,
}

impl TableDigest {
    /// The digest of a table with this schema, in a file whose footer has these metadata.
    pub(super) fn new(schema: &Schema, footer: &Footer) -> Self {
        let columns = schema.fields().iter().map(|_| Column::default()).collect();
        Self { schema: kinds::of_schema(schema) + &kinds::of_footer(footer), columns, rows: 0 }
    }

    /// Adds the rows of a batch.
    pub(super) fn update(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.rows += batch.num_rows() as u64;
        self.columns.iter_mut().zip(batch.columns()).try_for_each(|(column, array)| column.update(array))
    }

    pub(super) fn finish(self) -> Digest {
        let mut sha = Sha::new();
        sha.update(self.schema.as_bytes());
        sha.update(format!("rows {}\n", self.rows).as_bytes());
        self.columns.into_iter().for_each(|column| sha.update(format!("{}\n", column.finish()).as_bytes()));
        sha.finish()
    }
}

/// The digest of a column being computed.
struct Column {
    rows: u64,
    nulls: Sha,
    lengths: Sha,
    values: Sha,
    children: Vec<Self>,
    categories: Categories,
    buffer: Vec<u8>,
}

/// The categories that have been hashed.
#[derive(Default)]
struct Categories {
    /// Those of the previous batch.
    last: Option<ArrayRef>,
    /// The digest of each category, if they have ever changed.
    known: HashSet<Digest>,
}

impl Default for Column {
    fn default() -> Self {
        let (nulls, lengths, values) = (Sha::new(), Sha::new(), Sha::new());
        let (children, categories, buffer) = (Vec::new(), Categories::default(), Vec::new());
        Self { rows: 0, nulls, lengths, values, children, categories, buffer }
    }
}

impl Column {
    #[expect(clippy::too_many_lines, reason = "one arm for each of Arrow's types")]
    fn update(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        if let Some(nulls) = array.logical_nulls().filter(|nulls| nulls.null_count() > 0) {
            for row in (0..nulls.len()).filter(|row| nulls.is_null(*row)) {
                self.nulls.update(&(self.rows + row as u64).to_le_bytes());
            }
        }
        self.rows += array.len() as u64;
        match array.data_type() {
            DataType::Null => Ok(()),
            DataType::Boolean => self.booleans(array),
            DataType::Utf8 => self.texts(array, |i| array.as_string::<i32>().value(i).as_bytes()),
            DataType::LargeUtf8 => self.texts(array, |i| array.as_string::<i64>().value(i).as_bytes()),
            DataType::Utf8View => self.texts(array, |i| array.as_string_view().value(i).as_bytes()),
            DataType::Binary => self.texts(array, |i| array.as_binary::<i32>().value(i)),
            DataType::LargeBinary => self.texts(array, |i| array.as_binary::<i64>().value(i)),
            DataType::BinaryView => self.texts(array, |i| array.as_binary_view().value(i)),
            DataType::FixedSizeBinary(width) => self.fixed(array, *width as usize),
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                self.list(array, list.values(), |i| {
                    range(list.value_offsets()[i], list.value_offsets()[i + 1])
                })
            }
            DataType::LargeList(_) => {
                let list = array.as_list::<i64>();
                self.list(array, list.values(), |i| {
                    range(list.value_offsets()[i], list.value_offsets()[i + 1])
                })
            }
            DataType::ListView(_) => {
                let list = array.as_list_view::<i32>();
                let (starts, sizes) = (list.value_offsets(), list.value_sizes());
                self.list(array, list.values(), |i| range(starts[i], starts[i] + sizes[i]))
            }
            DataType::LargeListView(_) => {
                let list = array.as_list_view::<i64>();
                let (starts, sizes) = (list.value_offsets(), list.value_sizes());
                self.list(array, list.values(), |i| range(starts[i], starts[i] + sizes[i]))
            }
            DataType::FixedSizeList(_, length) => {
                let (list, length) = (array.as_fixed_size_list(), *length as u64);
                self.list(array, list.values(), |i| i as u64 * length..(i as u64 + 1) * length)
            }
            DataType::Map(_, _) => {
                let map = array.as_map();
                let entries: ArrayRef = Arc::new(map.entries().clone());
                self.list(array, &entries, |i| range(map.value_offsets()[i], map.value_offsets()[i + 1]))
            }
            DataType::Struct(_) => self.structure(array),
            DataType::Dictionary(_, _) => self.dictionary(array),
            DataType::RunEndEncoded(ends, _) => match ends.data_type() {
                DataType::Int16 => self.runs::<Int16Type>(array),
                DataType::Int32 => self.runs::<Int32Type>(array),
                _ => self.runs::<Int64Type>(array),
            },
            DataType::Union(_, _) => self.union(array),
            DataType::Decimal32(_, _) => {
                let numbers = array.as_primitive::<Decimal32Type>();
                self.decimals(array, |i| numbers.value(i).into())
            }
            DataType::Decimal64(_, _) => {
                let numbers = array.as_primitive::<Decimal64Type>();
                self.decimals(array, |i| numbers.value(i).into())
            }
            DataType::Decimal128(_, _) => {
                let numbers = array.as_primitive::<Decimal128Type>();
                self.decimals(array, |i| numbers.value(i))
            }
            other => match other.primitive_width() {
                Some(width) => self.fixed(array, width),
                None => {
                    Err(ArrowError::NotYetImplemented(format!("columns of type {other} cannot be split")))
                }
            },
        }
    }

    fn child(&mut self, i: usize) -> &mut Self {
        while self.children.len() <= i {
            self.children.push(Self::default());
        }
        &mut self.children[i]
    }

    fn booleans(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        let booleans = array.as_boolean();
        let bytes: Vec<u8> =
            (0..array.len()).map(|i| u8::from(booleans.is_valid(i) && booleans.value(i))).collect();
        self.values.update(&bytes);
        Ok(())
    }

    fn texts<'a>(&mut self, array: &ArrayRef, value: impl Fn(usize) -> &'a [u8]) -> Result<(), ArrowError> {
        let mut lengths = Vec::with_capacity(8 * array.len());
        for i in 0..array.len() {
            let bytes = if array.is_valid(i) { value(i) } else { &[] };
            lengths.extend((bytes.len() as u64).to_le_bytes());
            self.buffer.extend_from_slice(bytes);
            if self.buffer.len() > 1 << 16 {
                self.values.update(&self.buffer);
                self.buffer.clear();
            }
        }
        self.values.update(&self.buffer);
        self.buffer.clear();
        self.lengths.update(&lengths);
        Ok(())
    }

    fn fixed(&mut self, array: &ArrayRef, width: usize) -> Result<(), ArrowError> {
        let content = array.to_data();
        let bytes = content.buffers()[0].as_slice();
        let bytes = &bytes[content.offset() * width..(content.offset() + content.len()) * width];
        if array.null_count() == 0 {
            self.values.update(bytes);
            return Ok(());
        }
        let mut cleaned = bytes.to_vec();
        for row in (0..array.len()).filter(|row| array.is_null(*row)) {
            cleaned[row * width..(row + 1) * width].fill(0);
        }
        self.values.update(&cleaned);
        Ok(())
    }

    /// Decimals of every width as 32 bytes.
    fn decimals(&mut self, array: &ArrayRef, value: impl Fn(usize) -> i128) -> Result<(), ArrowError> {
        let mut bytes = Vec::with_capacity(32 * array.len());
        for i in 0..array.len() {
            let number = if array.is_valid(i) { value(i) } else { 0 };
            bytes.extend(number.to_le_bytes());
            bytes.extend([if number < 0 { 0xFF } else { 0 }; 16]);
        }
        self.values.update(&bytes);
        Ok(())
    }

    /// Lists, each of which is a range of `items`.
    fn list(
        &mut self,
        array: &ArrayRef,
        items: &ArrayRef,
        range: impl Fn(usize) -> std::ops::Range<u64>,
    ) -> Result<(), ArrowError> {
        let mut lengths = Vec::with_capacity(8 * array.len());
        let mut ranges: Vec<std::ops::Range<u64>> = Vec::new();
        for i in 0..array.len() {
            let range = if array.is_valid(i) { range(i) } else { 0..0 };
            lengths.extend((range.end - range.start).to_le_bytes());
            match ranges.last_mut() {
                _ if range.is_empty() => {}
                Some(last) if last.end == range.start => last.end = range.end,
                _ => ranges.push(range),
            }
        }
        self.lengths.update(&lengths);
        match ranges.as_slice() {
            [] => Ok(()),
            [one] => self.child(0).update(&items.slice(one.start as usize, (one.end - one.start) as usize)),
            _ => {
                let wanted: UInt64Array = ranges.into_iter().flatten().map(Some).collect();
                self.child(0).update(&take(items.as_ref(), &wanted, None)?)
            }
        }
    }

    fn structure(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        let structure = array.as_struct();
        for (i, column) in structure.columns().iter().enumerate() {
            let nulls = NullBuffer::union(structure.nulls(), column.logical_nulls().as_ref());
            let visible = match nulls {
                // Those have no nulls of their own: what rows without the structure have in them is left out.
                _ if matches!(column.data_type(), DataType::Union(..) | DataType::RunEndEncoded(..)) => {
                    let is_there = (0..column.len()).filter(|row| structure.is_valid(*row));
                    let rows: UInt64Array = is_there.map(|row| Some(row as u64)).collect();
                    if rows.len() < column.len() { take(column, &rows, None)? } else { column.clone() }
                }
                Some(nulls) if structure.null_count() > 0 && column.data_type() != &DataType::Null => {
                    make_array(column.to_data().into_builder().nulls(Some(nulls)).build()?)
                }
                _ => column.clone(),
            };
            self.child(i).update(&visible)?;
        }
        Ok(())
    }

    fn dictionary(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        let dictionary = array.as_any_dictionary();
        let values = dictionary.values();
        self.child(0).update(&take(values.as_ref(), dictionary.keys(), None)?)?;
        let last = self.categories.last.replace(values.clone());
        let known = last.as_ref().map_or(0, |last| last.len());
        let goes_on = last
            .as_ref()
            .is_none_or(|last| values.len() >= known && values.slice(0, known).to_data() == last.to_data());
        if self.categories.known.is_empty() && goes_on {
            return self.child(1).update(&values.slice(known, values.len() - known));
        }
        // The categories have changed: unknown ones are appended.
        if let Some(last) = last.filter(|_| self.categories.known.is_empty()) {
            (0..last.len()).try_for_each(|i| {
                self.categories.known.insert(one(&last.slice(i, 1))?);
                Ok::<_, ArrowError>(())
            })?;
        }
        for i in 0..values.len() {
            let value = values.slice(i, 1);
            if self.categories.known.insert(one(&value)?) {
                self.child(1).update(&value)?;
            }
        }
        Ok(())
    }

    fn runs<R: RunEndIndexType>(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        let runs = array.as_any().downcast_ref::<RunArray<R>>();
        let runs = runs.ok_or_else(|| ArrowError::CastError("runs of another type".to_owned()))?;
        let rows = (0..runs.len()).map(|row| Some(runs.get_physical_index(row) as u64));
        let rows: UInt64Array = rows.collect();
        self.child(0).update(&take(runs.values().as_ref(), &rows, None)?)
    }

    fn union(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        let union = array.as_union();
        let kinds: Vec<u8> = (0..array.len()).map(|row| union.type_id(row) as u8).collect();
        self.values.update(&kinds);
        let DataType::Union(fields, _) = array.data_type() else { return Ok(()) };
        for (i, (id, _)) in fields.iter().enumerate() {
            let rows = (0..array.len()).filter(|row| union.type_id(*row) == id);
            let rows: UInt64Array = rows.map(|row| Some(union.value_offset(row) as u64)).collect();
            self.child(i).update(&take(union.child(id).as_ref(), &rows, None)?)?;
        }
        Ok(())
    }

    fn finish(self) -> Digest {
        let mut sha = Sha::new();
        for digest in [self.nulls, self.lengths, self.values].map(Sha::finish) {
            sha.update(format!("{digest}\n").as_bytes());
        }
        self.children.into_iter().for_each(|child| sha.update(format!("{}\n", child.finish()).as_bytes()));
        sha.finish()
    }
}

fn range<T: TryInto<u64>>(start: T, end: T) -> std::ops::Range<u64> {
    // Offsets were checked when the file was read.
    start.try_into().unwrap_or(0)..end.try_into().unwrap_or(0)
}

/// The digest of an array.
fn one(array: &ArrayRef) -> Result<Digest, ArrowError> {
    let mut column = Column::default();
    column.update(array)?;
    Ok(column.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::builder::{Int64Builder, ListBuilder};
    use arrow_array::{
        BooleanArray, DictionaryArray, Float64Array, Int64Array, StringArray, StructArray, UnionArray,
    };
    use arrow_schema::{Field, UnionFields};

    fn table() -> RecordBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(-3), Some(4)]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), Some(""), None, Some("é")]));
        let truths: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true)]));
        let mut lists = ListBuilder::new(Int64Builder::new());
        [Some(vec![Some(1), None]), None, Some(vec![]), Some(vec![Some(2)])]
            .into_iter()
            .for_each(|list| lists.append_option(list));
        let structure: ArrayRef = Arc::new(StructArray::from(vec![(
            Arc::new(Field::new("x", DataType::Int64, true)),
            numbers.clone(),
        )]));
        let categories: ArrayRef =
            Arc::new(vec!["u", "v", "u", "v"].into_iter().collect::<DictionaryArray<Int32Type>>());
        RecordBatch::try_from_iter_with_nullable([
            ("n", numbers, true),
            ("t", texts, true),
            ("b", truths, true),
            ("l", Arc::new(lists.finish()) as ArrayRef, true),
            ("s", structure, true),
            ("c", categories, true),
        ])
        .unwrap()
    }

    fn digest(batches: &[RecordBatch]) -> String {
        let mut digest = TableDigest::new(&batches[0].schema(), &Footer::new());
        batches.iter().for_each(|batch| digest.update(batch).unwrap());
        digest.finish().to_string()
    }

    #[test]
    fn batches_make_no_difference_and_the_vector_stays() {
        let table = table();
        let whole = digest(std::slice::from_ref(&table));
        for cut in 1..4 {
            assert_eq!(digest(&[table.slice(0, cut), table.slice(cut, 4 - cut)]), whole);
        }
        assert_eq!(whole, VECTOR);
        assert_ne!(digest(&[table.slice(0, 3)]), whole);
    }

    const VECTOR: &str = "194101d4f729cd07200a2bd94094b897128863e3be0d23648e321b074d93e9e4";

    #[test]
    fn what_lies_under_a_null_makes_no_difference() {
        let nulls = NullBuffer::from(vec![true, false, true]);
        let floats = |under: f64| -> ArrayRef {
            Arc::new(Float64Array::new(vec![1.0, under, 2.0].into(), Some(nulls.clone())))
        };
        let structure = |under: f64| -> ArrayRef {
            let field = Arc::new(Field::new("x", DataType::Float64, true));
            let plain: ArrayRef = Arc::new(Float64Array::from(vec![1.0, under, 2.0]));
            Arc::new(StructArray::new(vec![field].into(), vec![plain], Some(nulls.clone())))
        };
        let union = |under: f64| -> ArrayRef {
            let kinds = UnionFields::try_new([0], [Field::new("f", DataType::Float64, true)]).unwrap();
            let plain: ArrayRef = Arc::new(Float64Array::from(vec![1.0, under, 2.0]));
            let union = UnionArray::try_new(kinds, vec![0; 3].into(), None, vec![plain]).unwrap();
            let field = Arc::new(Field::new("u", union.data_type().clone(), false));
            Arc::new(StructArray::new(vec![field].into(), vec![Arc::new(union)], Some(nulls.clone())))
        };
        for make in [&floats as &dyn Fn(f64) -> ArrayRef, &structure, &union] {
            let one = |under| digest(&[RecordBatch::try_from_iter([("a", make(under))]).unwrap()]);
            assert_eq!(one(7.0), one(8.0));
        }
    }
}
