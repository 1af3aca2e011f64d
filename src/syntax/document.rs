//! The top level of a project file: its sections.

use serde_json::{Value, json};

use super::config::Config;
use super::fields::{Field, Table};
use super::node::{Entries, Key, Kind, Node, get};
use super::reader::Reader;
use super::{adjacency, data, environment, pipeline, process, shape};
use crate::diagnostic::{codes, nearest};
use crate::source::{Span, clip};

/// Help: how to share a cache.
const CACHE_DIR: &str = "set `EXPOPS_CACHE_DIR` to a folder that the machines share";

const DOCUMENT: Table<Config> = Table {
    of: "the project file",
    fields: &[
        Field::new("metadata", "What the project is called.", metadata_schema, metadata),
        Field::new(
            "scripts",
            "Script key and file; the first is the default script.",
            shape::pairs,
            |to, key, node, reader| {
                to.scripts = reader.pairs(key, node, "write `scripts: {main: src/model.py}`");
            },
        ),
        Field::new(
            "environment",
            "Environments by name; the first is the default.",
            environment::schema,
            |to, key, node, reader| {
                to.environments = environment::read(key, node, reader);
            },
        ),
        Field::new(
            "reproducibility",
            "The seed outside every seed layer.",
            reproducibility_schema,
            reproducibility,
        ),
        Field::new("data", "The project's data files.", data::schema, data::read),
        Field::new("experiment", "Parameters, and the pipeline.", experiment_schema, experiment),
        // The pipeline may be in several places, so it is read elsewhere.
        Field::new(
            "pipeline",
            "The pipeline, if it is not in `experiment`.",
            pipeline_schema,
            |_, _, _, _| {},
        ),
        Field::new(
            "process_adjlist",
            "The edges, if the pipeline is the file itself.",
            adjacency::schema,
            |_, _, _, _| {},
        ),
        Field::new(
            "processes",
            "The processes, if the pipeline is the file itself.",
            process::schema,
            |_, _, _, _| {},
        ),
        Field::ignored(
            "execution",
            "how many instances run at once is said when the build runs: `expops run -j 4`, `ninja -j4`",
        ),
        Field::ignored(
            "reporting",
            "name the script of the charts under `scripts`, and write each chart as a process with `type: chart` and `probe_paths`",
        ),
        Field::ignored("model", "write a process with `code`, and its settings under its `parameters`"),
        Field::unused("cache", |_, _, node, reader| remote_cache(node, reader)),
        Field::ignored("logging", "the log of each instance is in its folder: `build/PROCESS/log`"),
        Field::ignored("project", "write the project's name as `metadata: {name: …}`"),
        Field::ignored("name", "write it under `metadata`: `metadata: {name: …}`"),
        Field::ignored("description", "write it under `metadata`: `metadata: {description: …}`"),
        Field::ignored("version", "write it under `metadata`: `metadata: {version: …}`"),
    ],
    hints: &[
        ("random_seed", "write it under `reproducibility`: `reproducibility: {random_seed: 42}`"),
        ("parameters", "write them under `experiment`: `experiment: {parameters: {…}}`"),
        ("data_path", "write it under `data`: `data: {path: …}`"),
    ],
};

const METADATA: Table<Config> = Table {
    of: "`metadata`",
    fields: &[
        Field::new("name", "The project's name.", shape::text, |to, key, node, reader| {
            to.name = reader.text(key, node);
        }),
        Field::note("description", "What the project is for."),
        Field::note("version", "Its version."),
    ],
    hints: &[],
};

const REPRODUCIBILITY: Table<Config> = Table {
    of: "`reproducibility`",
    fields: &[Field::new(
        "random_seed",
        "The seed of what is outside every seed layer.",
        shape::whole,
        |to, key, node, reader| {
            to.random_seed = reader.whole(key, node, "a whole number from 0");
        },
    )],
    hints: &[
        ("seed", "did you mean `random_seed`?"),
        ("seeds", "write them at a process: `seed_parallelism: {seeds: [1, 2]}`"),
    ],
};

const EXPERIMENT: Table<Config> = Table {
    of: "`experiment`",
    fields: &[
        Field::new(
            "parameters",
            "Parameters of every process that asks for them.",
            parameters_schema,
            parameters,
        ),
        Field::new("pipeline", "The pipeline.", pipeline_schema, |_, _, _, _| {}),
        Field::note("name", "What the experiment is called."),
        Field::note("description", "What it is for."),
        Field::note("version", "Its version."),
        Field::note("metadata", "For people."),
        Field::ignored("framework", "remove it: each process says what it runs"),
        Field::unused("cache", |_, _, node, reader| remote_cache(node, reader)),
    ],
    hints: &[],
};

/// The project file whose tree is `root`.
pub(super) fn read(root: &Node<'_>, reader: &mut Reader<'_>) -> Config {
    let mut config = empty(reader);
    let Kind::Map(entries) = &root.kind else {
        not_a_mapping(root, reader);
        return config;
    };
    pipeline::read(entries, &mut config, reader);
    for (key, node) in entries.iter().filter(|(key, _)| !is_free(&key.value)) {
        DOCUMENT.entry(key, node, &mut config, reader);
    }
    config
}

/// Whether a key of the top level is the author's own, for anchors.
fn is_free(name: &str) -> bool {
    name.starts_with("x-") || name.starts_with(['.', '_'])
}

fn not_a_mapping(root: &Node<'_>, reader: &mut Reader<'_>) {
    let (label, message) = match root.kind {
        Kind::Null => (String::new(), "the project file is empty"),
        _ => (format!("this is {}", root.what()), "a project file must be a mapping"),
    };
    reader.report(&codes::NO_PIPELINE, (root.span, label), message, pipeline::EXAMPLE);
}

fn empty(reader: &Reader<'_>) -> Config {
    Config {
        source: reader.source.clone(),
        name: None,
        scripts: Vec::new(),
        environments: Vec::new(),
        random_seed: None,
        data_path: None,
        datasets: Vec::new(),
        parameters: Vec::new(),
        pipeline: Span::default(),
        names: Vec::new(),
        edges: Vec::new(),
        processes: Vec::new(),
    }
}

/// The JSON schema of the project file.
pub(super) fn schema() -> Value {
    let mut schema = DOCUMENT.schema();
    schema["$schema"] = Value::from("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = Value::from("expops project file");
    schema["type"] = Value::from("object");
    schema["patternProperties"] = json!({"^(x-|[._])": {}});
    schema["anyOf"] = pipeline::insist();
    schema["$defs"] = process::definitions();
    schema["$defs"]["pipeline"] = pipeline::schema();
    schema
}

fn pipeline_schema() -> Value {
    json!({"$ref": "#/$defs/pipeline"})
}

fn metadata_schema() -> Value {
    json!({"type": ["object", "null"], "properties": METADATA.schema()["properties"]})
}

/// A pattern, as editors offer the names of properties.
fn parameters_schema() -> Value {
    let not_below = json!({"not": {"type": "object"}});
    json!({"type": ["object", "null"], "patternProperties": {
        "^pipeline$": {"if": {"type": "object"}, "then": pipeline_schema()},
        "^parameters$": not_below,
    }})
}

/// Only the name matters. Whatever else people note about a project is reported as unused, unless it looks like
/// a misspelt field.
fn metadata(to: &mut Config, key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) {
    for (key, node) in reader.mapping(key, node, "write `metadata: {name: TEXT}`") {
        if METADATA.find(&key.value).is_some() || nearest(&key.value, METADATA.names()).is_some() {
            METADATA.entry(key, node, to, reader);
        } else {
            let message = format!("`{}` of `metadata` is not used by expops", clip(&key.value));
            reader.warn(key.span, message, "make it a comment");
        }
    }
}

fn reproducibility_schema() -> Value {
    REPRODUCIBILITY.schema()
}

fn reproducibility(to: &mut Config, key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) {
    let entries = reader.mapping(key, node, "write `reproducibility: {random_seed: 42}`");
    REPRODUCIBILITY.read(entries, to, reader);
}

fn experiment_schema() -> Value {
    EXPERIMENT.schema()
}

fn experiment(to: &mut Config, key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) {
    let entries = reader.mapping(key, node, pipeline::EXAMPLE);
    EXPERIMENT.read(entries, to, reader);
}

fn parameters(to: &mut Config, key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) {
    to.parameters = reader.parameters(key, node, &["pipeline", "cache"]);
    let Kind::Map(entries) = &node.kind else { return };
    if let Some((_, node)) = get(entries, "cache") {
        remote_cache(node, reader);
    }
    if let Some((key, Node { kind: Kind::Map(_), .. })) = get(entries, "parameters") {
        let message = "`parameters` is written inside of `experiment.parameters`";
        let help = "write its entries in `experiment.parameters` itself: no process would be given them";
        reader.report(&codes::UNKNOWN_FIELD, (key.span, "one level too many"), message, help);
    }
}

/// Warns that a cache on a server, or in its own place, is replaced by the local one.
fn remote_cache(cache: &Node<'_>, reader: &mut Reader<'_>) {
    for (key, node) in entries(cache) {
        match key.value.as_ref() {
            "backend" => cache_backend(entries(node), reader),
            _ => unused_of_cache(key, reader),
        }
    }
}

fn cache_backend(backend: Entries<'_, '_>, reader: &mut Reader<'_>) {
    let is_local = |node: &Node<'_>| matches!(&node.kind, Kind::Str(text) if matches!(text.as_ref(), "local" | "filesystem"));
    if let Some((_, node)) = get(backend, "type").filter(|(_, node)| !is_local(node)) {
        let kind = clip(reader.slice(node.span).trim_matches(['"', '\'']));
        let message = format!("the cache `{kind}` is not supported: the local cache is used instead");
        return reader.warn(node.span, message, CACHE_DIR);
    }
    backend.iter().filter(|(key, _)| key.value != "type").for_each(|(key, _)| unused_of_cache(key, reader));
}

fn unused_of_cache(key: &Key<'_>, reader: &mut Reader<'_>) {
    reader.warn(key.span, format!("`{}` of the cache is not used by expops", clip(&key.value)), CACHE_DIR);
}

fn entries<'n, 'a>(node: &'n Node<'a>) -> Entries<'n, 'a> {
    match &node.kind {
        Kind::Map(entries) => entries,
        _ => &[],
    }
}
