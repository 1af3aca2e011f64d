//! The top level of a project file: its sections, and where the pipeline is.

use std::borrow::Cow;

use super::adjacency;
use super::config::Config;
use super::node::{Entries, Key, Kind, Node, clip, get};
use super::reader::Reader;
use super::{environment, process};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{Span, Spanned};

/// Sections of existing projects, with or without a meaning here.
const SECTIONS: &[&str] = &[
    "scripts",
    "environment",
    "experiment",
    "data",
    "reproducibility",
    "metadata",
    "pipeline",
    "process_adjlist",
    "processes",
    "execution",
    "reporting",
    "model",
    "cache",
    "name",
    "description",
    "version",
    "logging",
    "project",
];
const PIPELINE_FIELDS: &[&str] = &["process_adjlist", "processes"];
const EXPERIMENT_FIELDS: &[&str] = &["pipeline", "parameters", "name", "description", "version", "metadata"];
/// So many unknown fields are looked at for one that is only misspelt.
const MAX_GUESSES: usize = 200;
const EXAMPLE: &str = "write `process_adjlist` and `processes` under `experiment.pipeline`";

/// The project file whose tree is `root`.
pub(super) fn read(root: &Node<'_>, reader: &mut Reader<'_>) -> Config {
    let entries = match &root.kind {
        Kind::Map(entries) => entries.as_slice(),
        kind => {
            let (label, message) = match kind {
                Kind::Null => (String::new(), "the project file is empty"),
                _ => (format!("this is {}", root.what()), "a project file must be a mapping"),
            };
            reader.report(&codes::NO_PIPELINE, (root.span, label), message, EXAMPLE);
            return empty(reader);
        }
    };
    let mut config = empty(reader);
    pipeline(entries, &mut config, reader);
    for (key, node) in entries {
        section(key, node, &mut config, reader);
    }
    config
}

fn empty(reader: &Reader<'_>) -> Config {
    Config {
        source: reader.source.clone(),
        name: None,
        scripts: Vec::new(),
        environments: Vec::new(),
        random_seed: None,
        data_path: None,
        parameters: Vec::new(),
        pipeline: Span::default(),
        names: Vec::new(),
        edges: Vec::new(),
        processes: Vec::new(),
    }
}

fn section(key: &Key<'_>, node: &Node<'_>, config: &mut Config, reader: &mut Reader<'_>) {
    let field = |reader: &mut Reader<'_>, help: &str| reader.mapping(key, node, help);
    match key.value.as_ref() {
        "metadata" => {
            let entries = field(reader, "write `metadata: {name: TEXT}`");
            config.name = get(entries, "name").and_then(|(key, node)| reader.text(key, node));
        }
        "scripts" => config.scripts = reader.pairs(key, node, "write `scripts: {main: src/model.py}`"),
        "environment" => config.environments = environment::read(key, node, reader),
        "reproducibility" => {
            let entries = field(reader, "write `reproducibility: {random_seed: 42}`");
            let seed = get(entries, "random_seed");
            let must = "a whole number from 0";
            config.random_seed = seed.and_then(|(key, node)| reader.whole(key, node, must));
        }
        "data" => {
            let entries = field(reader, "write `data: {path: data/train.csv}`");
            config.data_path = get(entries, "path").and_then(|(key, node)| reader.text(key, node));
        }
        "experiment" => experiment(field(reader, EXAMPLE), config, reader),
        "cache" => remote_cache(node, reader),
        name if SECTIONS.contains(&name) => {}
        name => ignored(key, &format!("unknown section `{}`", clip(name)), SECTIONS, reader),
    }
}

fn experiment(entries: Entries<'_, '_>, config: &mut Config, reader: &mut Reader<'_>) {
    for (key, node) in entries {
        match key.value.as_ref() {
            "parameters" => {
                config.parameters = reader.parameters(key, node, &["pipeline", "cache"]);
                if let Kind::Map(entries) = &node.kind {
                    get(entries, "cache").into_iter().for_each(|(_, node)| remote_cache(node, reader));
                }
            }
            name if EXPERIMENT_FIELDS.contains(&name) => {}
            name => {
                let message = format!("unknown field `{}` of `experiment`", clip(name));
                ignored(key, &message, EXPERIMENT_FIELDS, reader);
            }
        }
    }
}

fn ignored(key: &Key<'_>, message: &str, known: &[&str], reader: &mut Reader<'_>) {
    if reader.is_full_of_warnings() {
        return;
    }
    let warning = Diagnostic::new(&codes::IGNORED_SECTION, message);
    let help = reader.known(&key.value, known);
    reader.push(warning.at(reader.source, key.span, "has no effect").help(help));
}

/// Warns that a cache on a server is replaced by the local one.
fn remote_cache(cache: &Node<'_>, reader: &mut Reader<'_>) {
    let Kind::Map(entries) = &cache.kind else { return };
    let Some((_, Node { kind: Kind::Map(entries), .. })) = get(entries, "backend") else { return };
    let Some((_, node)) = get(entries, "type") else { return };
    let kind = match &node.kind {
        Kind::Str(text) if matches!(text.as_ref(), "local" | "filesystem") => return,
        Kind::Str(text) => clip(text),
        _ => clip(reader.slice(node.span)),
    };
    let message = format!("the cache `{kind}` is not supported");
    let warning = Diagnostic::new(&codes::IGNORED_SECTION, message)
        .at(reader.source, node.span, "the local cache is used instead")
        .help("set `EXPOPS_CACHE_DIR` to a folder that the machines share");
    reader.push(warning);
}

/// A place where the pipeline may be, and the key that names it.
type Place<'n, 'a> = (Key<'n>, Entries<'n, 'a>);

/// Finds the pipeline and reads it.
fn pipeline(entries: Entries<'_, '_>, config: &mut Config, reader: &mut Reader<'_>) {
    let places = places(entries);
    let is_pipeline = |place: &Place<'_, '_>| PIPELINE_FIELDS.iter().any(|field| has(place.1, field));
    let mut found = places.iter().filter(|place| is_pipeline(place));
    let Some((key, fields)) = found.next() else { return no_pipeline(&places, reader) };
    config.pipeline = key.span;
    for (other, _) in found.filter(|(_, other)| !std::ptr::eq(*other, *fields)) {
        let warning = Diagnostic::new(&codes::IGNORED_SECTION, "a second pipeline is not used")
            .at(reader.source, other.span, "has no effect")
            .at(reader.source, key.span, "this one is used");
        reader.push(warning.help("remove one of the two"));
    }
    let is_top_level = std::ptr::eq(*fields, entries);
    for field in PIPELINE_FIELDS.iter().filter(|field| !has(fields, field)) {
        missing(key, fields, field, reader);
    }
    for (key, node) in *fields {
        match key.value.as_ref() {
            "process_adjlist" => {
                let list = adjacency::read(node, reader);
                (config.names, config.edges) = (list.names, list.edges);
            }
            "processes" => config.processes = process::read_all(key, node, reader),
            _ if is_top_level => {}
            "name" | "description" => {}
            _ if reader.is_full_of_warnings() => {}
            name if misspelt(name).is_some_and(|field| !has(fields, field)) => {}
            name => {
                let message = format!("unknown field `{}` of the pipeline", clip(name));
                ignored(key, &message, PIPELINE_FIELDS, reader);
            }
        }
    }
}

fn has(entries: Entries<'_, '_>, field: &str) -> bool {
    entries.iter().any(|(key, _)| key.value == field)
}

fn misspelt(name: &str) -> Option<&'static str> {
    crate::diagnostic::nearest(name, PIPELINE_FIELDS.iter().copied())
}

/// The places where a pipeline is looked for, in this order.
fn places<'n, 'a>(top: Entries<'n, 'a>) -> Vec<Place<'n, 'a>> {
    fn inside<'n, 'a>(entries: Entries<'n, 'a>, field: &str) -> Option<Place<'n, 'a>> {
        match get(entries, field)? {
            (key, Node { kind: Kind::Map(entries), .. }) => {
                Some((Spanned::new(Cow::Borrowed(key.value.as_ref()), key.span), entries.as_slice()))
            }
            _ => None,
        }
    }
    let experiment = inside(top, "experiment").map_or(&[][..], |place| place.1);
    let parameters = inside(experiment, "parameters").map_or(&[][..], |place| place.1);
    let first = top.iter().find(|(key, _)| PIPELINE_FIELDS.contains(&key.value.as_ref()));
    let span = first.map_or(Span::default(), |(key, _)| key.span);
    let mut places: Vec<_> =
        [experiment, parameters, top].iter().filter_map(|e| inside(e, "pipeline")).collect();
    places.push((Spanned::new(Cow::Borrowed("the file"), span), top));
    places
}

/// Reports that no place has a pipeline: at the first that is at least called so.
fn no_pipeline(places: &[Place<'_, '_>], reader: &mut Reader<'_>) {
    for (key, fields) in places {
        if let Some((wrong, field)) =
            fields.iter().take(MAX_GUESSES).find_map(|(key, _)| Some((key, misspelt(&key.value)?)))
        {
            return misspelt_field(wrong, field, reader);
        }
        if key.value == "pipeline" {
            let help = "write `process_adjlist` and `processes` under it";
            return reader.report(
                &codes::NO_PIPELINE,
                (key.span, "has neither"),
                "the pipeline has no processes",
                help,
            );
        }
    }
    let start = Span::new(0, 0);
    reader.report(
        &codes::NO_PIPELINE,
        (start, "no pipeline in this file"),
        "the project file has no pipeline",
        EXAMPLE,
    );
}

/// Reports that the pipeline has no `field`, or that it is misspelt.
fn missing(place: &Key<'_>, fields: Entries<'_, '_>, field: &'static str, reader: &mut Reader<'_>) {
    let wrong = fields.iter().take(MAX_GUESSES).find(|(key, _)| {
        !PIPELINE_FIELDS.contains(&key.value.as_ref()) && misspelt(&key.value) == Some(field)
    });
    if let Some((wrong, _)) = wrong {
        return misspelt_field(wrong, field, reader);
    }
    let help = match field {
        "processes" => "list every process that the adjacency list names: `processes: [{name: load}]`",
        _ => "write lines of a source and its targets, or the name of a single process",
    };
    let label = format!("has no `{field}`");
    reader.report(&codes::MISSING_FIELD, (place.span, label), format!("the pipeline has no `{field}`"), help);
}

fn misspelt_field(wrong: &Key<'_>, field: &str, reader: &mut Reader<'_>) {
    let message = format!("unknown field `{}` of the pipeline", clip(&wrong.value));
    let help = format!("did you mean `{field}`?");
    reader.report(&codes::UNKNOWN_FIELD, (wrong.span, "no field has this name"), message, help);
}
