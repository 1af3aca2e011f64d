//! Calls a Python function through the runtime that the compiler left in the build folder. One JSON
//! file goes in, one comes out; the other half is `src/python/expops/_run.py`.

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::child;
use super::failure::Failure;
use super::inputs::{Input, Lookahead};
use super::instance::Instance;
use super::run_folder::RunFolder;
use super::value::{Node, Value};
use crate::digest::Digest;
use crate::plan_file::{Opens, Work};
use crate::size::{By, Share, Size};

/// What is asked of the runtime.
pub(super) enum Mode {
    /// Call the process's function.
    Process,
    /// Call it, if there is one, and cut the value of a key into partitions. Of those that are there already
    /// as this says, by number, none is stored again.
    Split(Vec<Option<Value>>),
    /// Call a chart function with these metrics.
    Chart(Json),
}

/// What the runtime has to say.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    /// The values that the function returned; files relative to the run's `out` folder.
    #[serde(default)]
    pub outputs: Vec<Output>,
    /// The partitions that were cut; files relative to `out`.
    #[serde(default)]
    pub partitions: Vec<Output>,
    /// Metrics of the process.
    #[serde(default)]
    pub metrics: Json,
    /// Metrics of its steps, by name.
    #[serde(default)]
    pub steps: Json,
    /// The key whose value a splitter returned as a path: an output that is to be cut natively.
    #[serde(default)]
    pub native: Option<String>,
    /// What went wrong.
    #[serde(default)]
    error: Option<Error>,
}

/// A value that a function returned, or a partition of one.
#[derive(Debug, Deserialize)]
pub(super) struct Output {
    pub key: String,
    /// The file, relative to `out`; none if it is a partition that is there already.
    pub file: Option<Utf8PathBuf>,
    /// How it is stored.
    pub format: String,
    /// What a reader of it can observe, where only Python can tell.
    #[serde(default)]
    pub digest: Option<Digest>,
    /// Its rows.
    #[serde(default)]
    pub rows: Option<u64>,
    /// The project's classes and functions that it consists of: files and names.
    #[serde(default)]
    pub code: Vec<(Utf8PathBuf, String)>,
    /// Absolute paths in it whose bytes do not lie together.
    #[serde(default)]
    pub paths: Vec<Utf8PathBuf>,
}

impl Answer {
    /// The text of `metrics.json`, if anything was logged.
    pub(super) fn metrics_text(&self) -> Option<String> {
        let is_empty = |json: &Json| json.as_object().is_none_or(Map::is_empty);
        if is_empty(&self.metrics) && is_empty(&self.steps) {
            return None;
        }
        let steps = if is_empty(&self.steps) { json!({}) } else { self.steps.clone() };
        let metrics = if is_empty(&self.metrics) { json!({}) } else { self.metrics.clone() };
        let all = json!({"metrics": metrics, "steps": steps});
        serde_json::to_string_pretty(&all).ok().map(|text| text + "\n")
    }
}

#[derive(Debug, Deserialize)]
struct Error {
    message: String,
    text: String,
}

impl Error {
    /// The text without the message at its end, which stands above it already.
    fn frames(&self) -> &str {
        let text = self.text.trim_end();
        text.strip_suffix(self.message.trim_end()).unwrap_or(text).trim_end()
    }
}

/// Runs Python for an instance.
pub(super) fn run(
    instance: &Instance,
    mode: &Mode,
    inputs: &[Input],
    folder: &RunFolder,
    python: &str,
) -> Result<Answer, Failure> {
    let request = folder.path().join("request.json");
    let result = folder.path().join("result.json");
    let text = self::request(instance, mode, inputs, folder, &result)?.to_string();
    crate::file::write_if_changed(&request, text.as_bytes())?;
    let runtime = instance.layout.python();
    if !runtime.join("expops/_run.py").exists() {
        return Err(Failure::new(format!("`{runtime}` is missing")).help("run `expops compile` again"));
    }
    let runtime = absolute(&runtime)?;
    let log = instance.folder.log();
    let program = if python.contains('/') { instance.project.join(python) } else { python.into() };
    let mut command = Command::new(program);
    command
        .arg(runtime.join("expops/_run.py"))
        .arg(&request)
        .current_dir(folder.files())
        .env("PYTHONHASHSEED", "0")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("EXPOPS_PROJECT_ROOT", &instance.project);
    let mut status = child::run(&mut command, instance.plan.settings.cpus(), &log)?;
    if !result.exists() && child::tail(&log).contains("in _compile_bytecode") {
        // Python cuts the bytecode of our modules short on a full disk and stumbles over it for ever after.
        // No code of the user's has run.
        crate::file::remove(&runtime.join("expops/__pycache__"))?;
        status = child::run(&mut command, instance.plan.settings.cpus(), &log)?;
    }
    let answer =
        std::fs::read_to_string(&result).ok().and_then(|text| serde_json::from_str::<Answer>(&text).ok());
    match answer {
        Some(Answer { error: Some(error), .. }) => {
            let detail = error.frames().to_owned();
            Err(Failure::new(error.message).detail(detail).log(log.as_str()))
        }
        Some(answer) if status.success() => Ok(answer),
        _ => {
            let message = format!("Python ended without a result: {}", child::describe(status));
            Err(Failure::new(message).detail(child::tail(&log)).log(log.as_str()))
        }
    }
}

fn request(
    instance: &Instance,
    mode: &Mode,
    inputs: &[Input],
    folder: &RunFolder,
    result: &Utf8Path,
) -> Result<Json, Failure> {
    let plan = &instance.plan;
    let (script, function) = match &plan.work {
        Work::Python { script, function, .. } => (Some(script), Some(function)),
        _ => (None, None),
    };
    let in_project = |path: &Utf8PathBuf| instance.project.join(path);
    let input = |input: &Input| -> Result<Json, Failure> {
        let mut node = node(&input.node, instance)?;
        node["from"] = json!(input.process);
        Ok(json!([input.name, node]))
    };
    let listed: Result<Vec<_>, Failure> = inputs.iter().map(input).collect();
    Ok(json!({
        "version": 1,
        "mode": match mode { Mode::Process => "process", Mode::Split(_) => "split", Mode::Chart(_) => "chart" },
        "label": instance.label(),
        "path": instance.canonical(),
        "project_root": instance.project,
        "project_id": plan.project,
        "script": script.map(in_project),
        "function": function,
        "script_folders": plan.folders.iter().map(in_project).collect::<Vec<_>>(),
        "work": folder.files(),
        "out": folder.out(),
        "result": result,
        "inputs": listed?,
        "parameters": plan.parameters,
        "not_taken": not_taken(instance, inputs),
        "random_seed": instance.random_seed(),
        "seed_layer": instance.is_in_seed_layer(),
        "rng_seed": instance.rng_seed(),
        "seeds": match &plan.opens { Some(Opens::Seed(seeds)) => json!(seeds), _ => Json::Null },
        "cpus": plan.settings.cpus(),
        "data_paths": plan.data.iter().map(|(name, path)| (name.clone(), json!(in_project(path)))).collect::<Map<_, _>>(),
        "split": match (mode, &plan.opens) { (Mode::Split(there), Some(opens)) => split(instance, opens, there), _ => Json::Null },
        "chart": match mode { Mode::Chart(metrics) => chart(instance, metrics), _ => Json::Null },
    }))
}

/// What the function could ask for and does not: for the message when it asks for something else.
fn not_taken(instance: &Instance, inputs: &[Input]) -> Vec<String> {
    let is_taken = |name: &String| inputs.iter().any(|input| input.name == *name);
    let all = instance.inputs(&Lookahead::default()).unwrap_or_default();
    let keys = all.into_iter().map(|input| input.name).filter(|name| !is_taken(name));
    keys.chain(instance.plan.other_parameters.iter().cloned()).collect()
}

fn chart(instance: &Instance, metrics: &Json) -> Json {
    let aliases = super::metrics::aliases(instance);
    let name = &instance.plan.process;
    json!({"name": name, "metrics": metrics, "aliases": aliases, "theme": "light", "run_id": "build"})
}

fn split(instance: &Instance, opens: &Opens, there: &[Option<Value>]) -> Json {
    let build = instance.project.join(instance.layout.build());
    let there = there.iter().map(|value| {
        value.as_ref().map(
            |value| json!({"file": build.join(&value.file), "format": value.format, "digest": value.digest}),
        )
    });
    let Opens::Data { size, by, key } = opens else { return Json::Null };
    let size = match size {
        Size::Equal(count) => json!({"equal": count}),
        Size::Counts(counts) => json!({"counts": counts}),
        Size::Shares(shares) => json!({"shares": shares.iter().map(Share::to_string).collect::<Vec<_>>()}),
    };
    let by = match by {
        By::Rows => json!("rows"),
        By::RoundRobin => json!("round_robin"),
        By::HashRow => json!("hash"),
        By::Hash(columns) => json!({"hash": columns}),
        By::Group(columns) => json!({"group": columns}),
        By::Stratify(columns) => json!({"stratify": columns}),
        By::Shuffle { seed, group } => json!({"shuffle": seed, "group": group}),
        By::Range(column) => json!({"range": column}),
    };
    json!({"data_name": key, "size": size, "by": by, "there": there.collect::<Vec<_>>()})
}

fn node(node: &Node, instance: &Instance) -> Result<Json, Failure> {
    match node {
        Node::One(value) => {
            let file = absolute(&instance.layout.build().join(&value.file))?;
            Ok(json!({"file": file, "format": value.format, "map": may_be_mapped()}))
        }
        Node::Gathered(list) => {
            let list: Result<Vec<_>, Failure> = list
                .iter()
                .map(|(arm, inner)| Ok(json!([arm.label(), self::node(inner, instance)?])))
                .collect();
            Ok(json!({"gather": list?}))
        }
    }
}

/// Whether files may be mapped: on the far side of a launcher pages of one may go away.
fn may_be_mapped() -> bool {
    std::env::var_os("EXPOPS_LAUNCHER").is_none_or(|launcher| launcher.is_empty())
}

fn absolute(path: &Utf8Path) -> Result<Utf8PathBuf, Failure> {
    Ok(crate::file::context(path.canonicalize_utf8(), "find", path)?)
}
