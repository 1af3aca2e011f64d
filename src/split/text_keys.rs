//! The keys of the rows of text formats.

use std::borrow::Cow;
use std::sync::Mutex;

use super::error::SplitError;
use super::format::{Dialect, Kind};
use super::json_value::{Field, fields, of_json};
use super::keys::{KeyRequest, Keys, Limits, Then, in_order, position};
use super::message::{self, Message};
use super::recent::{Recent, short};
use super::text::{Found, Gather, Rows, Take, Text};
use super::text_fields::{From, field, field_ends, nth_field, split_fields, without_line_end};
use super::value::of_text;

/// The keys of the rows of a text file.
pub(super) struct TextKeys<'a> {
    found: &'a Found<'a>,
    fields: Fields,
    /// The column that makes up the key, if it is one.
    one: Option<Column>,
    plain: bool,
    /// Memory that serves one chunk after another.
    rows: Mutex<Vec<Rows>>,
    identities: Pool<u128>,
    partitions: Pool<u32>,
}

/// What is at hand for each thread.
type Pool<T> = Mutex<Vec<Recent<T>>>;

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

impl Fields {
    fn of(text: &Text, columns: Option<&[String]>) -> Result<Self, SplitError> {
        let source = text.source;
        Ok(match (text.kind, columns) {
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
                Self::Csv { dialect, order: Order::of(&names), names, columns }
            }
            (Kind::Lines, Some(_)) => {
                let message = "plain text has no columns to go by";
                return Err(SplitError::usage(message, "use `--by hash`, which hashes the whole line"));
            }
            (Kind::Lines, None) => Self::Line,
            (_, columns) => Self::Json { columns: columns.map(<[String]>::to_vec) },
        })
    }

    /// The column that counts, if it is one.
    fn one_column(&self) -> Option<Column> {
        match self {
            Self::Csv { dialect, columns: Some(columns), .. } if columns.len() == 1 => {
                Some(Column::Csv(*dialect, columns[0]))
            }
            Self::Json { columns: Some(columns) } if columns.len() == 1 => {
                Some(Column::Json(Box::new(Field::new(&columns[0]))))
            }
            _ => None,
        }
    }
}

impl<'a> TextKeys<'a> {
    /// The keys of the rows of a file. If only their identities are wanted, that is when the rows are found, too.
    pub(super) fn new(found: &'a Found<'a>, wanted: KeyRequest) -> Result<Self, SplitError> {
        let fields = Fields::of(found.text, wanted.columns)?;
        let (rows, identities, partitions) = Default::default();
        let one = fields.one_column();
        let keys = Self { found, fields, one, plain: wanted.plain, rows, identities, partitions };
        if wanted.plain || !found.can_gather() {
            found.index()?;
            keys.insist_on_members()?;
        }
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
            Some(column) if self.found.index()?.rows > 0 => {
                Err(SplitError::no_column(&self.found.text.source.name, column, &names))
            }
            _ => Ok(()),
        }
    }

    /// Puts the key of the row `from` the place into `message`.
    fn key(&self, from: From, ends: &mut Vec<usize>, message: &mut Message) {
        if let Some(column) = &self.one {
            return column.key(&column.value(from), self.plain, message);
        }
        message.clear();
        let plain = self.plain;
        match &self.fields {
            Fields::Line => message.add_value(without_line_end(from.row()), plain),
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
            Fields::Json { columns, .. } => {
                json_key(from.row().trim_ascii(), columns.as_deref(), plain, message)
            }
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

/// The value of a field of a JSON element, as it is written; nothing if it is missing, as all are if the element is no
/// object.
fn json_value<'a>(row: From<'a>, field: &Field) -> &'a [u8] {
    let row = row.row().trim_ascii();
    if row.first() == Some(&b'{') { field.value(row).unwrap_or_default() } else { b"" }
}

impl Keys for TextKeys<'_> {
    /// None before the rows are found.
    fn chunks(&self) -> usize {
        self.found.get().map_or(0, |index| index.replay.chunks())
    }

    fn visit(&self, chunk: usize, each: &mut dyn FnMut(&[u8])) -> Result<(), SplitError> {
        self.each(chunk, |row, message, ends| {
            self.key(row, ends, message);
            each(message.bytes());
        })
    }

    fn identities(&self, chunk: usize) -> Result<Vec<u128>, SplitError> {
        self.load(chunk, |bytes, spans| self.of_rows((bytes, spans), &self.identities, |identity| identity))
    }

    fn all(&self, limits: Limits, then: Then<u128>) -> Result<(), SplitError> {
        if !self.found.can_gather() {
            return in_order(self, limits, then);
        }
        let take = |bytes: &_, spans: &_| self.of_rows((bytes, spans), &self.identities, |identity| identity);
        self.gather(limits, &take, then)
    }

    fn partitions(&self, of: u64, limits: Limits, then: Then<u32>) -> Result<(), SplitError> {
        let partition = |identity| message::partition(identity, of);
        if !self.found.can_gather() {
            return in_order(self, limits, &mut |found| then(found.into_iter().map(partition).collect()));
        }
        let take = |bytes: &_, spans: &_| self.of_rows((bytes, spans), &self.partitions, partition);
        self.gather(limits, &take, then)
    }
}

impl TextKeys<'_> {
    /// What `then` makes of the rows of a chunk.
    fn load<T>(&self, chunk: usize, then: impl FnOnce(&[u8], &[(u32, u32)]) -> T) -> Result<T, SplitError> {
        let pool = || self.rows.lock().expect("no thread panics while it holds the lock");
        let mut rows = pool().pop().unwrap_or_default();
        self.found.index()?.replay.load(self.found.text.source, chunk, &mut rows)?;
        let (bytes, spans) = rows.parts();
        let made = then(bytes, spans);
        pool().push(rows);
        Ok(made)
    }

    /// Calls `each` with every row of a chunk, and memory that serves one row after another.
    fn each(
        &self,
        chunk: usize,
        mut each: impl FnMut(From, &mut Message, &mut Vec<usize>),
    ) -> Result<(), SplitError> {
        let (mut message, mut ends) = (Message::default(), Vec::new());
        self.load(chunk, |bytes, spans| {
            for span in spans {
                each(From::new(bytes, span), &mut message, &mut ends);
            }
        })
    }

    /// Finds the rows, and what `take` makes of them.
    fn gather<T: Send>(
        &self,
        (memory, threads): Limits,
        take: &Take<Vec<T>>,
        then: Then<T>,
    ) -> Result<(), SplitError> {
        let weight = size_of::<T>() as u64;
        self.found.gather(Gather { take, then, chunks: 8 * threads, weight, memory: memory / 8 })?;
        self.insist_on_members()
    }

    /// What `make` makes of the identity of the key of each of some rows.
    fn of_rows<T: Copy + Default>(
        &self,
        (bytes, spans): (&[u8], &[(u32, u32)]),
        pool: &Pool<T>,
        make: impl Fn(u128) -> T,
    ) -> Vec<T> {
        let (mut message, mut ends) = (Message::default(), Vec::new());
        let mut make = |row: From| {
            self.key(row, &mut ends, &mut message);
            make(message::identity(message.bytes()))
        };
        let Some(column) = &self.one else {
            return spans.iter().map(|span| make(From::new(bytes, span))).collect();
        };
        let pool = || pool.lock().expect("no thread panics while it holds the lock");
        let mut recent = pool().pop().unwrap_or_default();
        let mut made = Vec::with_capacity(spans.len());
        // First some keys and then what is at hand of them: so the processor waits for memory for many at a time.
        let mut texts = [0; BATCH];
        for batch in spans.chunks(BATCH) {
            column.short(bytes, batch, &mut texts);
            made.extend(batch.iter().zip(&texts).map(|(span, text)| {
                let mut make = || make(From::new(bytes, span));
                if *text == 0 { make() } else { recent.get(*text, make) }
            }));
        }
        pool().push(recent);
        made
    }
}

/// How many rows are looked up at a time.
const BATCH: usize = 64;

/// A length that is not short.
const NOT_SHORT: usize = 16;

/// A column that alone makes up the key.
enum Column {
    Csv(Dialect, usize),
    Json(Box<Field>),
}

impl Column {
    /// The value in a row: what is written there, in CSV without its quotes.
    fn value<'a>(&self, row: From<'a>) -> Cow<'a, [u8]> {
        match self {
            Self::Csv(dialect, column) => match row.near_field(*dialect, *column) {
                Some(field) => Cow::Borrowed(&row.bytes[field]),
                None => nth_field(row.row(), *dialect, *column),
            },
            Self::Json(field) => Cow::Borrowed(json_value(row, field)),
        }
    }

    /// Writes to `texts` the value of each of the rows `spans` as [`short`]; 0 if it is not short or takes time to
    /// find.
    fn short(&self, bytes: &[u8], spans: &[(u32, u32)], texts: &mut [u128]) {
        let rows = texts.iter_mut().zip(spans).map(|(text, span)| (text, From::new(bytes, span)));
        match self {
            Self::Csv(dialect, column) => rows.for_each(|(text, row)| {
                let field = row.near_field(*dialect, *column).unwrap_or(0..NOT_SHORT);
                let bytes = bytes[field.start..].first_chunk();
                *text = bytes.map_or(0, |bytes| short(*bytes, field.len()));
            }),
            Self::Json(field) => rows.for_each(|(text, row)| {
                let (value, mut bytes) = (json_value(row, field), [0; 16]);
                bytes.iter_mut().zip(value).for_each(|(to, byte)| *to = *byte);
                *text = short(bytes, value.len());
            }),
        }
    }

    /// Puts a value that was found in a row into `message`.
    fn key(&self, value: &[u8], plain: bool, message: &mut Message) {
        message.clear();
        match self {
            Self::Csv(..) => message.add_value(value, plain),
            Self::Json(_) if plain => message.add_plain(&of_json(value)),
            Self::Json(_) => message.add(&of_json(value)),
        }
    }
}
