//! The table of mutations and the reference in the documentation are complete: they have every field that the parser
//! knows.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::project::MUTATIONS;
use super::{Outcome, PROJECT};
use crate::space::{Space, repository};

/// The fields of the schema `all` below `schema`, each with the mapping that it belongs to: `process.code`.
fn fields(all: &Value, schema: &Value, place: &str, found: &mut BTreeSet<String>) {
    if let Some(definition) = schema["$ref"].as_str() {
        fields(all, all.pointer(definition.trim_start_matches('#')).unwrap(), place, found);
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(if place.is_empty() { name.clone() } else { format!("{place}.{name}") });
        let below = match (place, name.as_str()) {
            ("", "processes") => "process",
            (_, "pipeline" | "processes" | "by") => continue,
            ("data", _) => "data.inputs",
            (_, "uv") => "venv",
            (_, name) => name,
        };
        fields(all, inner, below, found);
    }
    let inner = ["items", "additionalProperties", "else"].map(|key| &schema[key]);
    for inner in inner.into_iter().filter(|inner| inner.is_object()) {
        fields(all, inner, place, found);
    }
}

fn schema() -> Value {
    serde_json::from_str(&Space::new().expops(&["schema"]).success().out).unwrap()
}

/// The rows of the reference for the fields below `schema`. What has no description is only there to be refused.
fn rows(schema: &Value, found: &mut BTreeSet<String>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        found.extend(field["description"].as_str().map(|text| format!("| `{name}` | {text} |")));
    }
    match schema {
        Value::Object(inner) => inner.values().for_each(|inner| rows(inner, found)),
        Value::Array(inner) => inner.iter().for_each(|inner| rows(inner, found)),
        _ => {}
    }
}

#[test]
fn the_reference_has_every_field_in_the_parsers_words() {
    let mut known = BTreeSet::new();
    rows(&schema(), &mut known);
    assert!(known.len() > 50, "{known:?}");
    let text = fs::read_to_string(repository().join("docs/fields.md")).unwrap();
    let written = text.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect();
    let differences: Vec<_> = known.symmetric_difference(&written).collect();
    assert!(differences.is_empty(), "docs/fields.md and the parser differ in {differences:#?}");
}

#[test]
fn every_field_of_the_parser_is_mutated() {
    let mut known = BTreeSet::new();
    let schema = schema();
    fields(&schema, &schema, "", &mut known);
    assert!(known.len() > 60, "{known:?}");
    let is_mutated = |field: &&String| MUTATIONS.iter().any(|mutation| mutation.0 == *field);
    let missing: Vec<_> = known.iter().filter(|field| !is_mutated(field)).collect();
    assert!(missing.is_empty(), "not mutated: {missing:?}");
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
