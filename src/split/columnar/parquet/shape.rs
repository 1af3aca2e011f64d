//! What a Parquet file says about its columns besides their values: the schema, and the metadata in the footer.

use std::fmt::Write;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Metadata, Schema};
use parquet::arrow::{encode_arrow_schema, parquet_to_arrow_schema};
use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::file::metadata::{FileMetaData, KeyValue};
use parquet::schema::types::{BasicTypeInfo, SchemaDescPtr, SchemaDescriptor, Type};

use super::super::{kinds, pandas};
use pandas::{Index, RangeIndex};

/// The footer key under which Arrow's own writers store their schema.
const ARROW: &str = "ARROW:schema";

/// A schema and the key-value pairs of the footer.
#[derive(Clone)]
pub(super) struct Shape {
    pub(super) columns: SchemaDescPtr,
    pub(super) pairs: Vec<KeyValue>,
    /// The schema as Arrow's readers see it; without fields if they do not know the types.
    pub(super) arrow: Schema,
    /// Whether the schema that Arrow's writers stored, if they did, is one of these columns.
    is_told: bool,
}

impl Shape {
    pub(super) fn of(footer: &FileMetaData) -> Self {
        let columns = footer.schema_descr_ptr();
        let pairs = footer.key_value_metadata().cloned().unwrap_or_default();
        // What Arrow's writers stored is a hint: without it, or if it does not fit, the columns are described by their
        // own types.
        let told = parquet_to_arrow_schema(&columns, Some(&pairs));
        let is_told = told.is_ok();
        let arrow = told.unwrap_or_else(|_| {
            let own: Vec<_> = pairs.iter().filter(|pair| pair.key != ARROW).cloned().collect();
            let metadata = own.iter().filter_map(|pair| Some((pair.key.clone(), pair.value.clone()?)));
            parquet_to_arrow_schema(&columns, Some(&own))
                .unwrap_or_else(|_| Schema::empty().with_metadata(metadata.collect::<Metadata>()))
        });
        Self { columns, pairs, arrow, is_told }
    }

    /// For each column, whether readers treat its values as categories.
    pub(super) fn categorical(&self) -> Vec<bool> {
        let columns = self.columns.columns();
        let mut found = kinds::categorical(&self.arrow);
        if found.len() != columns.len() {
            found = vec![false; columns.len()];
        }
        for (found, column) in found.iter_mut().zip(columns) {
            *found &= column.physical_type() == Physical::BYTE_ARRAY;
        }
        found
    }

    fn pandas(&self) -> Option<&str> {
        self.pairs.iter().find(|pair| pair.key == "pandas")?.value.as_deref()
    }

    fn set(&mut self, key: &str, text: String) {
        if let Some(pair) = self.pairs.iter_mut().find(|pair| pair.key == key) {
            pair.value = Some(text.clone());
        }
        if self.arrow.metadata().contains_key(key) {
            let mut metadata = self.arrow.metadata().clone();
            metadata.insert(key.to_owned(), text);
            self.arrow = self.arrow.clone().with_metadata(metadata);
        }
    }

    /// Updates the schema of Arrow's writers, too, which has a copy of the metadata of pandas.
    fn encode(&mut self) {
        if self.is_told {
            self.set(ARROW, encode_arrow_schema(&self.arrow));
        }
    }

    /// The shape of the partition with these rows: a range index of pandas is that of the rows.
    pub(super) fn with_range(&self, rows: &Index) -> Self {
        let mut shape = self.clone();
        if let Some(text) = self.pandas().and_then(|text| pandas::ranged(text, rows)) {
            shape.set("pandas", text);
            shape.encode();
        }
        shape
    }

    /// For partitions whose rows' index is no longer a range: the shape with the index as its last column.
    pub(super) fn materialized(&self) -> Option<(Self, RangeIndex)> {
        let root = self.columns.root_schema();
        let taken = |name: &str| root.get_fields().iter().any(|field| field.name() == name);
        let (text, index) = pandas::materialized(self.pandas()?, &taken)?;
        let column = Type::primitive_type_builder(index.column(), Physical::INT64)
            .with_repetition(Repetition::OPTIONAL)
            .build()
            .ok()?;
        let fields = root.get_fields().iter().cloned().chain([Arc::new(column)]).collect();
        let root = Type::group_type_builder(root.name()).with_fields(fields).build().ok()?;
        let mut shape = Self { columns: Arc::new(SchemaDescriptor::new(Arc::new(root))), ..self.clone() };
        shape.set("pandas", text);
        let field = Arc::new(Field::new(index.column(), DataType::Int64, true));
        let fields: Vec<_> = shape.arrow.fields().iter().cloned().chain([field]).collect();
        shape.arrow = Schema::new_with_metadata(fields, shape.arrow.metadata().clone());
        shape.encode();
        Some((shape, index))
    }

    /// What a reader sees of it, as text.
    pub(super) fn describe(&self) -> String {
        let mut text = String::new();
        for field in self.columns.root_schema().get_fields() {
            text += &format!("column {}\n", of_type(field));
        }
        text += &kinds::of_schema(&self.arrow);
        // Other readers may still make something of it.
        let hint = self.pairs.iter().find(|pair| pair.key == ARROW && !self.is_told);
        if let Some(hint) = hint.and_then(|pair| pair.value.as_deref()) {
            let _ = writeln!(text, "hint {}", serde_json::Value::from(hint));
        }
        text
    }
}

/// Whether the logical type says no more than the physical one.
fn is_plain(kind: &Type) -> bool {
    let meaning = meaning(kind.get_basic_info());
    kind.is_primitive()
        && match kind.get_physical_type() {
            Physical::INT32 => meaning == "int(32, true)",
            Physical::INT64 => meaning == "int(64, true)",
            _ => false,
        }
}

fn of_type(kind: &Type) -> String {
    let info = kind.get_basic_info();
    format!("{} {}", serde_json::Value::from(info.name()), unnamed(kind))
}

/// A type without its name: no reader sees the names of the groups between a list and its items.
fn unnamed(kind: &Type) -> String {
    let info = kind.get_basic_info();
    let mut text = String::new();
    if info.has_repetition() {
        let _ = write!(text, "{} ", info.repetition());
    }
    if info.has_id() {
        let _ = write!(text, "id={} ", info.id());
    }
    if !is_plain(kind) {
        text += &meaning(info);
    }
    match kind {
        Type::PrimitiveType { physical_type, type_length, scale, precision, .. } => {
            if meaning(info) == "decimal" {
                let _ = write!(text, "({precision}, {scale})");
            } else {
                let _ = write!(text, " {physical_type}");
                if *physical_type == Physical::FIXED_LEN_BYTE_ARRAY {
                    let _ = write!(text, "[{type_length}]");
                }
            }
        }
        Type::GroupType { fields, .. } => {
            let inner = |field: &Type| match meaning(info).as_str() {
                "list" | "map" => unnamed_below(field),
                _ => of_type(field),
            };
            let fields: Vec<_> = fields.iter().map(|field| inner(field)).collect();
            let _ = write!(text, "<{}>", fields.join(", "));
        }
    }
    text
}

/// The repeated group inside a list or map, and single names in it, without the names.
fn unnamed_below(kind: &Type) -> String {
    match kind {
        Type::GroupType { fields, .. } => {
            format!("<{}>", fields.iter().map(|field| unnamed(field)).collect::<Vec<_>>().join(", "))
        }
        Type::PrimitiveType { .. } => unnamed(kind),
    }
}

/// The logical type, in whichever of the two ways it is written.
fn meaning(info: &BasicTypeInfo) -> String {
    use ConvertedType as C;
    match info.logical_type_ref() {
        Some(LogicalType::Decimal(_)) => return "decimal".to_owned(),
        Some(LogicalType::List) => return "list".to_owned(),
        Some(LogicalType::Map) => return "map".to_owned(),
        Some(LogicalType::String) => return "string".to_owned(),
        Some(LogicalType::Integer(int)) => return format!("int({}, {})", int.bit_width, int.is_signed),
        Some(LogicalType::Time(time)) => {
            return format!("time({:?}, {})", time.unit, time.is_adjusted_to_u_t_c);
        }
        Some(LogicalType::Timestamp(time)) => {
            return format!("timestamp({:?}, {})", time.unit, time.is_adjusted_to_u_t_c);
        }
        Some(other) => return format!("{other:?}").to_lowercase(),
        None => {}
    }
    let plain = match info.converted_type() {
        C::NONE => "",
        C::UTF8 => "string",
        C::MAP | C::MAP_KEY_VALUE => "map",
        C::LIST => "list",
        C::DECIMAL => "decimal",
        // By the converted type alone, a time is a local one to every reader, and a timestamp in UTC to pyarrow, but
        // local to polars and duckdb.
        C::TIME_MILLIS => "time(MILLIS, false)",
        C::TIME_MICROS => "time(MICROS, false)",
        C::TIMESTAMP_MILLIS => "timestamp(MILLIS)",
        C::TIMESTAMP_MICROS => "timestamp(MICROS)",
        C::UINT_8 => "int(8, false)",
        C::UINT_16 => "int(16, false)",
        C::UINT_32 => "int(32, false)",
        C::UINT_64 => "int(64, false)",
        C::INT_8 => "int(8, true)",
        C::INT_16 => "int(16, true)",
        C::INT_32 => "int(32, true)",
        C::INT_64 => "int(64, true)",
        other => return other.to_string().to_lowercase(),
    };
    plain.to_owned()
}
