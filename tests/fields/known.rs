//! The table of mutations is complete: it has every field that the parser knows.

use std::collections::BTreeSet;

use serde_json::Value;

use super::project::MUTATIONS;
use super::{Outcome, PROJECT};
use crate::space::Space;

/// The fields of the schema below `schema`, each with the mapping that it belongs to: `process.code`.
fn fields(schema: &Value, place: &str, found: &mut BTreeSet<String>) {
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(if place.is_empty() { name.clone() } else { format!("{place}.{name}") });
        let below = match (place, name.as_str()) {
            ("", "processes") => "process",
            (_, "pipeline" | "processes") => continue,
            ("data", _) => "data.inputs",
            (_, "uv") => "venv",
            (_, name) => name,
        };
        fields(inner, below, found);
    }
    for inner in ["anyOf", "items", "additionalProperties"].map(|key| &schema[key]) {
        match inner.as_array() {
            Some(list) => list.iter().for_each(|inner| fields(inner, place, found)),
            None if inner.is_object() => fields(inner, place, found),
            None => {}
        }
    }
}

#[test]
fn every_field_of_the_parser_is_mutated() {
    let mut known = BTreeSet::new();
    let schema = Space::new().expops(&["schema"]).success();
    fields(&serde_json::from_str(&schema.out).unwrap(), "", &mut known);
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
