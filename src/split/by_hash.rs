//! Rows of text formats that go where the hash of their values says.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::SplitError;
use super::format::Kind;
use super::scatter::Router;
use super::source::{BOM, Fault, Source};
use super::text::Span;
use super::value::{self, RowHash};

/// The router of `--by hash`.
pub(super) struct ByHash {
    partitions: u64,
    fields: Fields,
}

/// Where the values of a row are.
enum Fields {
    /// The row is one value.
    Line,
    /// The names of all columns, and which of them count (none: all).
    Csv { delimiter: u8, names: Vec<Vec<u8>>, columns: Option<Vec<usize>> },
    /// Which keys count (none: all).
    Json { columns: Option<Vec<String>> },
}

impl ByHash {
    /// A router by `columns`, or by whole rows, for a text file that begins with `header`.
    pub(super) fn new(
        source: &Source,
        kind: Kind,
        header: &[u8],
        columns: Option<&[String]>,
        partitions: u64,
    ) -> Result<Self, SplitError> {
        let fields = match (kind, columns) {
            (Kind::Csv(delimiter), columns) => {
                let names =
                    split_fields(header.strip_prefix(BOM).unwrap_or(header).trim_ascii_start(), delimiter);
                let find = |column: &String| find(source, &names, column);
                let columns = columns.map(|columns| columns.iter().map(find).collect()).transpose()?;
                Fields::Csv { delimiter, names, columns }
            }
            (Kind::Lines, Some(_)) => {
                let message = "plain text has no columns to hash";
                return Err(SplitError::usage(message, "use `--by hash`, which hashes the whole line"));
            }
            (Kind::Lines, None) => Fields::Line,
            (_, columns) => Fields::Json { columns: columns.map(<[String]>::to_vec) },
        };
        Ok(Self { partitions, fields })
    }
}

fn find(source: &Source, names: &[Vec<u8>], column: &str) -> Result<usize, SplitError> {
    let mut found = (0..names.len()).filter(|i| names[*i] == column.as_bytes());
    match (found.next(), found.next()) {
        (Some(i), None) => Ok(i),
        (Some(_), Some(_)) => {
            Err(SplitError::whole(&source.name, format!("there are several columns `{column}`"), None))
        }
        (None, _) => {
            let known: Vec<_> = names.iter().map(|name| String::from_utf8_lossy(name)).collect();
            Err(SplitError::no_column(&source.name, column, &known))
        }
    }
}

impl Router for ByHash {
    fn route(&self, source: &Source, number: u64, span: &Span, bytes: &[u8]) -> Result<usize, SplitError> {
        let mut hash = RowHash::new();
        match &self.fields {
            Fields::Line => hash.add(&value::of_text(without_line_end(bytes))),
            Fields::Csv { delimiter, names, columns } => {
                let fields = split_fields(bytes, *delimiter);
                match columns {
                    Some(columns) => columns.iter().for_each(|i| hash.add(&value::of_text(&fields[*i]))),
                    None => {
                        let texts = fields.iter().map(|field| value::of_text(field));
                        hash.add_row(&mut names.iter().zip(texts).collect());
                    }
                }
            }
            Fields::Json { columns } => {
                add_json(&mut hash, bytes, columns.as_deref()).map_err(|message| {
                    let mut fault = Fault::new(span.start, format!("row {}: {message}", number + 1));
                    fault.row = Some(number + 1);
                    source.flaw(fault)
                })?
            }
        }
        Ok(hash.partition(self.partitions))
    }

    fn wants_bytes(&self) -> bool {
        true
    }
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The values of the fields of a well-formed row.
fn split_fields(row: &[u8], delimiter: u8) -> Vec<Vec<u8>> {
    let mut rest = without_line_end(row);
    let mut fields = Vec::new();
    loop {
        let (field, end) = field(rest, delimiter);
        fields.push(field);
        if end >= rest.len() {
            return fields;
        }
        rest = &rest[end + 1..];
    }
}

/// The value of the field that `text` begins with, and where the field ends.
fn field(text: &[u8], delimiter: u8) -> (Vec<u8>, usize) {
    if text.first() != Some(&b'"') {
        let end = memchr::memchr(delimiter, text).unwrap_or(text.len());
        return (text[..end].to_vec(), end);
    }
    let (mut value, mut at) = (Vec::new(), 1);
    while let Some(quote) = memchr::memchr(b'"', &text[at..]) {
        value.extend_from_slice(&text[at..at + quote]);
        at += quote + 1;
        if text.get(at) != Some(&b'"') {
            break;
        }
        value.push(b'"');
        at += 1;
    }
    (value, at)
}

/// The fields of an object, their values as they are written.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Object(fields))
    }
}

fn add_json(hash: &mut RowHash, row: &[u8], columns: Option<&[String]>) -> Result<(), String> {
    let text = std::str::from_utf8(row).map_err(|e| e.to_string())?.trim_ascii();
    let of_json = |raw: &str| value::of_json(raw).map_err(|e| e.to_string());
    if !text.starts_with('{') {
        if columns.is_some() {
            return Err("not an object, so it has no columns to hash".to_owned());
        }
        hash.add(&of_json(text)?);
        return Ok(());
    }
    let Object(fields) = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let Some(columns) = columns else {
        let texts = fields.into_iter().map(|(name, raw)| Ok((name, of_json(raw.get())?)));
        hash.add_row(&mut texts.collect::<Result<Vec<_>, String>>()?);
        return Ok(());
    };
    for column in columns {
        // Of a key that is written twice the last counts, as for every reader.
        match fields.iter().rev().find(|(name, _)| name == column) {
            Some((_, raw)) => hash.add(&of_json(raw.get())?),
            None => hash.add(b""),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_without_their_quotes() {
        let fields = split_fields(b"a,\"b,\"\"c\"\"\n\",,x\"y\r\n", b',');
        assert_eq!(fields, [&b"a"[..], b"b,\"c\"\n", b"", b"x\"y"]);
        assert_eq!(split_fields(b"", b','), [b""]);
        assert_eq!(split_fields(b"a,\n", b','), [&b"a"[..], b""]);
    }
}
