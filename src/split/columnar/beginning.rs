//! The first rows of a table as text, for people: those of an Arrow or Parquet file, whatever its size.

use std::collections::HashMap;
use std::fs::File;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal128Type, Decimal256Type, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
    DurationSecondType, Float16Type, Float32Type, Float64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch, StructArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow_select::take::take;
use camino::Utf8Path;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value as Json;

use super::guard::guarded;
use super::ipc::{Ipc, Means};
use super::kinds;
use super::pandas;
use super::table::{Table as _, broken};
use super::values::{decimal, texts};
use crate::split::error::SplitError;
use crate::split::format::Kind;
use crate::split::half;
use crate::split::source::Source;
use crate::split::time;

/// How many bytes of memory the batch of the first rows may take; only a part of a larger one is read.
const MEMORY: u64 = 24 << 20;

/// How much of a table is shown.
#[derive(Clone, Copy)]
pub(crate) struct Most {
    /// How many rows.
    pub rows: usize,
    /// How many columns.
    pub columns: usize,
    /// How many items of a list, and fields of a structure.
    pub items: usize,
}

/// A column: its name, its type as its readers know it, and its first values; those that are missing are `None`.
pub(crate) struct Column {
    /// Its name; empty for an index without one.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Whether it is part of the index of a frame.
    pub is_index: bool,
    /// Its first values.
    pub values: Vec<Option<String>>,
}

/// The first rows of a table.
pub(crate) struct Beginning {
    /// The columns, those of the index first.
    pub columns: Vec<Column>,
    /// How many columns the table has besides an index.
    pub width: usize,
    /// How many rows it has.
    pub rows: u64,
}

/// The beginning of the table in the file at `path`; `None` if it cannot be read, or not without reading much of it.
pub(crate) fn beginning(path: &Utf8Path, kind: Kind, most: Most) -> Option<Beginning> {
    let source = Source::new(File::open(path).ok()?, path.as_str()).ok()?;
    let (schema, batch, rows) = match kind {
        Kind::Parquet => of_parquet(&source, most.rows).ok()?,
        _ => of_arrow(&source, kind, most.rows).ok()?,
    };
    let shown = || shown(schema, batch, most).map_err(|e| broken(&source.name, "table", e));
    let (columns, width) = guarded(&source.name, "table", shown).ok()?;
    Some(Beginning { columns, width, rows })
}

type First = (SchemaRef, RecordBatch, u64);

fn of_arrow(source: &Source, kind: Kind, rows: usize) -> Result<First, SplitError> {
    let means = Means { threads: 1, memory: MEMORY, folder: None };
    guarded(&source.name, "Arrow", || {
        let table = match kind {
            Kind::ArrowStream => Ipc::open_stream(source, means),
            _ => Ipc::open_file(source, means),
        }?;
        let mut batches = table.scan(0..(rows as u64).min(table.rows()))?;
        // Many short batches are not gathered.
        let first = batches.next().unwrap_or_else(|| Ok(RecordBatch::new_empty(table.schema().clone())))?;
        Ok((table.schema().clone(), first, table.rows()))
    })
}

fn of_parquet(source: &Source, rows: usize) -> Result<First, SplitError> {
    let bad = |error: &dyn std::fmt::Display| broken(&source.name, "Parquet", error.to_string());
    guarded(&source.name, "Parquet", || {
        let file = source.file().try_clone().map_err(|e| bad(&e))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| bad(&e))?;
        let (schema, total) = (builder.schema().clone(), builder.metadata().file_metadata().num_rows());
        let mut reader = builder.with_limit(rows).with_batch_size(rows).build().map_err(|e| bad(&e))?;
        let first = reader.next().transpose().map_err(|e| bad(&e))?;
        let first = first.unwrap_or_else(|| RecordBatch::new_empty(schema.clone()));
        Ok((schema, first, u64::try_from(total).unwrap_or_default()))
    })
}

/// The columns of a batch, those of a frame's index first.
fn shown(schema: SchemaRef, batch: RecordBatch, most: Most) -> Result<(Vec<Column>, usize), ArrowError> {
    let (schema, batch) = match pandas::materialize(&schema) {
        Some((with_index, index)) => {
            let batch = index.append(&batch, &with_index, 0)?;
            (with_index, batch)
        }
        None => (schema, batch),
    };
    let frame = Frame::of(&schema);
    let mut order: Vec<usize> = (0..schema.fields().len()).collect();
    order.sort_by_key(|i| !frame.is_index(schema.field(*i)));
    let width = order.iter().filter(|i| !frame.is_index(schema.field(**i))).count();
    let column = |i: usize| {
        let (field, values) = (schema.field(i), batch.column(i));
        Column {
            name: frame.name(field),
            kind: frame.kind(field),
            is_index: frame.is_index(field),
            values: (0..values.len()).map(|row| told(values, row, most.items)).collect(),
        }
    };
    Ok((order.into_iter().take(most.columns).map(column).collect(), width))
}

/// What pandas says of the columns of its frame.
struct Frame {
    index: Vec<String>,
    /// By the name of the field: the name of the column, and its type.
    columns: HashMap<String, (String, String)>,
}

impl Frame {
    fn of(schema: &Schema) -> Self {
        let text = schema.metadata().get("pandas").map_or("", String::as_str);
        let pandas: Json = serde_json::from_str(text).unwrap_or_default();
        let texts = |key: &str| pandas[key].as_array().into_iter().flatten();
        let index = texts("index_columns").filter_map(Json::as_str).map(str::to_owned).collect();
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let columns = texts("columns")
            .map(|one| (text(&one["field_name"]), (text(&one["name"]), text(&one["numpy_type"]))))
            .collect();
        Self { index, columns }
    }

    fn is_index(&self, field: &Field) -> bool {
        self.index.contains(field.name())
    }

    /// The field's name; that of an index is only known to pandas.
    fn name(&self, field: &Field) -> String {
        match self.columns.get(field.name()) {
            Some((name, _)) if self.is_index(field) => name.clone(),
            _ => field.name().clone(),
        }
    }

    fn kind(&self, field: &Field) -> String {
        let told = self.columns.get(field.name()).map(|(_, kind)| kind).filter(|kind| !kind.is_empty());
        told.cloned().unwrap_or_else(|| kinds::of_type(field.data_type()))
    }
}

/// The text of a value; `None` if it is missing.
fn told(array: &ArrayRef, row: usize, items: usize) -> Option<String> {
    use DataType as T;
    if array.is_null(row) || *array.data_type() == T::Null {
        return None;
    }
    Some(match array.data_type() {
        T::Float16 => {
            format!("{:?}", half::shortest(array.as_primitive::<Float16Type>().value(row).to_bits()))
        }
        T::Float32 => format!("{:?}", array.as_primitive::<Float32Type>().value(row)),
        T::Float64 => format!("{:?}", array.as_primitive::<Float64Type>().value(row)),
        T::Decimal128(_, scale) => {
            decimal(&array.as_primitive::<Decimal128Type>().value(row).to_string(), *scale)
        }
        T::Decimal256(_, scale) => {
            decimal(&array.as_primitive::<Decimal256Type>().value(row).to_string(), *scale)
        }
        T::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        T::LargeUtf8 => array.as_string::<i64>().value(row).to_owned(),
        T::Utf8View => array.as_string_view().value(row).to_owned(),
        T::Binary => bytes(array.as_binary::<i32>().value(row), items),
        T::LargeBinary => bytes(array.as_binary::<i64>().value(row), items),
        T::BinaryView => bytes(array.as_binary_view().value(row), items),
        T::FixedSizeBinary(_) => bytes(array.as_fixed_size_binary().value(row), items),
        T::Duration(unit) => duration(array, row, *unit),
        T::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            let decoded = take(dictionary.values().as_ref(), dictionary.keys(), None).ok()?;
            return told(&decoded, row, items);
        }
        T::List(_) => list(&array.as_list::<i32>().value(row), items),
        T::LargeList(_) => list(&array.as_list::<i64>().value(row), items),
        T::FixedSizeList(_, _) => list(&array.as_fixed_size_list().value(row), items),
        T::Struct(_) => structure(array.as_struct(), row, items),
        T::Map(_, _) => {
            let entries = array.as_map().value(row);
            let pair =
                |i| format!("{}: {}", inner(entries.column(0), i, items), inner(entries.column(1), i, items));
            cut((0..entries.len()).map(pair), items, ["{", "}"])
        }
        _ => texts(array)
            .map_or_else(|_| "…".to_owned(), |text| String::from_utf8_lossy(&text(row)).into_owned()),
    })
}

/// A value inside another.
fn inner(array: &ArrayRef, row: usize, items: usize) -> String {
    told(array, row, items).unwrap_or_else(|| "null".to_owned())
}

fn list(values: &ArrayRef, items: usize) -> String {
    cut((0..values.len()).map(|i| inner(values, i, items)), items, ["[", "]"])
}

fn structure(array: &StructArray, row: usize, items: usize) -> String {
    let fields = array.column_names().into_iter().zip(array.columns());
    cut(fields.map(|(name, values)| format!("{name}: {}", inner(values, row, items))), items, ["{", "}"])
}

/// The first `most` of `items`, with an ellipsis if there are more.
fn cut(items: impl ExactSizeIterator<Item = String>, most: usize, [open, close]: [&str; 2]) -> String {
    let rest = if items.len() > most { ", …" } else { "" };
    format!("{open}{}{rest}{close}", items.take(most).collect::<Vec<_>>().join(", "))
}

/// Bytes as Python writes them in hexadecimal.
fn bytes(bytes: &[u8], most: usize) -> String {
    let rest = if bytes.len() > most { "…" } else { "" };
    format!("0x{}{rest}", bytes.iter().take(most).map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn duration(array: &ArrayRef, row: usize, unit: TimeUnit) -> String {
    let (count, per_second) = match unit {
        TimeUnit::Second => (array.as_primitive::<DurationSecondType>().value(row), 1),
        TimeUnit::Millisecond => (array.as_primitive::<DurationMillisecondType>().value(row), 1_000),
        TimeUnit::Microsecond => (array.as_primitive::<DurationMicrosecondType>().value(row), 1_000_000),
        TimeUnit::Nanosecond => (array.as_primitive::<DurationNanosecondType>().value(row), 1_000_000_000),
    };
    let sign = if count < 0 { "-" } else { "" };
    format!("{sign}{}", time::time(count.checked_abs().unwrap_or(i64::MAX), per_second))
}
