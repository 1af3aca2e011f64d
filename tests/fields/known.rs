//! The table of mutations is complete: it has every field that the parser knows.

use super::project::MUTATIONS;
use super::{Outcome, PROJECT};

/// The sources of the parser that name fields.
const SOURCES: [&str; 4] = [
    include_str!("../../src/syntax/document.rs"),
    include_str!("../../src/syntax/environment.rs"),
    include_str!("../../src/syntax/parallelism.rs"),
    include_str!("../../src/syntax/process.rs"),
];

/// The parser's lists of fields, and where those stand.
const LISTS: [(usize, &str, &str); 8] = [
    (0, "SECTIONS", ""),
    (0, "PIPELINE_FIELDS", "pipeline."),
    (0, "EXPERIMENT_FIELDS", "experiment."),
    (1, "FIELDS", "environment."),
    (1, "MANAGERS", "environment."),
    (2, "DATA_FIELDS", "data_parallelism."),
    (3, "FIELDS", "process."),
    (3, "RESOURCE_FIELDS", "resources."),
];

/// Words of the parser that are values.
const VALUES: [&str; 2] = ["local", "filesystem"];

/// The words in quotes that could name a field.
fn words(text: &str) -> Vec<&str> {
    let is_word = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    text.lines().flat_map(|line| line.split('"').skip(1).step_by(2)).filter(is_word).collect()
}

#[test]
fn every_field_of_the_parser_is_mutated() {
    let mut missing = Vec::new();
    for (source, list, place) in LISTS {
        let start = format!("const {list}: &[&str] =");
        let text = SOURCES[source].split_once(&start).unwrap_or_else(|| panic!("there is no {list}")).1;
        let names = words(text.split_once("];").unwrap().0);
        assert!(names.len() > 1, "{list}");
        let fields = names.into_iter().map(|name| format!("{place}{name}"));
        missing.extend(fields.filter(|field| MUTATIONS.iter().all(|mutation| mutation.0 != field)));
    }
    // And those that stand in no list.
    let is_mutated =
        |word: &str| MUTATIONS.iter().any(|mutation| mutation.0.split('.').any(|part| part == word));
    let others =
        SOURCES.into_iter().flat_map(words).filter(|word| !VALUES.contains(word) && !is_mutated(word));
    missing.extend(others.map(str::to_owned));
    assert!(missing.is_empty(), "not mutated: {}", missing.join(", "));
}

#[test]
fn the_project_file_has_every_field() {
    for (field, old, new, outcome) in MUTATIONS {
        let name = field.rsplit('.').next().unwrap();
        let key = format!("{name}:");
        let text = if matches!(outcome, Outcome::Refused(_)) { new } else { old };
        assert!(text.contains(&key), "the mutation of `{field}` does not concern it");
        assert_eq!(PROJECT.matches(old).count(), 1, "{field}: {old:?}");
    }
}
