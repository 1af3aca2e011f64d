//! What pandas stores with a table to restore its frame: above all, the index. A range index is not stored as a column,
//! but as start, stop and step; the rows of a partition keep theirs.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use serde_json::{Value, json};

/// Which rows a partition has.
pub(super) enum Index {
    /// Contiguous rows.
    Slice(Range<u64>),
    /// Every `step`th of `total` rows, starting at `first`.
    Every { first: u64, step: u64, total: u64 },
}

/// A range index.
pub(super) struct RangeIndex {
    column: String,
    start: i64,
    step: i64,
}

/// The description of the range index in `metadata`.
fn range_of(metadata: &mut Value) -> Option<&mut serde_json::Map<String, Value>> {
    let columns = metadata.get_mut("index_columns")?.as_array_mut()?;
    let map = columns.first_mut()?.as_object_mut()?;
    (map.get("kind")? == "range").then_some(map)
}

/// The metadata of pandas for the partition with these rows: its range index is that of the rows. `None` if the index
/// is not a range.
pub(super) fn ranged(pandas: &str, rows: &Index) -> Option<String> {
    let mut metadata: Value = serde_json::from_str(pandas).ok()?;
    let range = range_of(&mut metadata)?;
    let (start, step) = (range.get("start")?.as_i64()?, range.get("step")?.as_i64()?);
    let at = |row: u64| i64::try_from(row).ok().and_then(|row| row.checked_mul(step)?.checked_add(start));
    let (start, stop, step) = match rows {
        Index::Slice(rows) => (at(rows.start)?, at(rows.end)?, step),
        Index::Every { first, step: every, total } => {
            let count = i64::try_from(total.saturating_sub(*first).div_ceil(*every)).ok()?;
            let step = step.checked_mul(i64::try_from(*every).ok()?)?;
            (at(*first)?, at(*first)?.checked_add(step.checked_mul(count)?)?, step)
        }
    };
    range.insert("start".to_owned(), json!(start));
    range.insert("stop".to_owned(), json!(stop));
    range.insert("step".to_owned(), json!(step));
    Some(metadata.to_string())
}

const COLUMN: &str = "__index_level_0__";

/// For partitions whose rows' index is no longer a range: the metadata with the index as a column, as pandas itself
/// would store it. `taken` tells which column names are in use.
pub(super) fn materialized(pandas: &str, taken: &dyn Fn(&str) -> bool) -> Option<(String, RangeIndex)> {
    let mut metadata: Value = serde_json::from_str(pandas).ok()?;
    let range = range_of(&mut metadata)?;
    let name = range.get("name").and_then(Value::as_str).map(str::to_owned);
    let column = name.clone().filter(|name| !taken(name)).unwrap_or_else(|| COLUMN.to_owned());
    let index = RangeIndex {
        column: column.clone(),
        start: range.get("start")?.as_i64()?,
        step: range.get("step")?.as_i64()?,
    };
    metadata["index_columns"] = json!([column]);
    metadata.get_mut("columns")?.as_array_mut()?.push(json!({
        "name": name, "field_name": column, "pandas_type": "int64", "numpy_type": "int64", "metadata": null,
    }));
    Some((metadata.to_string(), index))
}

/// `schema` for the partition with these rows.
pub(super) fn with_range(schema: &SchemaRef, rows: &Index) -> SchemaRef {
    let text = schema.metadata().get("pandas").and_then(|text| ranged(text, rows));
    text.map_or_else(|| schema.clone(), |text| with_metadata(schema, text, schema.fields().clone()))
}

/// The schema with the index as its last column, if it is a range.
pub(super) fn materialize(schema: &SchemaRef) -> Option<(SchemaRef, RangeIndex)> {
    let taken = |name: &str| schema.field_with_name(name).is_ok();
    let (text, index) = materialized(schema.metadata().get("pandas")?, &taken)?;
    let field = Arc::new(Field::new(index.column(), DataType::Int64, true));
    let fields: Vec<_> = schema.fields().iter().cloned().chain([field]).collect();
    Some((with_metadata(schema, text, fields.into()), index))
}

fn with_metadata(schema: &Schema, pandas: String, fields: arrow_schema::Fields) -> SchemaRef {
    let mut all = schema.metadata().clone();
    all.insert("pandas".to_owned(), pandas);
    Arc::new(Schema::new_with_metadata(fields, all))
}

impl RangeIndex {
    /// The name of its column.
    pub(super) fn column(&self) -> &str {
        &self.column
    }

    /// The labels of these rows.
    pub(super) fn labels(&self, rows: Range<u64>) -> Vec<i64> {
        rows.map(|row| self.start.wrapping_add((row as i64).wrapping_mul(self.step))).collect()
    }

    /// `batch`, whose first row is number `first`, with the index as its last column.
    pub(super) fn append(
        &self,
        batch: &RecordBatch,
        schema: &SchemaRef,
        first: u64,
    ) -> Result<RecordBatch, ArrowError> {
        let index = Int64Array::from(self.labels(first..first + batch.num_rows() as u64));
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(index));
        RecordBatch::try_new(schema.clone(), columns)
    }
}

/// The metadata of a schema that a reader can observe, as sorted pairs of name and text. The name and version of the
/// library that wrote the file are left out.
pub(super) fn observable(metadata: &arrow_schema::Metadata) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = metadata
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "ARROW:schema" | "org.apache.spark.version"))
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
