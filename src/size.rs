//! How many partitions and which rows go where: the `size` and the `by` of a split, as they are
//! written on the command line. Knows nothing of files.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How the rows are shared out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Size {
    /// This many partitions; the first `rows mod n` have one row more.
    Equal(u64),
    /// Exactly these row counts.
    Counts(Vec<u64>),
    /// Shares of the rows.
    Shares(Vec<Share>),
}

/// One partition's part of the rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    /// So many per cent, above 0 and at most 100.
    Percent(f64),
    /// What the others leave.
    Rest,
}

/// Which partition a row goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum By {
    /// The rows stay in their order: the first partition has the first rows.
    Rows,
    /// Row `i` (from 0) goes to partition `i mod n` (from 0).
    RoundRobin,
    /// The hash of the whole row.
    HashRow,
    /// The hash of these columns.
    Hash(Vec<String>),
}

const FORMS: &str = "a size is a number of partitions (`3`), row counts (`50,20,20`) or shares \
                     (`60%,20%,rest`)";

impl Size {
    /// How many partitions there are.
    pub fn partitions(&self) -> u64 {
        match self {
            Self::Equal(count) => *count,
            Self::Counts(counts) => counts.len() as u64,
            Self::Shares(shares) => shares.len() as u64,
        }
    }

    /// `self`, if it can be meant: no partition of size 0, at most one `rest`, shares that cover all.
    fn checked(self) -> Result<Self, String> {
        match &self {
            Self::Equal(0) => return Err("there must be at least one partition".to_owned()),
            Self::Counts(counts) if counts.contains(&0) => {
                return Err("a partition of 0 rows is of no use".to_owned());
            }
            Self::Shares(shares) => check_shares(shares)?,
            _ => {}
        }
        Ok(self)
    }
}

fn check_shares(shares: &[Share]) -> Result<(), String> {
    let mut total = 0.0;
    for share in shares {
        if let Share::Percent(percent) = share {
            if !(*percent > 0.0 && *percent <= 100.0) {
                return Err(format!("`{percent}%` is not above 0 and at most 100 per cent"));
            }
            total += percent;
        }
    }
    match shares.iter().filter(|share| **share == Share::Rest).count() {
        0 if (total - 100.0).abs() > 1e-6 => {
            Err(format!("the shares sum to {total} %, not to 100 %; `rest` takes what the others leave"))
        }
        1 if total > 100.0 + 1e-6 => Err(format!("the shares sum to {total} %, which is over 100 %")),
        0 | 1 => Ok(()),
        _ => Err("only one partition can be the `rest`".to_owned()),
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let list = text.strip_suffix(',');
        let words: Vec<&str> = list.unwrap_or(text).split(',').map(str::trim).collect();
        let number = |word: &str| word.parse::<u64>().map_err(|_| format!("`{word}`: {FORMS}"));
        if words.iter().any(|word| word.ends_with('%') || *word == "rest") {
            let shares = words.iter().map(|word| word.parse()).collect::<Result<_, _>>()?;
            return Self::Shares(shares).checked();
        }
        match words.as_slice() {
            [word] if list.is_none() => Self::Equal(number(word)?).checked(),
            words => Self::Counts(words.iter().map(|w| number(w)).collect::<Result<_, _>>()?).checked(),
        }
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if word == "rest" {
            return Ok(Self::Rest);
        }
        let percent = word.strip_suffix('%').and_then(|number| number.trim().parse().ok());
        percent.map(Self::Percent).ok_or_else(|| format!("`{word}`: {FORMS}"))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equal(count) => write!(f, "{count}"),
            Self::Counts(counts) => join(f, counts),
            Self::Shares(shares) => join(f, shares),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Rest => f.write_str("rest"),
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, items: &[impl fmt::Display]) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if i == 0 { "" } else { "," })?;
    }
    // A list of one count must not read back as a number of partitions.
    if items.len() == 1 { f.write_str(",") } else { Ok(()) }
}

impl FromStr for By {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "rows" => Ok(Self::Rows),
            "round_robin" | "round-robin" => Ok(Self::RoundRobin),
            "hash" => Ok(Self::HashRow),
            _ => match text.strip_prefix("hash:") {
                Some(columns) if !columns.split(',').any(str::is_empty) => {
                    Ok(Self::Hash(columns.split(',').map(str::to_owned).collect()))
                }
                _ => Err(format!(
                    "`{text}` is none of `rows`, `round_robin`, `hash` and `hash:COLUMN[,COLUMN]`"
                )),
            },
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows => f.write_str("rows"),
            Self::RoundRobin => f.write_str("round_robin"),
            Self::HashRow => f.write_str("hash"),
            Self::Hash(columns) => write!(f, "hash:{}", columns.join(",")),
        }
    }
}

macro_rules! as_text {
    ($($type:ident)*) => {$(
        impl TryFrom<String> for $type {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }
        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    )*};
}

as_text!(Size By);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_print_and_parse_back() {
        assert_eq!("50,".parse(), Ok(Size::Counts(vec![50])));
        for text in ["3", "50", "50,20,20", "60%,20%,rest", "33.3%,66.7%", "rest"] {
            let size: Size = text.parse().unwrap();
            assert_eq!(size.to_string().trim_end_matches(','), text);
            assert_eq!(size.to_string().parse(), Ok(size));
        }
        for text in ["rows", "round_robin", "hash", "hash:a,b c"] {
            assert_eq!(text.parse::<By>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn sizes_that_cannot_be_meant_are_refused() {
        for bad in [
            "",
            "0",
            "-1",
            "x",
            "5,0",
            "1,,2",
            "50%",
            "60%,50%",
            "rest,rest",
            "0%,rest",
            "NaN%,rest",
            "120%,rest",
        ] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
        for bad in ["", "hash:", "hash:a,,b", "random"] {
            assert!(bad.parse::<By>().is_err(), "{bad}");
        }
    }
}
