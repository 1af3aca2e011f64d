//! An entry of `processes`.

use serde_json::{Value, json};

use super::code;
use super::config::{Pair, ProcessConfig};
use super::fields::{Field, Table};
use super::node::{Key, Kind, Node, owned};
use super::parallelism::{data_parallelism, data_schema};
use super::reader::Reader;
use super::seeds::{seed_parallelism, seed_schema};
use super::{settings, shape};
use crate::diagnostic::codes;
use crate::settings::Settings;
use crate::source::{Span, Spanned, clip};

pub(super) const PROCESS: Table<ProcessConfig> = Table {
    of: "a process",
    fields: &[
        Field::new("name", "Its name, unique in the pipeline.", name_schema, name),
        Field::new("description", "What it is for.", shape::text, |to, key, node, reader| {
            to.description = reader.text(key, node);
        }),
        Field::renamed(
            "code",
            "code_function",
            "The Python function: `function` or `script_key.function`.",
            code::schema,
            |to, key, node, reader| {
                to.code = code::read(key, node, reader);
            },
        ),
        Field::new("script_path", "The file of its `code`.", shape::text, |to, key, node, reader| {
            to.script_path = reader.text(key, node);
        }),
        Field::new(
            "command",
            "The shell command, as a template.",
            shape::command,
            |to, key, node, reader| {
                to.command = reader.command(key, node);
            },
        ),
        Field::new(
            "environment",
            "The environment that it runs in.",
            shape::text,
            |to, key, node, reader| {
                to.environment = reader.text(key, node);
            },
        ),
        Field::renamed(
            "parameters",
            "hyperparameters",
            "Its own parameters, over those of the experiment.",
            shape::mapping,
            |to, key, node, reader| {
                to.parameters = reader.parameters(key, node, &[]);
            },
        ),
        Field::new("type", "`chart` makes it a chart.", kinds, |to, key, node, reader| {
            to.kind = reader.word(key, node, &KINDS);
        }),
        Field::new(
            "chart_type",
            "`dynamic` for a chart in JavaScript.",
            chart_kinds,
            |to, key, node, reader| {
                to.chart_type = reader.word(key, node, &CHART_KINDS);
            },
        ),
        Field::new(
            "probe_paths",
            "What a chart plots: key and XPath.",
            shape::pairs,
            |to, key, node, reader| {
                to.probe_paths = reader.pairs(key, node, "write `KEY: \"//*[@name='train']\"`");
            },
        ),
        Field::new("data_parallelism", "Makes it a split by data.", data_schema, |to, key, node, reader| {
            to.data_parallelism = data_parallelism(key, node, reader);
        }),
        Field::new(
            "data_aggregation",
            "Closes the latest data layer.",
            shape::truth,
            |to, key, node, reader| {
                to.data_aggregation = reader.truth(key, node);
            },
        ),
        Field::new("seed_parallelism", "Makes it a split by seed.", seed_schema, |to, key, node, reader| {
            to.seed_parallelism = seed_parallelism(key, node, reader);
        }),
        Field::new(
            "seed_aggregation",
            "Closes the latest seed layer.",
            shape::truth,
            |to, key, node, reader| {
                to.seed_aggregation = reader.truth(key, node);
            },
        ),
        Field::new(
            "inputs",
            "The keys that it takes (all that `**kwargs` gets), or the names that it gives to them.",
            shape::texts_or_pairs,
            |to, key, node, reader| {
                to.inputs = inputs(key, node, reader);
            },
        ),
        Field::new(
            "outputs",
            "The files that a command writes, or that a function returns: key and path.",
            shape::pairs,
            |to, key, node, reader| {
                to.outputs = reader.pairs(key, node, "write `outputs: {KEY: FILE}`");
            },
        ),
        Field::new(
            "export",
            "Copies of its outputs in the project, made by the build: key and path.",
            shape::text_or_pairs,
            |to, key, node, reader| {
                to.exports = exports(key, node, reader);
            },
        ),
        Field::new(
            "files",
            "Extra files and folders that it reads.",
            shape::texts,
            |to, key, node, reader| {
                to.files = reader.texts(key, node, "write `files: [data/labels.txt]`");
            },
        ),
        Field::new(
            "resources",
            "What an instance may use; a list has an amount for each attempt.",
            resources_schema,
            |to, key, node, reader| {
                to.settings.resources = settings::resources(key, node, reader);
            },
        ),
        Field::new(
            "retries",
            "How often, and after which failures, an instance is tried again.",
            settings::retries_schema,
            |to, key, node, reader| {
                to.settings.retries = settings::retries(key, node, reader);
            },
        ),
        Field::new(
            "on_failure",
            "`drop`: what gathers a failed instance does without it.",
            settings::on_failure_schema,
            |to, key, node, reader| {
                to.settings.on_failure = settings::on_failure(key, node, reader);
            },
        ),
        Field::new(
            "batch",
            "How many ready instances may share one job of a cluster.",
            shape::count,
            |to, key, node, reader| {
                to.settings.batch = settings::count(key, node, reader, "no instance");
            },
        ),
        Field::new(
            "at_least",
            "How many of the instances that it gathers must have succeeded.",
            settings::at_least_schema,
            |to, key, node, reader| {
                to.settings.at_least = settings::at_least(key, node, reader);
            },
        ),
        Field::new(
            "cache",
            "`false`: its results neither go into the cache nor come from it.",
            shape::truth,
            |to, key, node, reader| {
                to.settings.cache = reader.truth(key, node).map(|truth| truth.value);
            },
        ),
        Field::new(
            "cache_log",
            "`false`: what it prints is not put into the cache.",
            shape::truth,
            |to, key, node, reader| {
                to.settings.cache_log = reader.truth(key, node).map(|truth| truth.value);
            },
        ),
        Field::new("always", "`true`: every build runs it again.", shape::truth, |to, key, node, reader| {
            to.settings.always = reader.truth(key, node).is_some_and(|truth| truth.value);
        }),
        Field::new(
            "reuse",
            "`true`: one process runs instance after instance; what one leaves in a library's memory, the next one finds.",
            shape::truth,
            |to, key, node, reader| {
                to.settings.reuse = reader.truth(key, node).is_some_and(|truth| truth.value);
            },
        ),
        Field::refused("component", component),
    ],
    hints: &[
        ("script", "write `code: script_key.function`, or name the file with `script_path`"),
        ("function", "write `code: script_key.function`"),
        ("entrypoint", "write `code: script_key.function`"),
        ("script_key", "write the key before the function: `code: script_key.function`"),
        ("depends_on", EDGE),
        ("depends", EDGE),
        ("needs", EDGE),
        ("after", EDGE),
        ("upstream", EDGE),
        ("upstreams", EDGE),
        ("size", "write it under `data_parallelism`: `data_parallelism: {size: …}`"),
        ("data_name", "write it under `data_parallelism`: `data_parallelism: {data_name: …}`"),
        ("by", "write it under `data_parallelism`: `data_parallelism: {by: …}`"),
        ("seeds", "write it under `seed_parallelism`: `seed_parallelism: {seeds: [1, 2]}`"),
        ("cpus", "write it under `resources`: `resources: {cpus: …}`"),
        ("memory", "write it under `resources`: `resources: {memory: …}`"),
        ("time", "write it under `resources`: `resources: {time: …}`"),
        ("gpus", "write it under `resources`: `resources: {gpus: …}`"),
    ],
};

const EDGE: &str = "write what it depends on as a line of `process_adjlist`: `UPSTREAM NAME`";

const KINDS: [&str; 2] = ["process", "chart"];
const CHART_KINDS: [&str; 2] = ["static", "dynamic"];

fn kinds() -> Value {
    shape::words(&KINDS)
}

fn chart_kinds() -> Value {
    shape::words(&CHART_KINDS)
}

fn resources_schema() -> Value {
    settings::RESOURCES.schema()
}

fn name_schema() -> Value {
    json!({"type": "string"})
}

/// The JSON schema of `processes`.
pub(super) fn schema() -> Value {
    json!({"$ref": "#/$defs/processes"})
}

/// What the schema of `processes` refers to, as they may be in several places.
pub(super) fn definitions() -> Value {
    const PROCESS_SCHEMA: &str = "#/$defs/process";
    let listed = json!({
        "if": {"type": "string"},
        "else": {"$ref": PROCESS_SCHEMA, "type": "object", "required": ["name"]},
    });
    let named = json!({"$ref": PROCESS_SCHEMA, "properties": {"name": false}});
    json!({
        "process": PROCESS.schema(),
        "processes": {"type": ["array", "object", "null"], "items": listed, "additionalProperties": named},
    })
}

/// Reads `processes`: a list of mappings, where a plain name is a process without further fields; or a mapping
/// with the names as its keys.
pub(super) fn read_all(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Vec<ProcessConfig> {
    match &node.kind {
        Kind::Null => Vec::new(),
        Kind::Seq(items) => {
            // A process is large; a growing list would briefly hold twice as many.
            let mut processes = Vec::with_capacity(items.len());
            processes.extend(items.iter().filter_map(|item| entry(item, reader)));
            processes
        }
        Kind::Map(entries) => {
            let mut processes = Vec::with_capacity(entries.len());
            for (name, body) in entries {
                let entries = reader.mapping(name, body, "write the fields of the process under its name");
                let span = Span::new(name.span.start, body.span.end);
                processes.extend(read(entries, Some(owned(name)), span, reader));
            }
            processes
        }
        _ => {
            reader.wrong_type(key, node, "a list", "write `processes:` and below it `- name: NAME`");
            Vec::new()
        }
    }
}

fn entry(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<ProcessConfig> {
    match &node.kind {
        Kind::Map(entries) => read(entries, None, node.span, reader),
        Kind::Str(name) => {
            read(&[], Some(Spanned::new(name.clone().into_owned(), node.span)), node.span, reader)
        }
        _ => {
            let label = format!("this is {}", node.what());
            let message = "an entry of `processes` must be a mapping";
            reader.report(&codes::SHAPE, (node.span, label), message, "write `- name: NAME`");
            None
        }
    }
}

fn new(name: Spanned<String>, span: Span) -> ProcessConfig {
    ProcessConfig {
        name,
        description: None,
        code: None,
        command: None,
        environment: None,
        parameters: Vec::new(),
        kind: None,
        chart_type: None,
        probe_paths: Vec::new(),
        data_parallelism: None,
        seed_parallelism: None,
        data_aggregation: None,
        seed_aggregation: None,
        inputs: Vec::new(),
        outputs: Vec::new(),
        exports: Vec::new(),
        files: Vec::new(),
        script_path: None,
        settings: Settings::default(),
        places: Vec::new(),
        span,
    }
}

/// Reads all fields, even of a process without a name, so that everything wrong is reported.
fn read(
    entries: &[(Key<'_>, Node<'_>)],
    name: Option<Spanned<String>>,
    span: Span,
    reader: &mut Reader<'_>,
) -> Option<ProcessConfig> {
    let is_named = name.is_some()
        || entries.iter().any(|(key, node)| key.value == "name" && !matches!(node.kind, Kind::Null));
    if !is_named {
        let message = "a process has no `name`";
        reader.report(&codes::MISSING_FIELD, (span, "this process"), message, "add `name: NAME`");
    }
    let mut process = new(name.unwrap_or_else(|| Spanned::new(String::new(), span)), span);
    PROCESS.read(entries, &mut process, reader);
    let place = |(key, node): &(Key<'_>, Node<'_>)| {
        PROCESS.find(&key.value).map(|field| Spanned::new(field.name, node.span))
    };
    process.places = entries.iter().filter_map(place).collect();
    Some(process)
}

fn name(to: &mut ProcessConfig, key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) {
    if to.name.value.is_empty() {
        to.name = reader.text(key, node).unwrap_or_else(|| to.name.clone());
        return;
    }
    let message = format!("`{}` already has a name: the key that it is written under", clip(&to.name.value));
    reader.report(&codes::UNKNOWN_FIELD, (key.span, "a second name"), message, "remove `name`");
}

fn component(_: &mut ProcessConfig, key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) {
    let help = "write a Python function that does the same and name it: `code: script_key.function`";
    let label = match &node.kind {
        Kind::Str(text) => format!("stands for `{}`", clip(text)),
        _ => "a ready-made part".to_owned(),
    };
    reader.report(&codes::COMPONENT, (key.span, label), "components are not supported", help);
}

/// `export` as a mapping from keys to paths, or as the path of the only output.
fn exports(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Vec<Pair> {
    match node.kind {
        Kind::Str(_) => {
            let path = reader.text(key, node);
            path.map(|path| (Spanned::new(String::new(), node.span), path)).into_iter().collect()
        }
        _ => reader.pairs(key, node, "write `export: {KEY: PATH}`"),
    }
}

/// `inputs` as a list of keys, or as a mapping from the name here to the key.
fn inputs(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Vec<Pair> {
    const HELP: &str = "write `inputs: [KEY]` or `inputs: {NAME: KEY}`";
    match node.kind {
        Kind::Map(_) => reader.pairs(key, node, HELP),
        _ => reader.texts(key, node, HELP).into_iter().map(|text| (text.clone(), text)).collect(),
    }
}
