//! Finds the pipeline and reads its two parts: `process_adjlist` and `processes`.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::config::Config;
use super::fields::{Field, Table};
use super::node::{Entries, Key, Kind, Node, get};
use super::reader::Reader;
use super::{adjacency, process};
use crate::diagnostic::{Diagnostic, codes, nearest};
use crate::source::{Span, Spanned};

pub(super) const EXAMPLE: &str = "write `process_adjlist` and `processes` under `experiment.pipeline`";
/// At most this many unknown fields are checked for a misspelling.
const MAX_GUESSES: usize = 200;

const PIPELINE: Table<Config> = Table {
    of: "the pipeline",
    fields: &[
        Field::new(
            "process_adjlist",
            "The edges: lines of a source and its targets.",
            adjacency::schema,
            |to, _, node, reader| {
                let list = adjacency::read(node, reader);
                (to.names, to.edges) = (list.names, list.edges);
            },
        ),
        Field::new("processes", "The processes.", process::schema, |to, key, node, reader| {
            to.processes = process::read_all(key, node, reader);
        }),
        Field::note("name", "What the pipeline is called."),
        Field::note("description", "What it is for."),
    ],
    hints: &[],
};
const PARTS: [&str; 2] = ["process_adjlist", "processes"];

/// The JSON schema of a pipeline. One that has neither part is not used.
pub(super) fn schema() -> Value {
    let mut schema = PIPELINE.schema();
    schema["dependentRequired"] = json!({PARTS[0]: [PARTS[1]], PARTS[1]: [PARTS[0]]});
    schema
}

/// That there is a pipeline, in one of its places.
pub(super) fn insist() -> Value {
    let parts = PARTS.map(|part| json!({"required": [part]}));
    let pipeline =
        json!({"required": ["pipeline"], "properties": {"pipeline": {"type": "object", "anyOf": parts}}});
    let inside = |field: &str, what: &Value| json!({"required": [field], "properties": {field: what}});
    let in_parameters = inside("parameters", &pipeline);
    json!([
        inside("experiment", &pipeline),
        inside("experiment", &in_parameters),
        pipeline,
        {"required": PARTS},
    ])
}

/// A mapping in which the pipeline may be, and the key that names it.
struct Candidate<'n, 'a> {
    key: Key<'n>,
    entries: Entries<'n, 'a>,
}

impl Candidate<'_, '_> {
    fn has(&self, field: &str) -> bool {
        self.entries.iter().any(|(key, _)| key.value == field)
    }

    /// The key that most likely was meant to be `field`.
    fn misspelt(&self, field: &str) -> Option<&Key<'_>> {
        let keys = self.entries.iter().take(MAX_GUESSES).map(|(key, _)| key);
        let mut unknown = keys.filter(|key| !PARTS.contains(&key.value.as_ref()));
        unknown.find(|key| nearest(&key.value, PARTS) == Some(field))
    }
}

/// Finds the pipeline in the file with the entries `top`, and reads it.
pub(super) fn read(top: Entries<'_, '_>, config: &mut Config, reader: &mut Reader<'_>) {
    let candidates = candidates(top);
    let mut found = candidates.iter().filter(|candidate| PARTS.iter().any(|part| candidate.has(part)));
    let Some(pipeline) = found.next() else { return no_pipeline(&candidates, top, reader) };
    config.pipeline = pipeline.key.span;
    for other in found.filter(|other| !std::ptr::eq(other.entries, pipeline.entries)) {
        let warning = Diagnostic::new(&codes::IGNORED_SECTION, "a second pipeline is not used")
            .at(reader.source, other.key.span, "has no effect")
            .at(reader.source, pipeline.key.span, "this one is used");
        reader.push(warning.help("remove one of the two"));
    }
    for part in PARTS.iter().filter(|part| !pipeline.has(part)) {
        missing(pipeline, part, reader);
    }
    // At the top level, other keys are sections.
    let is_top = std::ptr::eq(pipeline.entries, top);
    for (key, node) in
        pipeline.entries.iter().filter(|(key, _)| !is_top || PARTS.contains(&key.value.as_ref()))
    {
        PIPELINE.entry(key, node, config, reader);
    }
}

/// The places where the pipeline may be, in the order in which they are tried.
fn candidates<'n, 'a>(top: Entries<'n, 'a>) -> Vec<Candidate<'n, 'a>> {
    fn inside<'n, 'a>(entries: Entries<'n, 'a>, field: &str) -> Option<Candidate<'n, 'a>> {
        match get(entries, field)? {
            (key, Node { kind: Kind::Map(entries), .. }) => {
                let key = Spanned::new(Cow::Borrowed(key.value.as_ref()), key.span);
                Some(Candidate { key, entries })
            }
            _ => None,
        }
    }
    let experiment = inside(top, "experiment").map_or(&[][..], |place| place.entries);
    let parameters = inside(experiment, "parameters").map_or(&[][..], |place| place.entries);
    let first = top.iter().find(|(key, _)| PARTS.contains(&key.value.as_ref()));
    let span = first.map_or(Span::default(), |(key, _)| key.span);
    let nested = [experiment, parameters, top].into_iter().filter_map(|entries| inside(entries, "pipeline"));
    let file = Candidate { key: Spanned::new(Cow::Borrowed("the file"), span), entries: top };
    nested.chain([file]).collect()
}

/// Reports that there is no pipeline, at the first place that at least has the right name.
fn no_pipeline(candidates: &[Candidate<'_, '_>], top: Entries<'_, '_>, reader: &mut Reader<'_>) {
    for candidate in candidates {
        let misspelt = PARTS.iter().find_map(|part| candidate.misspelt(part));
        match misspelt {
            // This has been reported as an unknown section.
            Some(_) if std::ptr::eq(candidate.entries, top) => return,
            Some(key) => return PIPELINE.unknown(key, reader),
            None if candidate.key.value == "pipeline" => {
                let message = "the pipeline has no processes";
                let help = "write `process_adjlist` and `processes` under it";
                return reader.report(
                    &codes::NO_PIPELINE,
                    (candidate.key.span, "has neither"),
                    message,
                    help,
                );
            }
            None => {}
        }
    }
    let label = (Span::new(0, 0), "no pipeline in this file");
    reader.report(&codes::NO_PIPELINE, label, "the project file has no pipeline", EXAMPLE);
}

/// Reports that the pipeline has no `part`; a misspelt one is reported as an unknown field.
fn missing(pipeline: &Candidate<'_, '_>, part: &str, reader: &mut Reader<'_>) {
    if pipeline.misspelt(part).is_some() {
        return;
    }
    let help = match part {
        "processes" => "list every process that the adjacency list names: `processes: [{name: load}]`",
        _ => "write lines of a source and its targets, or the name of a single process",
    };
    let label = format!("has no `{part}`");
    let message = format!("the pipeline has no `{part}`");
    reader.report(&codes::MISSING_FIELD, (pipeline.key.span, label), message, help);
}
