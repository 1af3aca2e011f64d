//! The request to the runtime: the file `request.json`, described in `src/python/README.md`.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::launcher::Launcher;
use crate::exec::failure::Failure;
use crate::exec::run_folder::RunFolder;
use crate::exec::state::inputs::{Input, Lookahead, kinds};
use crate::exec::state::instance::Instance;
use crate::exec::values::value::{Node as Made, Value};
use crate::plan_file::{Opens, Upstream, Work};
use crate::size::{By, Share, Size};

/// The version of the protocol.
pub(in crate::exec) const VERSION: u32 = 2;

/// What the runtime has to do.
pub(in crate::exec) enum Mode {
    /// Call the process's function.
    Process,
    /// Call it, if there is one, and cut the value of a key into partitions. The listed ones, by number, exist already:
    /// those that are unchanged are not stored again.
    Split(Vec<Option<Value>>),
    /// Call a chart function with these metrics.
    Chart(Json),
}

/// One request.
#[derive(Debug, Serialize)]
pub(in crate::exec) struct Request<'a> {
    version: u32,
    /// Returned with the result, so that no other run's result is mistaken for it.
    pub nonce: String,
    mode: &'static str,
    label: String,
    path: String,
    project_root: &'a Utf8Path,
    project_id: &'a str,
    script: Option<Utf8PathBuf>,
    function: Option<&'a str>,
    pub script_folders: Vec<Utf8PathBuf>,
    work: Utf8PathBuf,
    out: Utf8PathBuf,
    result: Utf8PathBuf,
    inputs: Vec<(&'a str, Source<'a>)>,
    parameters: &'a Map<String, Json>,
    not_taken: Vec<String>,
    random_seed: Option<u64>,
    seed_layer: bool,
    rng_seed: u32,
    seeds: Option<&'a [u64]>,
    failed: Option<Json>,
    cpus: u32,
    data_paths: BTreeMap<&'a str, Utf8PathBuf>,
    split: Option<Split<'a>>,
    chart: Option<Chart<'a>>,
}

/// An input, and the process that it comes from.
#[derive(Debug, Serialize)]
struct Source<'a> {
    #[serde(flatten)]
    node: Node<'a>,
    from: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Node<'a> {
    One { file: Utf8PathBuf, format: &'a str, map: bool },
    Gathered { gather: Vec<(String, Node<'a>)> },
}

#[derive(Debug, Serialize)]
struct Split<'a> {
    data_name: Option<&'a str>,
    size: Json,
    by: Json,
    there: Vec<Option<Json>>,
}

#[derive(Debug, Serialize)]
struct Chart<'a> {
    name: &'a str,
    metrics: &'a Json,
    aliases: Map<String, Json>,
    theme: &'static str,
    run_id: &'static str,
}

impl<'a> Request<'a> {
    /// The request for an instance that runs in `folder`.
    pub(in crate::exec) fn new(
        instance: &'a Instance,
        mode: &'a Mode,
        inputs: &'a [Input],
        folder: &RunFolder,
    ) -> Result<Self, Failure> {
        let plan = &instance.plan;
        let whole = instance.inputs(&Lookahead::default()).unwrap_or_default();
        let (script, function) = match &plan.work {
            Work::Python { script, function, .. } => (Some(script), Some(function.as_str())),
            _ => (None, None),
        };
        let in_project = |path: &Utf8PathBuf| instance.project.join(path);
        let source = |input: &'a Input| -> Result<_, Failure> {
            Ok((input.name.as_str(), Source { node: node(&input.node, instance)?, from: &input.process }))
        };
        Ok(Self {
            version: VERSION,
            nonce: folder.path().file_name().unwrap_or_default().to_owned(),
            mode: match mode {
                Mode::Process => "process",
                Mode::Split(_) => "split",
                Mode::Chart(_) => "chart",
            },
            label: instance.label(),
            path: instance.canonical(),
            project_root: &instance.project,
            project_id: &plan.project,
            script: script.map(in_project),
            function,
            script_folders: plan.folders.iter().map(in_project).collect(),
            work: folder.files(),
            out: folder.out(),
            result: folder.result(),
            inputs: inputs.iter().map(source).collect::<Result<_, _>>()?,
            parameters: &plan.parameters,
            not_taken: not_taken(instance, &whole.all, inputs),
            random_seed: instance.random_seed(),
            seed_layer: instance.is_in_seed_layer(),
            rng_seed: instance.rng_seed(),
            seeds: match &plan.opens {
                Some(Opens::Seed(seeds)) => Some(seeds),
                _ => None,
            },
            failed: plan.inputs.iter().any(Upstream::is_gathered).then(|| kinds(&whole.failed)),
            cpus: folder.allotment.cpus,
            data_paths: plan.data.iter().map(|(name, path)| (name.as_str(), in_project(path))).collect(),
            split: match (mode, &plan.opens) {
                (Mode::Split(there), Some(opens)) => split(instance, opens, there),
                _ => None,
            },
            chart: chart(instance, mode),
        })
    }
}

/// What the function could ask for but does not: for the message when it asks for something else.
fn not_taken(instance: &Instance, all: &[Input], inputs: &[Input]) -> Vec<String> {
    let is_taken = |name: &String| inputs.iter().any(|input| input.name == *name);
    let keys = all.iter().map(|input| input.name.clone()).filter(|name| !is_taken(name));
    keys.chain(instance.plan.other_parameters.iter().cloned()).collect()
}

fn chart<'a>(instance: &'a Instance, mode: &'a Mode) -> Option<Chart<'a>> {
    let Mode::Chart(metrics) = mode else { return None };
    let aliases = crate::exec::state::metrics::aliases(instance);
    let aliases = aliases.into_iter().map(|(alias, key)| (alias.to_owned(), Json::from(key))).collect();
    Some(Chart { name: &instance.plan.process, metrics, aliases, theme: "light", run_id: "build" })
}

fn split<'a>(instance: &Instance, opens: &'a Opens, there: &[Option<Value>]) -> Option<Split<'a>> {
    let build = instance.project.join(instance.layout.build());
    let there = there.iter().map(|value| {
        let value = value.as_ref()?;
        let file = build.join(&value.file);
        Some(serde_json::json!({"file": file, "format": value.format, "digest": value.digest}))
    });
    let Opens::Data { size, by, key } = opens else { return None };
    let size = match size {
        Size::Equal(count) => serde_json::json!({"equal": count}),
        Size::Counts(counts) => serde_json::json!({"counts": counts}),
        Size::Shares(shares) => {
            serde_json::json!({"shares": shares.iter().map(Share::to_string).collect::<Vec<_>>()})
        }
    };
    let by = match by {
        By::Rows => Json::from("rows"),
        By::RoundRobin => Json::from("round_robin"),
        By::HashRow => Json::from("hash"),
        By::Hash(columns) => serde_json::json!({"hash": columns}),
        By::Group(columns) => serde_json::json!({"group": columns}),
        By::Stratify(columns) => serde_json::json!({"stratify": columns}),
        By::Shuffle { seed, group } => serde_json::json!({"shuffle": seed, "group": group}),
        By::Range(column) => serde_json::json!({"range": column}),
        By::Value(column) => serde_json::json!({"value": column}),
    };
    Some(Split { data_name: key.as_deref(), size, by, there: there.collect() })
}

/// Whether files may be memory-mapped: beyond a launcher, pages of a mapped file may vanish.
fn may_be_mapped() -> bool {
    Launcher::chosen().is_none()
}

fn node<'a>(node: &'a Made, instance: &Instance) -> Result<Node<'a>, Failure> {
    match node {
        Made::One(value) => {
            let path = instance.layout.build().join(&value.file);
            let file = crate::file::context(path.canonicalize_utf8(), "find", &path)?;
            Ok(Node::One { file, format: &value.format, map: may_be_mapped() })
        }
        Made::Gathered(list) => {
            let list = list.iter().map(|(arm, inner)| Ok((arm.label(), self::node(inner, instance)?)));
            Ok(Node::Gathered { gather: list.collect::<Result<_, Failure>>()? })
        }
    }
}
