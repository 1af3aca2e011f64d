//! The keys of the rows of text formats.

use std::borrow::Cow;

use super::error::SplitError;
use super::format::{Dialect, Kind};
use super::json_value::{fields, of_json};
use super::keys::{KeyRequest, Keys};
use super::message::Message;
use super::source::Source;
use super::text::{Index, Text};
use super::value::of_text;

/// The keys of the rows of a text file.
pub(super) struct TextKeys<'a> {
    source: &'a Source,
    index: &'a Index,
    fields: Fields,
    plain: bool,
}

/// Where the values of a row are.
enum Fields {
    /// The row is one value.
    Line,
    /// The names of all columns, and which of them count (`None`: all). `sorted` has the columns in the order of their
    /// names.
    Csv { dialect: Dialect, names: Vec<Vec<u8>>, sorted: Vec<usize>, columns: Option<Vec<usize>> },
    /// The keys that count (`None`: all).
    Json { columns: Option<Vec<String>> },
}

impl<'a> TextKeys<'a> {
    /// The keys of the rows of `text`.
    pub(super) fn new(text: &Text<'a>, index: &'a Index, wanted: KeyRequest) -> Result<Self, SplitError> {
        let source = text.source;
        let fields = match (text.kind, wanted.columns) {
            (Kind::Csv(dialect), columns) => {
                let names: Vec<Vec<u8>> = if dialect.header {
                    let mut header = Vec::new();
                    source.read_into(&mut header, text.names.clone())?;
                    split_fields(&header, dialect).into_iter().map(Cow::into_owned).collect()
                } else {
                    (1..=text.columns).map(|column| column.to_string().into_bytes()).collect()
                };
                let find = |column: &String| find(source, &names, column);
                let columns = columns.map(|columns| columns.iter().map(find).collect()).transpose()?;
                let mut sorted: Vec<usize> = (0..names.len()).collect();
                sorted.sort_by_key(|i| &names[*i]);
                Fields::Csv { dialect, names, sorted, columns }
            }
            (Kind::Lines, Some(_)) => {
                let message = "plain text has no columns to go by";
                return Err(SplitError::usage(message, "use `--by hash`, which hashes the whole line"));
            }
            (Kind::Lines, None) => Fields::Line,
            (_, columns) => Fields::Json { columns: columns.map(<[String]>::to_vec) },
        };
        Ok(Self { source, index, fields, plain: wanted.plain })
    }

    /// Writes the key of `row` to `message`.
    fn key(&self, row: &[u8], message: &mut Message) {
        message.clear();
        let plain = self.plain;
        match &self.fields {
            Fields::Line => message.add_value(without_line_end(row), plain),
            Fields::Csv { dialect, columns: Some(columns), .. } if columns.len() == 1 => {
                message.add_value(&nth_field(row, *dialect, columns[0]), plain);
            }
            Fields::Csv { dialect, names, sorted, columns } => {
                let fields = split_fields(row, *dialect);
                match columns {
                    Some(columns) => columns.iter().for_each(|i| message.add_value(&fields[*i], plain)),
                    None if sorted.windows(2).any(|pair| names[pair[0]] == names[pair[1]]) => {
                        let texts = fields.iter().map(|field| of_text(field).into_owned());
                        message.add_row(&mut names.iter().zip(texts).collect());
                    }
                    None => {
                        for i in sorted.iter().filter(|i| !fields[**i].is_empty()) {
                            message.add(&names[*i]);
                            message.add_value(&fields[*i], plain);
                        }
                    }
                }
            }
            Fields::Json { columns } => json_key(row.trim_ascii(), columns.as_deref(), plain, message),
        }
    }
}

/// Writes the key of a JSON element to `message`.
fn json_key(row: &[u8], columns: Option<&[String]>, plain: bool, message: &mut Message) {
    let mut add = |text: &[u8]| if plain { message.add_plain(text) } else { message.add(text) };
    match (row.first(), columns) {
        (Some(b'{'), None) => {
            let texts = fields(row).into_iter().map(|(name, raw)| (name, of_json(raw)));
            // If a key is repeated, the last one counts, as for every reader.
            let last: std::collections::BTreeMap<_, _> = texts.collect();
            message.add_row(&mut last.into_iter().collect());
        }
        (Some(b'{'), Some(columns)) => {
            let fields = fields(row);
            for column in columns {
                let found = fields.iter().rev().find(|(name, _)| name == column.as_bytes());
                add(&found.map(|(_, raw)| of_json(raw)).unwrap_or_default());
            }
        }
        (_, None) => add(&of_json(row)),
        // A value that is not an object has no fields: all are missing.
        (_, Some(columns)) => columns.iter().for_each(|_| add(b"")),
    }
}

impl Keys for TextKeys<'_> {
    fn chunks(&self) -> usize {
        self.index.replay.chunks()
    }

    fn visit(&self, chunk: usize, each: &mut dyn FnMut(&[u8])) -> Result<(), SplitError> {
        let mut spans = Vec::new();
        self.index.replay.visit(self.source, chunk, &mut |span| {
            spans.push(span);
            true
        })?;
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return Ok(()) };
        let (base, mut bytes) = (first.start, Vec::new());
        self.source.read_into(&mut bytes, base..last.end)?;
        let mut message = Message::default();
        for span in &spans {
            self.key(&bytes[(span.start - base) as usize..(span.end - base) as usize], &mut message);
            each(message.bytes());
        }
        Ok(())
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

/// The value of the field `number` of a well-formed row.
fn nth_field(row: &[u8], dialect: Dialect, number: usize) -> Cow<'_, [u8]> {
    let mut rest = without_line_end(row);
    for _ in 0..number {
        let (_, end) = field(rest, dialect);
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    field(rest, dialect).0
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The values of the fields of a well-formed row.
fn split_fields(row: &[u8], dialect: Dialect) -> Vec<Cow<'_, [u8]>> {
    let mut rest = without_line_end(row);
    let mut fields = Vec::new();
    loop {
        let (field, end) = field(rest, dialect);
        fields.push(field);
        if end >= rest.len() {
            return fields;
        }
        rest = &rest[end + 1..];
    }
}

/// The value of the field that `text` begins with, and where the field ends.
fn field(text: &[u8], dialect: Dialect) -> (Cow<'_, [u8]>, usize) {
    let Some(quote) = dialect.quote.filter(|quote| text.first() == Some(quote)) else {
        let end = memchr::memchr(dialect.delimiter, text).unwrap_or(text.len());
        return (Cow::Borrowed(&text[..end]), end);
    };
    let (mut value, mut at) = (Vec::new(), 1);
    while let Some(found) = memchr::memchr(quote, &text[at..]) {
        value.extend_from_slice(&text[at..at + found]);
        at += found + 1;
        if text.get(at) != Some(&quote) {
            break;
        }
        value.push(quote);
        at += 1;
    }
    (Cow::Owned(value), at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_without_their_quotes() {
        let fields = split_fields(b"a,\"b,\"\"c\"\"\n\",,x\"y\r\n", Dialect::new(b','));
        assert_eq!(fields, [&b"a"[..], b"b,\"c\"\n", b"", b"x\"y"]);
        assert_eq!(split_fields(b"", Dialect::new(b',')), [b"".as_slice()]);
        assert_eq!(split_fields(b"a,\n", Dialect::new(b',')), [&b"a"[..], b""]);
    }
}
