//! How a split divides rows: [`Size`] (how many rows each partition gets) and [`By`] (which ones), as values and as one
//! text (`60%,20%,rest`), for the project file and the command line alike. Knows nothing of YAML, processes or data.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use pest::Parser as _;
use pest::error::InputLocation;
use pest::iterators::Pair;
use serde::{Deserialize, Serialize};

use crate::source::clip;

/// One hundred percent, in the unit of [`Share::Percent`].
pub(crate) const WHOLE: u32 = 100_000;

/// More equal partitions than this are a typo, whatever the limit on instances is.
const MOST_PARTITIONS: u64 = 1_000_000_000;

/// Longest text that is parsed: nobody writes a size with a million entries.
const LONGEST_TEXT: usize = 100_000;

/// How many rows go into each partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// This many partitions, as equal as can be.
    Equal(u64),
    /// Exactly these row counts, which must sum to the number of rows.
    Counts(Vec<u64>),
    /// Shares of the rows, in this order.
    Shares(Vec<Share>),
}

/// One entry of [`Size::Shares`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// Thousandths of a percent, so that sums are exact: `60%` is 60,000.
    Percent(u32),
    /// What the other shares leave over.
    Rest,
}

/// Which rows go into which partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Contiguous rows, in order.
    #[default]
    Rows,
    /// Row i goes to partition i modulo their number.
    RoundRobin,
    /// The hash of the whole row decides.
    HashRow,
    /// The hash of these columns decides.
    Hash(Vec<String>),
    /// Rows with the same values in these columns stay together; the partitions are balanced by rows.
    Group(Vec<String>),
    /// Every partition gets its share of the rows with the same values in these columns.
    Stratify(Vec<String>),
    /// A seeded permutation decides.
    Shuffle {
        /// The seed.
        seed: u64,
        /// Rows with the same values in these columns stay together; if empty, each row is on its own.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        group: Vec<String>,
    },
    /// Ranges of the values of this column.
    Range(String),
    /// A partition for each value of this column. How many there are the data says, so no text and no project file
    /// has it: the command line does.
    Value(String),
}

/// One entry of a list of sizes, before it is known whether the list makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A row count; may be negative, which is reported as an error.
    Count(i128),
    /// Thousandths of a percent; may be negative too.
    Percent(i64),
    /// `rest`.
    Rest,
}

/// Why a text or a list is not a [`Size`] or [`By`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeError {
    /// What is wrong, as one sentence without a full stop.
    pub message: String,
    /// What is at the place of the error, in a few words.
    pub label: String,
    /// What to write instead.
    pub help: String,
    /// The entry of the list (from 0) at fault, if it is one.
    pub entry: Option<usize>,
    /// The bytes of the text at fault, if it was read from a text.
    pub range: Option<Range<usize>>,
    /// Whether it could not be parsed; otherwise it could, but makes no sense.
    pub is_unreadable: bool,
}

impl fmt::Display for SizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.help)
    }
}

impl std::error::Error for SizeError {}

/// In a module of its own: the derived `Rule` is public and must not be part of our interface.
mod grammar {
    #![allow(missing_docs)]

    #[derive(pest_derive::Parser)]
    #[grammar = "grammar/size.pest"]
    pub(super) struct Grammar;
}

use grammar::{Grammar, Rule};

const FORMS: &str = "write `3` (equal partitions), `50,20,20` (row counts) or `60%,20%,rest` (shares)";

impl Size {
    /// The number of partitions.
    pub fn partitions(&self) -> u64 {
        match self {
            Size::Equal(count) => *count,
            Size::Counts(counts) => counts.len() as u64,
            Size::Shares(shares) => shares.len() as u64,
        }
    }

    /// `count` equal partitions; an error unless it is at least 1.
    pub fn equal(count: i128) -> Result<Self, SizeError> {
        let error = |message: String, label: &str| Err(senseless(None, message, label, "write at least `1`"));
        match u64::try_from(count) {
            Ok(0) => error("a size of `0` leaves no partition".to_owned(), "no partition"),
            Ok(count) if count <= MOST_PARTITIONS => Ok(Size::Equal(count)),
            Err(_) if count < 0 => error(format!("a size of `{count}` is negative"), "negative"),
            _ => {
                let message = format!("a size of `{count}` is absurdly large");
                Err(senseless(None, message, "too many partitions", "write at most `1000000000`"))
            }
        }
    }

    /// The size that the list `entries` means; the errors cover every entry that makes no sense.
    pub fn from_entries(entries: &[Entry]) -> Result<Self, Vec<SizeError>> {
        if entries.is_empty() {
            let message = "a list of sizes is empty".to_owned();
            return Err(vec![senseless(None, message, "no partition", FORMS)]);
        }
        let first_is_count = matches!(entries[0], Entry::Count(_));
        if let Some(i) = entries.iter().position(|entry| matches!(entry, Entry::Count(_)) != first_is_count) {
            let message = "row counts and shares are mixed in one size".to_owned();
            let label =
                if first_is_count { "a share, after row counts" } else { "a row count, after shares" };
            let help = "write row counts only (`50,20,20`) or shares only (`60%,20%,rest`)";
            return Err(vec![senseless(Some(i), message, label, help)]);
        }
        if first_is_count { counts(entries) } else { shares(entries) }
    }
}

fn counts(entries: &[Entry]) -> Result<Size, Vec<SizeError>> {
    let (mut counts, mut errors) = (Vec::with_capacity(entries.len()), Vec::new());
    for (i, entry) in entries.iter().enumerate() {
        let Entry::Count(count) = *entry else { continue };
        let mut error = |what: &str| {
            let message = format!("a row count of `{count}` {what}");
            errors.push(senseless(Some(i), message, "not a row count", "write a whole number of at least 1"));
        };
        match u64::try_from(count) {
            Ok(0) => error("makes an empty partition"),
            Ok(count) if i64::try_from(count).is_ok() => counts.push(count),
            _ if count < 0 => error("is negative"),
            _ => error("is absurdly large"),
        }
    }
    if errors.is_empty() { Ok(Size::Counts(counts)) } else { Err(errors) }
}

fn shares(entries: &[Entry]) -> Result<Size, Vec<SizeError>> {
    let (mut shares, mut errors, mut total, mut has_rest) = (Vec::new(), Vec::new(), 0_u64, false);
    for (i, entry) in entries.iter().enumerate() {
        match *entry {
            Entry::Percent(percent) => match u32::try_from(percent) {
                Ok(share) if share > 0 => {
                    total += u64::from(share);
                    shares.push(Share::Percent(share));
                }
                _ => {
                    let message = format!("a share of `{}%` makes no partition", decimal(percent));
                    errors.push(senseless(Some(i), message, "not a share", "write more than `0%`"));
                }
            },
            Entry::Rest if has_rest => {
                let message = "`rest` stands twice in one size".to_owned();
                errors.push(senseless(Some(i), message, "the second `rest`", "give one of them as a share"));
            }
            _ => {
                has_rest = true;
                shares.push(Share::Rest);
            }
        }
    }
    let sum = decimal(i64::try_from(total).unwrap_or(i64::MAX));
    if total > u64::from(WHOLE) {
        let message = format!("the shares of a size sum to {sum}%");
        errors.push(senseless(
            None,
            message,
            "more than 100%",
            "make them sum to `100%`, or less with a `rest`",
        ));
    } else if total < u64::from(WHOLE) && !has_rest && errors.is_empty() {
        let message = format!("the shares of a size sum to {sum}%");
        errors.push(senseless(None, message, "less than 100%", "add `rest` for the rows that are left"));
    }
    if errors.is_empty() { Ok(Size::Shares(shares)) } else { Err(errors) }
}

impl FromStr for Size {
    type Err = SizeError;

    /// Parses a size; of several errors, returns the first.
    fn from_str(text: &str) -> Result<Self, SizeError> {
        let pair = read(Rule::size, text, "a size", FORMS)?;
        let (mut entries, mut ranges, mut is_list) = (Vec::new(), Vec::new(), false);
        for pair in pair.into_inner() {
            let (rule, range) = (pair.as_rule(), pair.as_span().start()..pair.as_span().end());
            is_list |= matches!(rule, Rule::comma | Rule::close);
            if rule == Rule::entry {
                entries.push(entry(&pair).map_err(|message| SizeError {
                    range: Some(range.clone()),
                    ..unreadable(message, FORMS)
                })?);
                ranges.push(range);
            }
        }
        match entries.as_slice() {
            [Entry::Count(count)] if !is_list => Size::equal(*count),
            list => Size::from_entries(list).map_err(|mut errors| errors.swap_remove(0)),
        }
        .map_err(|error| SizeError { range: error.entry.and_then(|i| ranges.get(i).cloned()), ..error })
    }
}

impl FromStr for Entry {
    type Err = SizeError;

    /// One entry of a list: `50`, `60%` or `rest`.
    fn from_str(text: &str) -> Result<Self, SizeError> {
        const HELP: &str = "write a row count (`50`), a share (`60%`) or `rest`";
        let pair = read(Rule::entry, text.trim(), "an entry of a size", HELP)?;
        if pair.as_str().len() < text.trim().len() {
            return Err(unreadable(format!("`{}` is not an entry of a size", clip(text.trim())), HELP));
        }
        entry(&pair).map_err(|message| unreadable(message, HELP))
    }
}

/// The entry that `pair` (of the rule `entry`) means, or why it means none.
fn entry(pair: &Pair<'_, Rule>) -> Result<Entry, String> {
    let text = pair.as_str();
    if text.eq_ignore_ascii_case("rest") {
        return Ok(Entry::Rest);
    }
    let Some(number) = text.strip_suffix('%') else {
        let saturated = if text.starts_with('-') { i128::MIN } else { i128::MAX };
        return Ok(Entry::Count(text.parse().unwrap_or(saturated)));
    };
    let (whole, fraction) = number.trim_end().split_once('.').unwrap_or((number.trim_end(), ""));
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 3 {
        return Err(format!("the share `{}` has more than three decimals", clip(text)));
    }
    let parts: i64 = format!("{fraction:0<3}").parse().unwrap_or(0);
    let percent: i64 = whole.trim_start_matches('-').parse().unwrap_or(i64::MAX);
    let share = percent.saturating_mul(1_000).saturating_add(parts);
    Ok(Entry::Percent(if whole.starts_with('-') { -share } else { share.min(i64::from(u32::MAX)) }))
}

impl FromStr for By {
    type Err = SizeError;

    /// A strategy and, after a colon, what it needs: columns (in double quotes if they contain a comma) or a seed.
    fn from_str(text: &str) -> Result<Self, SizeError> {
        const HELP: &str = "write `rows`, `round_robin`, `hash`, `hash:COLUMN`, `group:COLUMN`, `stratify:COLUMN`, \
                            `shuffle:SEED`, `shuffle:SEED,group:COLUMN` or `range:COLUMN`";
        let pair = read(Rule::by, text, "a strategy of splitting", HELP)?;
        let Some(strategy) = pair.into_inner().next() else { return Ok(By::Rows) };
        let names = |pair: Pair<'_, Rule>| pair.into_inner().map(|column| column_name(&column)).collect();
        Ok(match strategy.as_rule() {
            Rule::round_robin => By::RoundRobin,
            Rule::hash => {
                let columns: Vec<String> = names(strategy);
                if columns.is_empty() { By::HashRow } else { By::Hash(columns) }
            }
            Rule::group => By::Group(names(strategy)),
            Rule::stratify => By::Stratify(names(strategy)),
            Rule::shuffle => {
                let mut parts = strategy.into_inner();
                let seed = parts.next().and_then(|seed| seed.as_str().parse().ok());
                let seed = seed.ok_or_else(|| {
                    let message = format!("the seed of `{}` is too large", clip(text));
                    unreadable(message, "write a whole number below 2^64")
                })?;
                By::Shuffle { seed, group: parts.next().map(names).unwrap_or_default() }
            }
            Rule::range => By::Range(names(strategy).swap_remove(0)),
            _ => By::Rows,
        })
    }
}

impl By {
    /// Whether the strategy works with sizes of this kind: they must not fix what the strategy decides.
    pub fn goes_with(&self, size: &Size) -> bool {
        match (self, size) {
            (_, Size::Equal(_)) | (By::Rows, _) => true,
            (By::Shuffle { group, .. }, Size::Counts(_)) => group.is_empty(),
            (By::RoundRobin | By::HashRow | By::Hash(_) | By::Value(_), _) | (_, Size::Counts(_)) => false,
            (By::Group(_) | By::Stratify(_) | By::Shuffle { .. } | By::Range(_), Size::Shares(_)) => true,
        }
    }
}

fn column_name(column: &Pair<'_, Rule>) -> String {
    let text = column.as_str();
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    quoted.map_or_else(|| text.to_owned(), |text| text.replace("\"\"", "\""))
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Size::Equal(count) => write!(f, "{count}"),
            // The comma distinguishes a list of one from a number of partitions.
            Size::Counts(counts) if counts.len() == 1 => write!(f, "{},", counts[0]),
            Size::Counts(counts) => joined(f, counts),
            Size::Shares(shares) => joined(f, shares),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Share::Percent(percent) => write!(f, "{}%", decimal(i64::from(*percent))),
            Share::Rest => f.write_str("rest"),
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = |column: &String| match column.contains([',', '"']) || column.is_empty() {
            true => format!("\"{}\"", column.replace('"', "\"\"")),
            false => column.clone(),
        };
        let list = |columns: &[String]| columns.iter().map(quote).collect::<Vec<_>>().join(",");
        match self {
            By::Rows => f.write_str("rows"),
            By::RoundRobin => f.write_str("round_robin"),
            By::HashRow => f.write_str("hash"),
            By::Hash(columns) => write!(f, "hash:{}", list(columns)),
            By::Group(columns) => write!(f, "group:{}", list(columns)),
            By::Stratify(columns) => write!(f, "stratify:{}", list(columns)),
            By::Shuffle { seed, group } if group.is_empty() => write!(f, "shuffle:{seed}"),
            By::Shuffle { seed, group } => write!(f, "shuffle:{seed},group:{}", list(group)),
            By::Range(column) => write!(f, "range:{}", quote(column)),
            By::Value(column) => write!(f, "value:{}", quote(column)),
        }
    }
}

fn joined<T: fmt::Display>(f: &mut fmt::Formatter<'_>, entries: &[T]) -> fmt::Result {
    for (i, entry) in entries.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        write!(f, "{comma}{entry}")?;
    }
    Ok(())
}

/// Thousandths as a decimal number without trailing zeros: 33,300 is `33.3`.
fn decimal(thousandths: i64) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    let (whole, part) = (thousandths.unsigned_abs() / 1_000, thousandths.unsigned_abs() % 1_000);
    if part == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{part:03}").trim_end_matches('0').to_owned()
    }
}

/// Parses `text` by `rule`; the error says that it is not `what` and from where on it is not.
fn read<'t>(rule: Rule, text: &'t str, what: &str, help: &str) -> Result<Pair<'t, Rule>, SizeError> {
    let message = format!("`{}` is not {what}", clip(text));
    if text.len() > LONGEST_TEXT {
        return Err(unreadable(message, help));
    }
    let parsed = Grammar::parse(rule, text).map_err(|error| {
        let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
        // Blame the whole unreadable entry, not the character where that becomes certain.
        let start = text[..at].rfind([',', '[']).map_or(0, |i| i + 1);
        let end = text[at..].find([',', ']']).map_or(text.len(), |i| at + i);
        let start = start + (text[start..end].len() - text[start..end].trim_start().len());
        SizeError { range: Some(start..end), ..unreadable(message.clone(), help) }
    })?;
    parsed.into_iter().next().ok_or_else(|| unreadable(message.clone(), help))
}

fn unreadable(message: String, help: &str) -> SizeError {
    let (label, help) = ("cannot be read".to_owned(), help.to_owned());
    SizeError { message, label, help, entry: None, range: None, is_unreadable: true }
}

fn senseless(entry: Option<usize>, message: String, label: &str, help: &str) -> SizeError {
    SizeError { label: label.to_owned(), entry, is_unreadable: false, ..unreadable(message, help) }
}

#[cfg(test)]
#[path = "size_tests.rs"]
mod tests;
