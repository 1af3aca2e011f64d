//! An entry of `processes`.

use super::code;
use super::config::{Pair, ProcessConfig, Resources};
use super::node::{Key, Kind, Node, clip, owned};
use super::parallelism::{data_parallelism, seed_parallelism};
use super::reader::Reader;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{Span, Spanned};

const FIELDS: &[&str] = &[
    "name",
    "description",
    "code",
    "command",
    "environment",
    "parameters",
    "type",
    "chart_type",
    "probe_paths",
    "data_parallelism",
    "data_aggregation",
    "seed_parallelism",
    "seed_aggregation",
    "inputs",
    "outputs",
    "files",
    "resources",
];
const RESOURCE_FIELDS: &[&str] = &["cpus", "memory", "time"];

/// Reads `processes`: a list of mappings; a plain name is a process with nothing else to say, and a
/// mapping has the names as its keys.
pub(super) fn read_all(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Vec<ProcessConfig> {
    match &node.kind {
        Kind::Null => Vec::new(),
        Kind::Seq(items) => {
            // A process is large; a list that grows would hold twice as many for a moment.
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
        files: Vec::new(),
        resources: Resources::default(),
        span,
    }
}

/// Reads all fields, also of a process without a name, so that everything wrong is told.
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
    let has_name = name.is_some();
    let mut process = new(name.unwrap_or_else(|| Spanned::new(String::new(), span)), span);
    for (key, node) in entries {
        if key.value == "name" && !has_name {
            process.name = reader.text(key, node).unwrap_or_else(|| process.name.clone());
        } else if !layer_field(key, node, &mut process, reader) {
            field(key, node, &mut process, reader);
        }
    }
    old_and_new(entries, reader);
    Some(process)
}

/// Reads the fields about layers; whether `key` is one.
fn layer_field(key: &Key<'_>, node: &Node<'_>, process: &mut ProcessConfig, reader: &mut Reader<'_>) -> bool {
    match key.value.as_ref() {
        "data_parallelism" => process.data_parallelism = data_parallelism(key, node, reader),
        "seed_parallelism" => process.seed_parallelism = seed_parallelism(key, node, reader),
        "data_aggregation" => process.data_aggregation = reader.truth(key, node),
        "seed_aggregation" => process.seed_aggregation = reader.truth(key, node),
        _ => return false,
    }
    true
}

fn field(key: &Key<'_>, node: &Node<'_>, process: &mut ProcessConfig, reader: &mut Reader<'_>) {
    match key.value.as_ref() {
        "description" => process.description = reader.text(key, node),
        "code" | "code_function" => process.code = code::read(key, node, reader),
        "command" => process.command = reader.text(key, node),
        "environment" => process.environment = reader.text(key, node),
        "parameters" | "hyperparameters" => process.parameters = reader.parameters(key, node, &[]),
        "type" => process.kind = reader.text(key, node),
        "chart_type" => process.chart_type = reader.text(key, node),
        "probe_paths" => {
            process.probe_paths = reader.pairs(key, node, "write `KEY: \"//*[@name='train']\"`");
        }
        "inputs" => process.inputs = inputs(key, node, reader),
        "outputs" => process.outputs = reader.pairs(key, node, "write `outputs: {KEY: FILE}`"),
        "files" => process.files = reader.texts(key, node, "write `files: [data/labels.txt]`"),
        "resources" => process.resources = resources(key, node, reader),
        _ => unknown(key, node, reader),
    }
}

/// `inputs` as a list of keys, or as the name that each key has here.
fn inputs(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Vec<Pair> {
    const HELP: &str = "write `inputs: [KEY]` or `inputs: {NAME: KEY}`";
    match node.kind {
        Kind::Map(_) => reader.pairs(key, node, HELP),
        _ => reader.texts(key, node, HELP).into_iter().map(|text| (text.clone(), text)).collect(),
    }
}

fn resources(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Resources {
    let mut resources = Resources::default();
    for (key, node) in
        reader.mapping(key, node, "write `resources: {cpus: 4, memory: 8G, time: \"1:00:00\"}`")
    {
        match key.value.as_ref() {
            "cpus" => {
                let must = "a whole number of at least 1";
                resources.cpus = reader.whole(key, node, must);
                if resources.cpus.as_ref().is_some_and(|cpus| cpus.value == 0) {
                    let message = format!("`cpus` must be {must}");
                    reader.report(
                        &codes::SHAPE,
                        (node.span, "no processor"),
                        message,
                        format!("write {must}"),
                    );
                }
            }
            "memory" => resources.memory = reader.text_or_number(key, node),
            "time" => resources.time = reader.text_or_number(key, node),
            name => {
                let message = format!("unknown field `{}` of `resources`", clip(name));
                let help = reader.known(name, RESOURCE_FIELDS);
                reader.report(&codes::UNKNOWN_FIELD, (key.span, "no field has this name"), message, help);
            }
        }
    }
    resources
}

fn unknown(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) {
    let name = key.value.as_ref();
    if name == "component" {
        let help = "write a Python function that does the same and name it: `code: script_key.function`";
        let label = match &node.kind {
            Kind::Str(text) => format!("stands for `{}`", clip(text)),
            _ => "a ready-made part".to_owned(),
        };
        return reader.report(&codes::COMPONENT, (key.span, label), "components are not supported", help);
    }
    let help = match name {
        "script" | "script_path" | "function" | "entrypoint" => {
            "write `code: script_key.function`".to_owned()
        }
        "script_key" => "write the key before the function: `code: script_key.function`".to_owned(),
        "size" | "data_name" | "by" => {
            format!("write it under `data_parallelism`: `data_parallelism: {{{name}: …}}`")
        }
        "seeds" => "write it under `seed_parallelism`: `seed_parallelism: {seeds: [1, 2]}`".to_owned(),
        "cpus" | "memory" | "time" => format!("write it under `resources`: `resources: {{{name}: …}}`"),
        _ => reader.known(name, FIELDS),
    };
    let message = format!("unknown field `{}` of a process", clip(name));
    reader.report(&codes::UNKNOWN_FIELD, (key.span, "no field has this name"), message, help);
}

/// Reports a field that is given in its old spelling and in its new one.
fn old_and_new(entries: &[(Key<'_>, Node<'_>)], reader: &mut Reader<'_>) {
    for (old, new) in [("code_function", "code"), ("hyperparameters", "parameters")] {
        let find = |field: &str| entries.iter().find(|(key, _)| key.value == field).map(|(key, _)| key.span);
        if let (Some(old_span), Some(new_span)) = (find(old), find(new)) {
            let message = format!("`{old}` is the old spelling of `{new}`, and both are given");
            let error = Diagnostic::new(&codes::UNKNOWN_FIELD, message)
                .at(reader.source, old_span, "the old spelling")
                .at(reader.source, new_span, "the new one");
            reader.push(error.help(format!("keep `{new}`")));
        }
    }
}
