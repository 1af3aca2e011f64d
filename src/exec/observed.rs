//! The action key: everything that an instance can observe, by name, and nothing else. One list serves
//! the hash and the explanation of a re-run, so that they cannot drift.
//!
//! | observed | counts | why |
//! | --- | --- | --- |
//! | digests of the keys that it takes, with the code of the project's classes and functions in them | yes | its inputs; keys that it does not take are not loaded |
//! | the names of inputs that are paths, and whether these can be executed | yes | `path.suffix` decides how many readers read |
//! | parameters that it takes | yes | |
//! | its seed, and its own path in the layers | yes | the random number generators are seeded with both |
//! | its function and what that reaches, or its command | yes | |
//! | its environment: versions of Python and of packages | yes | |
//! | declared `files` | yes, by content, and whether they can be executed; of folders what is in them | |
//! | `data.path`, outside every data layer, of a source or where code may open files | yes, by content | it may open the file by itself |
//! | the project's name and the name of its data file, where `context` or a chart shows them | yes | |
//! | how a split cuts (`size`, `by`, `data_name`) | yes | it decides what the partitions are |
//! | metrics that a chart probes | yes | |
//! | `resources.cpus` | no | results repeat whatever the number of threads that libraries may start |
//! | time stamps, absolute paths, host, `-j`, descriptions, the order of YAML keys | no | they cannot be observed, or must not matter |
//! | the process's name | only in its path | a seed of its own for each process |

use camino::Utf8Path;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::failure::Failure;
use super::inputs::Given;
use super::tree;
use super::value::{Node, Value};
use crate::command;
use crate::digest::{Digest, Hasher};
use crate::plan_file::{PlanFile, Work};

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

/// What an instance observes, apart from its code, its environment and a chart's metrics.
pub(super) fn observe(
    plan: &PlanFile,
    instance: &str,
    given: &[Given],
    random_seed: Option<u64>,
) -> Result<Observed, Failure> {
    let mut observed = Observed::default();
    observed.add("format", plan.version.to_string());
    observed.add("instance", instance);
    if matches!(plan.work, Work::Python { .. }) || uses_seed(&plan.work) {
        observed.add("random_seed", random_seed.map_or_else(|| "none".to_owned(), |seed| seed.to_string()));
    }
    if shows_project(&plan.work) || plan.probes.is_some() {
        observed.add("project", plan.project.clone());
        observed.add("data_path", plan.data.as_ref().map_or("none", |path| path.as_str()));
    }
    for (name, value) in &plan.parameters {
        observed.add(format!("parameter {name}"), value.to_string());
    }
    if let Some(opens) = &plan.opens {
        observed.add("split", serde_json::to_string(opens).unwrap_or_default());
    }
    for (name, value) in named(given) {
        observed.add(name, value.observed());
    }
    for path in &plan.files {
        observed.add(format!("file {path}"), tree::digest(path)?.to_string());
    }
    if let Some(path) = plan.data.as_ref().filter(|_| plan.observes_data) {
        observed.add(format!("data {path}"), tree::digest(path)?.to_string());
    }
    Ok(observed)
}

/// Whether the function is given a `context`, which names the project and its data file.
fn shows_project(work: &Work) -> bool {
    let Work::Python { takes, .. } = work else { return false };
    takes.as_ref().is_none_or(|names| {
        names.iter().any(|name| ["context", "data_paths", "project_id"].contains(&name.as_str()))
    })
}

fn uses_seed(work: &Work) -> bool {
    matches!(work, Work::Shell { command, .. } if command::uses_seed(command))
}

/// The values that an instance is given, under the names by which they are observed.
pub(super) fn named(given: &[Given]) -> Vec<(String, &Value)> {
    fn walk<'g>(name: String, node: &'g Node, all: &mut Vec<(String, &'g Value)>) {
        match node {
            Node::One(value) => all.push((name, value)),
            Node::Gathered(list) => {
                list.iter().for_each(|(label, node)| walk(format!("{name} {label}"), node, all))
            }
        }
    }
    let mut all = Vec::new();
    given.iter().for_each(|given| walk(format!("input {}", given.name), &given.node, &mut all));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_format_is_another_key_and_other_resources_are_not() {
        let text =
            r#"{"version": 1, "project": "", "process": "a", "partitions": 0, "work": "merge", "cpus": 1}"#;
        let plan: PlanFile = serde_json::from_str(text).unwrap();
        let key = |plan: &PlanFile| observe(plan, "a", &[], None).unwrap().key();
        assert_ne!(key(&plan), key(&PlanFile { version: 2, ..plan.clone() }));
        assert_eq!(key(&plan), key(&PlanFile { cpus: 2, ..plan.clone() }));
    }

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
