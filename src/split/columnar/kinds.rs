//! What a schema means to a reader, as text. It leaves out how many bytes an offset, a dictionary index or a decimal
//! takes, because pandas, polars and duckdb read the same from each, but never what a value is.

use std::fmt::Write;

use arrow_schema::{DataType, Field, Schema};

use super::pandas::observable;
use super::table::Footer;

fn quoted(text: &str) -> serde_json::Value {
    serde_json::Value::from(text)
}

/// The metadata and the fields of a schema, one per line.
pub(super) fn of_schema(schema: &Schema) -> String {
    let mut text = metadata(schema.metadata());
    schema.fields().iter().for_each(|field| text += &format!("field {}\n", of_field(field)));
    text
}

/// The metadata of a file's footer, one per line.
pub(super) fn of_footer(footer: &Footer) -> String {
    footer.iter().map(|(name, value)| format!("footer {}={}\n", quoted(name), quoted(value))).collect()
}

fn metadata(metadata: &arrow_schema::Metadata) -> String {
    let line = |(name, value): (&str, String)| format!("metadata {}={}\n", quoted(name), quoted(&value));
    observable(metadata).into_iter().map(line).collect()
}

/// Name, type, nullability and metadata.
fn of_field(field: &Field) -> String {
    format!("{} {}", quoted(field.name()), unnamed(field))
}

/// A field whose name no reader sees, such as the items of a list. Its metadata are seen: they say what an extension
/// type is.
fn unnamed(field: &Field) -> String {
    let ordered = if field.dict_is_ordered() == Some(true) { "ordered " } else { "" };
    let missing = if field.is_nullable() { "" } else { " not null" };
    let mut text = format!("{ordered}{}{missing}", of_type(field.data_type()));
    for (name, value) in observable(field.metadata()) {
        let _ = write!(text, " {}={}", quoted(name), quoted(&value));
    }
    text
}

/// A type as a reader knows it.
pub(super) fn of_type(kind: &DataType) -> String {
    use DataType as T;
    let fields = |fields: &arrow_schema::Fields| {
        fields.iter().map(|field| of_field(field)).collect::<Vec<_>>().join(", ")
    };
    match kind {
        T::Utf8 | T::LargeUtf8 | T::Utf8View => "string".to_owned(),
        T::Binary | T::LargeBinary | T::BinaryView => "binary".to_owned(),
        T::List(item) | T::LargeList(item) | T::ListView(item) | T::LargeListView(item) => {
            format!("list<{}>", unnamed(item))
        }
        T::FixedSizeList(item, length) => format!("list<{}>[{length}]", unnamed(item)),
        T::Decimal32(digits, scale)
        | T::Decimal64(digits, scale)
        | T::Decimal128(digits, scale)
        | T::Decimal256(digits, scale) => format!("decimal({digits}, {scale})"),
        T::Dictionary(_, values) => format!("categories<{}>", of_type(values)),
        T::RunEndEncoded(_, values) => format!("runs<{}>", unnamed(values)),
        T::Struct(items) => format!("struct<{}>", fields(items)),
        T::Map(entries, sorted) => match entries.data_type() {
            T::Struct(pair) => {
                let pair = pair.iter().map(|field| unnamed(field)).collect::<Vec<_>>().join(", ");
                format!("map<{pair}>{}", if *sorted { " sorted" } else { "" })
            }
            other => format!("map<{}>", of_type(other)),
        },
        T::Union(items, _) => {
            let item = |(id, field): (i8, &std::sync::Arc<Field>)| format!("{id}={}", of_field(field));
            format!("union<{}>", items.iter().map(item).collect::<Vec<_>>().join(", "))
        }
        // No reader takes a zone without a name for one.
        T::Timestamp(unit, Some(zone)) if zone.is_empty() => T::Timestamp(*unit, None).to_string(),
        other => other.to_string(),
    }
}

/// For each leaf of a schema, in the order of Parquet's columns: whether it is categorical.
pub(super) fn categorical(schema: &Schema) -> Vec<bool> {
    let mut found = Vec::new();
    schema.fields().iter().for_each(|field| leaves(field.data_type(), &mut found));
    found
}

fn leaves(kind: &DataType, found: &mut Vec<bool>) {
    use DataType as T;
    match kind {
        T::List(item)
        | T::LargeList(item)
        | T::ListView(item)
        | T::LargeListView(item)
        | T::FixedSizeList(item, _)
        | T::Map(item, _) => leaves(item.data_type(), found),
        T::Struct(items) => items.iter().for_each(|field| leaves(field.data_type(), found)),
        T::Dictionary(_, _) => found.push(true),
        _ => found.push(false),
    }
}
