//! What pandas writes beside a table to get its frame back: above all, the index. An index that is a
//! range is not stored as a column but as its start, stop and step; a partition's rows keep theirs.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use serde_json::{Value, json};

/// Which rows a partition has.
pub(super) enum Index {
    /// Contiguous ones.
    Slice(Range<u64>),
    /// From `first` on every `step`th of `total`.
    Every { first: u64, step: u64, total: u64 },
}

/// An index that is a range.
pub(super) struct RangeIndex {
    name: Option<String>,
    start: i64,
    step: i64,
}

/// The metadata of pandas, if there is any.
fn read(schema: &Schema) -> Option<Value> {
    serde_json::from_str(schema.metadata().get("pandas")?).ok()
}

/// The description of the range index in `metadata`.
fn range_of(metadata: &mut Value) -> Option<&mut serde_json::Map<String, Value>> {
    let columns = metadata.get_mut("index_columns")?.as_array_mut()?;
    let map = columns.first_mut()?.as_object_mut()?;
    (map.get("kind")? == "range").then_some(map)
}

/// `schema` for the partition that has these rows: its range index is that of the rows.
pub(super) fn with_range(schema: &SchemaRef, rows: &Index) -> SchemaRef {
    let changed = || {
        let mut metadata = read(schema)?;
        let range = range_of(&mut metadata)?;
        let (start, step) = (range.get("start")?.as_i64()?, range.get("step")?.as_i64()?);
        let at = |row: u64| i64::try_from(row).ok().and_then(|row| row.checked_mul(step)?.checked_add(start));
        let (start, stop, step) = match rows {
            Index::Slice(rows) => (at(rows.start)?, at(rows.end)?, step),
            Index::Every { first, step: every, total } => {
                let count = total.saturating_sub(*first).div_ceil(*every);
                let step_now = step.checked_mul(i64::try_from(*every).ok()?)?;
                (
                    at(*first)?,
                    at(*first)?.checked_add(step_now.checked_mul(i64::try_from(count).ok()?)?)?,
                    step_now,
                )
            }
        };
        range.insert("start".to_owned(), json!(start));
        range.insert("stop".to_owned(), json!(stop));
        range.insert("step".to_owned(), json!(step));
        Some(with_metadata(schema, &metadata, schema.fields().clone()))
    };
    changed().unwrap_or_else(|| schema.clone())
}

fn with_metadata(schema: &Schema, metadata: &Value, fields: arrow_schema::Fields) -> SchemaRef {
    let mut all = schema.metadata().clone();
    all.insert("pandas".to_owned(), metadata.to_string());
    Arc::new(Schema::new_with_metadata(fields, all))
}

const COLUMN: &str = "__index_level_0__";

/// For partitions whose rows' index is no range any more: the schema with the index as a column, as
/// pandas itself would store it.
pub(super) fn materialize(schema: &SchemaRef) -> Option<(SchemaRef, RangeIndex)> {
    let mut metadata = read(schema)?;
    let range = range_of(&mut metadata)?;
    let index = RangeIndex {
        name: range.get("name").and_then(Value::as_str).map(str::to_owned),
        start: range.get("start")?.as_i64()?,
        step: range.get("step")?.as_i64()?,
    };
    let column = index.name.clone().filter(|name| schema.field_with_name(name).is_err());
    let column = column.unwrap_or_else(|| COLUMN.to_owned());
    metadata["index_columns"] = json!([column]);
    metadata.get_mut("columns")?.as_array_mut()?.push(json!({
        "name": index.name, "field_name": column, "pandas_type": "int64", "numpy_type": "int64", "metadata": null,
    }));
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(column, DataType::Int64, true)));
    Some((with_metadata(schema, &metadata, fields.into()), index))
}

impl RangeIndex {
    /// `batch`, whose first row has the number `first`, with the index as its last column.
    pub(super) fn append(
        &self,
        batch: &RecordBatch,
        schema: &SchemaRef,
        first: u64,
    ) -> Result<RecordBatch, ArrowError> {
        let rows = first as i64..(first + batch.num_rows() as u64) as i64;
        let index: Int64Array =
            rows.map(|row| Some(self.start.wrapping_add(row.wrapping_mul(self.step)))).collect();
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(index));
        RecordBatch::try_new(schema.clone(), columns)
    }
}

/// The metadata of a schema that a reader can observe, sorted, each as a name and a text. Which version of
/// which library wrote the file is left out.
pub(super) fn observable(metadata: &arrow_schema::Metadata) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = metadata
        .iter()
        .filter(|(key, _)| {
            !matches!(key.as_str(), "ARROW:schema" | "PARQUET:field_id" | "org.apache.spark.version")
        })
        .map(|(key, text)| (key.as_str(), if key == "pandas" { canonical(text) } else { text.clone() }))
        .collect();
    found.sort_unstable();
    found
}

fn canonical(text: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    if let Some(map) = value.as_object_mut() {
        map.remove("creator");
        map.remove("pandas_version");
    }
    sort(&mut value);
    value.to_string()
}

fn sort(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(sort);
            map.sort_keys();
        }
        Value::Array(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}
