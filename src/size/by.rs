//! Which rows go into which partition.

use std::fmt;
use std::str::FromStr;

use pest::iterators::Pair;
use serde::{Deserialize, Serialize};

use super::error::{SizeError, unreadable};
use super::parts::Size;
use super::text::{Rule, read};
use crate::source::clip;

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
