//! The keys of the rows of text formats.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Mutex;

use super::assign::STEP;
use super::error::SplitError;
use super::format::{Dialect, Kind};
use super::json_value::{fields, of_json};
use super::keys::{KeyRequest, Keys, position};
use super::message::{self, Message};
use super::source::Source;
use super::text::mask::{BLOCK, Block};
use super::text::{Index, Rows, Text};
use super::value::of_text;

/// The keys of the rows of a text file.
pub(super) struct TextKeys<'a> {
    source: &'a Source,
    index: &'a Index,
    fields: Fields,
    plain: bool,
    /// Memory that serves one chunk after another.
    rows: Mutex<Vec<Rows>>,
    recent: Mutex<Vec<Vec<Recent>>>,
}

/// Where the values of a row are.
enum Fields {
    /// The row is one value.
    Line,
    /// The names of all columns, and which of them count (none: all).
    Csv { dialect: Dialect, names: Vec<Vec<u8>>, order: Order, columns: Option<Vec<usize>> },
    /// Which keys count (none: all).
    Json { columns: Option<Vec<String>> },
}

/// The columns in the order of their names.
enum Order {
    /// If no two have the same.
    Fixed(Vec<usize>),
    /// It depends on the values.
    Open,
}

impl Order {
    fn of(names: &[Vec<u8>]) -> Self {
        let mut sorted: Vec<usize> = (0..names.len()).collect();
        sorted.sort_by_key(|i| &names[*i]);
        let is_open = sorted.windows(2).any(|pair| names[pair[0]] == names[pair[1]]);
        if is_open { Self::Open } else { Self::Fixed(sorted) }
    }
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
                let texts: Vec<_> = names.iter().map(|name| String::from_utf8_lossy(name)).collect();
                let find = |column: &String| position(&source.name, column, &texts);
                let columns = columns.map(|columns| columns.iter().map(find).collect()).transpose()?;
                Fields::Csv { dialect, order: Order::of(&names), names, columns }
            }
            (Kind::Lines, Some(_)) => {
                let message = "plain text has no columns to go by";
                return Err(SplitError::usage(message, "use `--by hash`, which hashes the whole line"));
            }
            (Kind::Lines, None) => Fields::Line,
            (_, columns) => Fields::Json { columns: columns.map(<[String]>::to_vec) },
        };
        let keys = Self {
            source,
            index,
            fields,
            plain: wanted.plain,
            rows: Mutex::default(),
            recent: Mutex::default(),
        };
        keys.insist_on_members()?;
        Ok(keys)
    }

    /// Insists that each of the columns is a key of some JSON element: a misspelt one would be missing everywhere.
    fn insist_on_members(&self) -> Result<(), SplitError> {
        let Fields::Json { columns: Some(columns) } = &self.fields else { return Ok(()) };
        let mut unseen: Vec<&String> = columns.iter().collect();
        let mut names = Vec::new();
        for chunk in 0..self.chunks() {
            self.each(chunk, |from, _, _| {
                let row = from.row().trim_ascii();
                if unseen.is_empty() || row.first() != Some(&b'{') {
                    return;
                }
                let members = fields(row);
                unseen.retain(|column| members.iter().all(|(name, _)| name != column.as_bytes()));
                if names.is_empty() {
                    names =
                        members.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect();
                }
            })?;
            if unseen.is_empty() {
                return Ok(());
            }
        }
        match unseen.first() {
            Some(column) if self.index.rows > 0 => {
                Err(SplitError::no_column(&self.source.name, column, &names))
            }
            _ => Ok(()),
        }
    }

    /// Puts the key of the row `from` the place into `message`.
    fn key(&self, from: From, ends: &mut Vec<usize>, message: &mut Message) {
        message.clear();
        let plain = self.plain;
        match &self.fields {
            Fields::Line => message.add_value(without_line_end(from.row()), plain),
            Fields::Csv { dialect, columns: Some(columns), .. } if columns.len() == 1 => {
                message.add_value(&from.field(*dialect, columns[0]), plain);
            }
            Fields::Csv { dialect, names, order, columns } => {
                let row = without_line_end(from.row());
                field_ends(row, *dialect, ends);
                let start = |i: usize| if i == 0 { 0 } else { ends[i - 1] + 1 };
                let field = |i: usize| field(&row[start(i)..ends[i]], *dialect).0;
                match (columns, order) {
                    (Some(columns), _) => columns.iter().for_each(|i| message.add_value(&field(*i), plain)),
                    (None, Order::Open) => {
                        let texts = (0..names.len()).map(|i| of_text(&field(i)).into_owned());
                        message.add_row(&mut names.iter().zip(texts).collect());
                    }
                    (None, Order::Fixed(sorted)) => {
                        for i in sorted {
                            let field = field(*i);
                            if !field.is_empty() {
                                message.add(&names[*i]);
                                message.add_value(&field, plain);
                            }
                        }
                    }
                }
            }
            Fields::Json { columns } => json_key(from.row().trim_ascii(), columns.as_deref(), plain, message),
        }
    }
}

/// A row in the bytes of its chunk.
#[derive(Clone, Copy)]
struct From<'a> {
    bytes: &'a [u8],
    start: usize,
    end: usize,
}

impl<'a> From<'a> {
    fn row(self) -> &'a [u8] {
        &self.bytes[self.start..self.end]
    }

    /// The value of the field `number` of a well-formed row.
    fn field(self, dialect: Dialect, number: usize) -> Cow<'a, [u8]> {
        match self.short_field(dialect, number) {
            Some(place) => Cow::Borrowed(&self.bytes[place]),
            None => nth_field(self.row(), dialect, number),
        }
    }

    /// Where it is, if the row is short and has no quote.
    #[inline]
    fn short_field(self, dialect: Dialect, number: usize) -> Option<Range<usize>> {
        let block = Block::new(self.bytes[self.start..].first_chunk::<BLOCK>()?);
        let length = self.end - self.start;
        let own = if length < BLOCK { (1 << length) - 1 } else { return None };
        let quotes = dialect.quote.map_or(0, |quote| block.equal(quote));
        if quotes & own != 0 {
            return None;
        }
        let ends = block.equal(b'\n') | block.equal(b'\r') | block.equal(dialect.delimiter);
        let (mut ends, mut start) = (ends & own | 1 << length, 0);
        for _ in 0..number {
            start = ends.trailing_zeros() as usize + 1;
            ends &= ends.wrapping_sub(1);
        }
        let end = ends.trailing_zeros() as usize;
        (start <= end && end <= length).then(|| self.start + start..self.start + end)
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
        self.each(chunk, |row, message, ends| {
            self.key(row, ends, message);
            each(message.bytes());
        })
    }

    fn identities(&self, chunk: usize) -> Result<Vec<u128>, SplitError> {
        let mut found = Vec::new();
        let pool = || self.recent.lock().expect("no thread panics while it holds the lock");
        let mut recent = pool().pop().unwrap_or_else(|| vec![Recent::default(); RECENT]);
        self.each(chunk, |row, message, ends| {
            let short = self.short(row);
            let slot = short.map(|short| &mut recent[slot(short)]);
            found.push(match slot {
                Some(Recent { text, identity }) if Some(*text) == short => *identity,
                slot => {
                    self.key(row, ends, message);
                    let identity = message::identity(message.bytes());
                    if let (Some(slot), Some(text)) = (slot, short) {
                        *slot = Recent { text, identity };
                    }
                    identity
                }
            });
        })?;
        pool().push(recent);
        Ok(found)
    }
}

/// How many keys each thread has at hand with their hashes: half a megabyte.
const RECENT: usize = 1 << 14;

/// A key of up to 15 bytes, as it is written, and its hash.
#[derive(Clone, Copy, Default)]
struct Recent {
    /// 0 if there is none.
    text: u128,
    identity: u128,
}

/// Where a key is, if it is at hand.
fn slot(text: u128) -> usize {
    let folded = (text as u64 ^ (text >> 64) as u64).wrapping_mul(STEP);
    (folded >> (64 - RECENT.ilog2())) as usize
}

impl TextKeys<'_> {
    /// Calls `each` with every row of a chunk, and memory that serves one row after another.
    fn each(
        &self,
        chunk: usize,
        mut each: impl FnMut(From, &mut Message, &mut Vec<usize>),
    ) -> Result<(), SplitError> {
        let pool = || self.rows.lock().expect("no thread panics while it holds the lock");
        let mut rows = pool().pop().unwrap_or_default();
        self.index.replay.load(self.source, chunk, &mut rows)?;
        let (bytes, spans) = rows.parts();
        let (mut message, mut ends) = (Message::default(), Vec::new());
        for (start, end) in spans {
            each(From { bytes, start: *start as usize, end: *end as usize }, &mut message, &mut ends);
        }
        pool().push(rows);
        Ok(())
    }

    /// The key of a row as one number that no other key has, if it is one short field: its bytes, and behind them a 1.
    fn short(&self, row: From) -> Option<u128> {
        let Fields::Csv { dialect, columns: Some(columns), .. } = &self.fields else { return None };
        let [column] = columns[..] else { return None };
        let field = row.short_field(*dialect, column).filter(|field| field.len() < 16)?;
        let bytes = u128::from_le_bytes(*row.bytes[field.start..].first_chunk::<16>()?);
        let mark = 1u128 << (8 * field.len());
        Some(bytes & (mark - 1) | mark)
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
    let (row, mut ends, mut start) = (without_line_end(row), Vec::new(), 0);
    field_ends(row, dialect, &mut ends);
    let mut one = |end: usize| field(&row[std::mem::replace(&mut start, end + 1)..end], dialect).0;
    ends.into_iter().map(&mut one).collect()
}

/// Where each field of a row without its line end ends.
fn field_ends(row: &[u8], dialect: Dialect, ends: &mut Vec<usize>) {
    ends.clear();
    if dialect.quote.is_none_or(|quote| memchr::memchr(quote, row).is_none()) {
        ends.extend(memchr::memchr_iter(dialect.delimiter, row));
        return ends.push(row.len());
    }
    let mut at = 0;
    loop {
        at += field(&row[at..], dialect).1;
        ends.push(at);
        if at >= row.len() {
            return;
        }
        at += 1;
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
