//! The digest of a table: of its values, nulls, types and names, however they are laid out.
//!
//! SHA-256 of the texts, one line each: for every piece of the schema's metadata that a reader observes
//! `metadata NAME=TEXT`, for every field `field NAME TYPE nullable=BOOL` and its metadata, then
//! `rows N`, then the digests of the columns in hexadecimal digits. Names and texts are in JSON's quotes.
//!
//! A column's digest is the SHA-256 of these digests in hexadecimal digits, one line each: of its nulls (the row numbers, eight
//! bytes each, little end first), of its lengths (the same, for texts, bytes and lists; 0 for null), of
//! its values (little end first, zero bytes for null; one byte for a truth value; texts and bytes one
//! after the other), and of its children (the items of the lists that are not null; the fields of a
//! structure, null where it is null; the values that a dictionary stands for, and for formats that keep
//! them the categories).

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, make_array};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use arrow_select::concat::concat;
use arrow_select::take::take;

use super::pandas::observable;
use crate::digest::Digest;
use crate::split::sha::Sha;

/// The digest of a table in the making.
pub(super) struct TableDigest {
    schema: String,
    columns: Vec<Column>,
    rows: u64,
}

impl TableDigest {
    /// The digest of a table with this schema; `dictionaries`: the categories of a column are observed.
    pub(super) fn new(schema: &Schema, dictionaries: bool) -> Self {
        let mut text = String::new();
        metadata(schema.metadata(), &mut text);
        schema.fields().iter().for_each(|field| describe(field, &mut text));
        let column = || Column { dictionaries, ..Column::default() };
        Self { schema: text, columns: schema.fields().iter().map(|_| column()).collect(), rows: 0 }
    }

    /// Adds the rows of `batch`.
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

fn quoted(text: &str) -> serde_json::Value {
    serde_json::Value::from(text)
}

fn metadata(metadata: &arrow_schema::Metadata, text: &mut String) {
    for (name, value) in observable(metadata) {
        *text += &format!("metadata {}={}\n", quoted(name), quoted(&value));
    }
}

fn describe(field: &Field, text: &mut String) {
    let (name, kind) = (quoted(field.name()), quoted(&field.data_type().to_string()));
    *text += &format!("field {name} {kind} nullable={}\n", field.is_nullable());
    metadata(field.metadata(), text);
}

/// The digest of a column in the making.
struct Column {
    rows: u64,
    nulls: Sha,
    lengths: Sha,
    values: Sha,
    children: Vec<Self>,
    dictionaries: bool,
    /// The categories that were hashed last.
    categories: Option<ArrayRef>,
    buffer: Vec<u8>,
}

impl Default for Column {
    fn default() -> Self {
        let (nulls, lengths, values) = (Sha::new(), Sha::new(), Sha::new());
        let (children, categories, buffer) = (Vec::new(), None, Vec::new());
        Self { rows: 0, nulls, lengths, values, children, dictionaries: true, categories, buffer }
    }
}

impl Column {
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
            DataType::List(_) => self.list(array, |i| array.as_list::<i32>().value(i)),
            DataType::LargeList(_) => self.list(array, |i| array.as_list::<i64>().value(i)),
            DataType::FixedSizeList(_, _) => self.list(array, |i| array.as_fixed_size_list().value(i)),
            DataType::Map(_, _) => {
                self.list(array, |i| -> ArrayRef { std::sync::Arc::new(array.as_map().value(i)) })
            }
            DataType::Struct(_) => self.structure(array),
            DataType::Dictionary(_, _) => self.dictionary(array),
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
            self.children.push(Self { dictionaries: self.dictionaries, ..Self::default() });
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

    fn list(&mut self, array: &ArrayRef, value: impl Fn(usize) -> ArrayRef) -> Result<(), ArrowError> {
        let mut lengths = Vec::with_capacity(8 * array.len());
        let mut items = Vec::new();
        for i in 0..array.len() {
            let item = array.is_valid(i).then(|| value(i));
            lengths.extend((item.as_ref().map_or(0, |item| item.len()) as u64).to_le_bytes());
            items.extend(item.filter(|item| !item.is_empty()));
        }
        self.lengths.update(&lengths);
        if items.is_empty() {
            return Ok(());
        }
        let items: Vec<&dyn Array> = items.iter().map(AsRef::as_ref).collect();
        let items = concat(&items)?;
        self.child(0).update(&items)
    }

    fn structure(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        let structure = array.as_struct();
        for (i, column) in structure.columns().iter().enumerate() {
            let nulls = NullBuffer::union(structure.nulls(), column.logical_nulls().as_ref());
            let visible = match nulls {
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
        let decoded = take(values.as_ref(), dictionary.keys(), None)?;
        self.child(0).update(&decoded)?;
        if self.dictionaries
            && !self.categories.as_ref().is_some_and(|known| known.to_data() == values.to_data())
        {
            self.child(1).update(values)?;
            self.categories = Some(values.clone());
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

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::builder::{Int64Builder, ListBuilder};
    use arrow_array::types::Int32Type;
    use arrow_array::{BooleanArray, DictionaryArray, Float64Array, Int64Array, StringArray, StructArray};
    use std::sync::Arc;

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
        let mut digest = TableDigest::new(&batches[0].schema(), true);
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

    const VECTOR: &str = "305fddda41597295f85f16c561b97004333a1b63be5fa8afd449157562601c1c";

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
        for make in [&floats as &dyn Fn(f64) -> ArrayRef, &structure] {
            let one = |under| digest(&[RecordBatch::try_from_iter([("a", make(under))]).unwrap()]);
            assert_eq!(one(7.0), one(8.0));
        }
    }
}
