//! The names of files that hold one value of a column each.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::str::FromStr;

use super::error::SplitError;
use super::format::Compression;
use crate::digest::Digest;

/// What is missing has this name; a text that is this one is refused beside it.
const MISSING: &str = "(missing)";

/// Where the value stands in a pattern.
const VALUE: &str = "{value}";

/// What the name of a value is cut to, in bytes, so that what stands around it fits as well.
const LONGEST: usize = 120;

/// How a stamp's name ends, and that of one which is out of force: what no other name may be.
const ENDINGS: [&str; 3] = ["", ".stamp", ".stamp.retired"];

/// The names of files by the values that they hold: `{value}.csv`, or `country={value}/data.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text.replace(VALUE, "");
        if rest.len() == text.len() || rest.contains(['{', '}']) {
            return Err(format!("a pattern has `{VALUE}`, and no other braces: `{VALUE}.csv`"));
        }
        let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains('\0');
        if text.contains('\\') || !text.split('/').all(is_plain) {
            return Err("the folders and the file of a pattern lie in the one that --out names, and begin with no dot"
                .to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Pattern {
    /// How many folders deep the files lie, counting from 1.
    pub fn depth(&self) -> usize {
        self.0.split('/').count()
    }

    /// How the files are packed, as far as their names say.
    pub fn packing(&self) -> Option<Compression> {
        self.0.rsplit_once('.')?.1.parse().ok()
    }

    /// The name of the file of each value, of which no two are equal; an error if names would be.
    pub fn names(&self, values: &[Vec<u8>]) -> Result<Vec<String>, SplitError> {
        let mut taken: HashMap<String, &[u8]> = HashMap::new();
        let mut names = Vec::with_capacity(values.len());
        for value in values {
            let name = self.0.replace(VALUE, &file_name(value));
            for ending in ENDINGS {
                if let Some(other) = taken.insert(folded(format!("{name}{ending}")), value) {
                    let (one, other) = (String::from_utf8_lossy(other), String::from_utf8_lossy(value));
                    let message =
                        format!("the files of the values `{one}` and `{other}` would both be `{name}`");
                    return Err(SplitError::usage(
                        message,
                        "rename one of the values, or give another `--name`",
                    ));
                }
            }
            names.push(name);
        }
        Ok(names)
    }
}

/// What the file system takes for the same name, as far as that is known.
fn folded(name: String) -> String {
    if cfg!(any(windows, target_os = "macos")) { name.to_lowercase() } else { name }
}

/// A name for the text of a value that every file system takes. Other characters than letters, digits and a few marks
/// are written as `%` and the hexadecimal digits of their bytes, so that no two texts have one name.
fn file_name(value: &[u8]) -> String {
    if value.is_empty() {
        return MISSING.to_owned();
    }
    let text = decimal(value);
    let mut name = String::new();
    for chunk in text.as_deref().map_or(value, str::as_bytes).utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_alphanumeric() || "-_.+=@ ,()~".contains(c) {
                name.push(c);
            } else {
                encode(&mut name, c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        encode(&mut name, chunk.invalid());
    }
    let first_is_odd = name.starts_with(['.', ' ', '~']) || is_device(&name);
    if first_is_odd {
        let mut escaped = String::new();
        encode(&mut escaped, &name.as_bytes()[..1]);
        name.replace_range(..1, &escaped);
    }
    if name.ends_with(['.', ' ']) {
        let last = name.pop().map_or(0, |c| c as u8);
        encode(&mut name, &[last]);
    }
    if name.len() > LONGEST {
        let end = name.floor_char_boundary(LONGEST);
        let end = name[..end].rfind('%').filter(|at| at + 3 > end).unwrap_or(end);
        name.truncate(end);
        let _ = write!(name, "~{}", &Digest::of(value).to_string()[..16]);
    }
    name
}

fn encode(name: &mut String, bytes: &[u8]) {
    bytes.iter().for_each(|byte| {
        let _ = write!(name, "%{byte:02X}");
    });
}

/// A number that is no whole one, as people write it: its text (see [`value`](super::value)) is `1.5e0`.
fn decimal(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.contains('e'))?;
    let digits = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'-'));
    let number = text.parse::<f64>().ok().filter(|number| digits && number.is_finite())?;
    Some(format!("{number}")).filter(|decimal| decimal.len() <= 20)
}

/// Whether Windows has a device of this name.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = |prefix| {
        stem.strip_prefix(prefix).is_some_and(|n: &str| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_safe() {
        for (value, name) in [
            (&b"DE"[..], "DE"),
            (b"", "(missing)"),
            (b"../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
            (b"a/b\\c:d", "a%2Fb%5Cc%3Ad"),
            (b"100%", "100%25"),
            (b"1.5e0", "1.5"),
            (b"-2.5e-3", "-0.0025"),
            (b"1e300", "1e300"),
            (b"12e", "12e"),
            (b"con", "%63on"),
            (b"COM1.x", "%43OM1.x"),
            (b"\xFF\n", "%FF%0A"),
            ("Åland \u{202E}".as_bytes(), "Åland %E2%80%AE"),
            (b"end. ", "end.%20"),
        ] {
            assert_eq!(file_name(value), name);
        }
        let long = file_name(&[b'/'; 300]);
        assert!(long.len() < 150 && long.contains('~'), "{long}");
    }

    #[test]
    fn patterns_stay_in_their_folder() {
        for text in ["{value}.csv", "k={value}/d.csv", "{value}/{value}.csv"] {
            assert!(text.parse::<Pattern>().is_ok(), "{text}");
        }
        for text in [
            "a.csv",
            "{value}{n}",
            "{value}/../x",
            "/{value}",
            "{value}/",
            "a//{value}",
            ".{value}",
            "a\\{value}",
        ] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
        let names = |pattern: &str, values: &[&[u8]]| {
            let values: Vec<_> = values.iter().map(|value| value.to_vec()).collect();
            pattern.parse::<Pattern>().unwrap().names(&values)
        };
        assert!(names("{value}.csv", &[b"a", b"b"]).is_ok());
        assert!(names("{value}.csv", &[b"", b"(missing)"]).is_err());
        assert!(names("{value}", &[b"a", b"a.stamp"]).is_err());
    }

    proptest! {
        #[test]
        fn two_values_have_two_names(one in any::<Vec<u8>>(), other in any::<Vec<u8>>()) {
            prop_assume!(one != other && !one.is_empty() && !other.is_empty() && one != b"(missing)" && other != b"(missing)");
            let (a, b) = (file_name(&one), file_name(&other));
            prop_assert!(!a.contains(['/', '\\', '\0']) && !a.starts_with('.') && !a.is_empty());
            prop_assert_ne!(a, b);
        }
    }
}
