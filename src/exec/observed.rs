//! The action key: everything that an instance can observe, by name, and nothing else. One list serves
//! the hash and the explanation of a re-run, so that they cannot drift.

use camino::Utf8Path;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::digest::{Digest, Hasher};

/// What an instance observes: name and value, in a fixed order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Json>", into = "Map<String, Json>")]
pub struct Observed(pub Vec<(String, String)>);

impl From<Observed> for Map<String, Json> {
    fn from(observed: Observed) -> Self {
        observed.0.into_iter().map(|(name, value)| (name, Json::String(value))).collect()
    }
}

impl TryFrom<Map<String, Json>> for Observed {
    type Error = &'static str;

    fn try_from(map: Map<String, Json>) -> Result<Self, Self::Error> {
        let text = |(name, value)| match value {
            Json::String(value) => Ok((name, value)),
            _ => Err("what was observed is text"),
        };
        Ok(Self(map.into_iter().map(text).collect::<Result<_, _>>()?))
    }
}

impl Observed {
    /// Adds a thing that is observed.
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// What is observed under `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The files and folders among it, with their digests.
    pub(super) fn files(&self) -> impl Iterator<Item = (&Utf8Path, Digest)> {
        self.0.iter().filter_map(|(name, value)| {
            let path = name.strip_prefix("file ").or_else(|| name.strip_prefix("data "))?;
            Some((Utf8Path::new(path), value.parse().ok()?))
        })
    }

    /// The action key.
    pub fn key(&self) -> Digest {
        let mut hasher = Hasher::new();
        for text in self.0.iter().flat_map(|(name, value)| [name, value]) {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
        hasher.finish()
    }

    /// What differs from `old`, in the order in which it is observed.
    pub fn changes(&self, old: &Self) -> Vec<Change> {
        let find = |list: &Self, name: &str| list.get(name).map(str::to_owned);
        let now = self.0.iter().map(|(name, is)| Change {
            name: name.clone(),
            was: find(old, name),
            is: Some(is.clone()),
        });
        let gone = old.0.iter().filter(|(name, _)| find(self, name).is_none());
        let gone = gone.map(|(name, was)| Change { name: name.clone(), was: Some(was.clone()), is: None });
        now.filter(|change| change.was != change.is).chain(gone).collect()
    }
}

/// One observed thing that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What it is called.
    pub name: String,
    /// What it was; `None` if it is new.
    pub was: Option<String>,
    /// What it is; `None` if it is gone.
    pub is: Option<String>,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.was, &self.is) {
            (None, Some(is)) => write!(f, "{} is new: {}", self.name, clip(is, 0)),
            (Some(was), Some(is)) => {
                let (was, is) = without_name(was, is);
                let from = clear(was, is);
                write!(f, "{} was {}, is {}", self.name, clip(was, from), clip(is, from))
            }
            _ => write!(f, "{} is gone", self.name),
        }
    }
}

/// The longest value that is shown whole, in characters.
const SHOWN: usize = 60;

/// Two values without the file name that both have.
fn without_name<'t>(was: &'t str, is: &'t str) -> (&'t str, &'t str) {
    match (was.split_once(' '), is.split_once(' ')) {
        (Some((a, old)), Some((b, new))) if old == new && a.parse::<Digest>().is_ok() => (a, b),
        _ => (was, is),
    }
}

/// From which character on two values are shown: if they are long, a little before they differ.
fn clear(was: &str, is: &str) -> usize {
    let same = was.chars().zip(is.chars()).take_while(|(a, b)| a == b).count();
    if same + SHOWN / 3 < SHOWN { 0 } else { same - SHOWN / 3 }
}

/// A value for a message, from a character on: digests are cut to 12 digits.
fn clip(value: &str, from: usize) -> String {
    let (first, rest) = value.split_at(value.find(' ').unwrap_or(value.len()));
    match first.parse::<Digest>() {
        Ok(digest) => digest.short() + rest,
        Err(_) if value.chars().count() > SHOWN => {
            let rest = value.chars().skip(from);
            let cut = if rest.clone().count() > SHOWN { "…" } else { "" };
            let dots = if from > 0 { "…" } else { "" };
            format!("{dots}{}{cut}", rest.take(SHOWN).collect::<String>())
        }
        Err(_) => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_value_counts_and_none_can_pass_for_another() {
        let of = |list: &[(&str, &str)]| {
            Observed(list.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
        };
        let keys = [&[("a", "b")][..], &[("ab", "")], &[("a", "b"), ("", "")], &[("b", "a")]]
            .map(|list| of(list).key());
        assert!((0..4).all(|i| (0..i).all(|j| keys[i] != keys[j])));
        let changes = of(&[("rate", "2"), ("x", "1")]).changes(&of(&[("rate", "1"), ("y", "1")]));
        let changes: Vec<_> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(changes, ["rate was 1, is 2", "x is new: 1", "y is gone"]);
    }
}
