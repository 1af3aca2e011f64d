//! How many rows each partition gets.

use std::fmt;
use std::str::FromStr;

use pest::iterators::Pair;
use serde::{Deserialize, Serialize};

use super::error::{SizeError, senseless, unreadable};
use super::text::{Rule, read};
use crate::source::clip;

/// One hundred percent, in the unit of [`Share::Percent`].
pub(crate) const WHOLE: u32 = 100_000;

/// More equal partitions than this are a typo, whatever the limit on instances is.
pub(crate) const MOST_PARTITIONS: u64 = 1_000_000_000;

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
