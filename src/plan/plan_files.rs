//! The text of plan files.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use serde::Serialize;
use serde_json::Map;

use super::model::Discoveries;
use crate::digest::Digest;
use crate::graph::{Edge, Graph};
use crate::layout::Layout;
use crate::pipeline::{Environment, Fan, Function, LayerId, Pipeline, Process, ProcessId, Work};
use crate::plan_file::{EnvironmentPlan, Opens, PlanFile, Probe, Upstream, VERSION, Work as PlannedWork};
use crate::probe::Probes;

/// What the scripts yield: the digest of what each Python process reaches, and what was read to compute it.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    /// Digest by process.
    pub digests: BTreeMap<ProcessId, Digest>,
    /// What each process imports from libraries that a worker may import ahead.
    pub libraries: BTreeMap<ProcessId, BTreeMap<String, BTreeSet<String>>>,
    /// The processes whose code may open files on its own.
    pub reads_files: BTreeSet<ProcessId>,
    /// Folders from which the project's modules are imported, relative to the project.
    pub folders: Vec<Utf8PathBuf>,
    /// Every file that the compiler read, relative to the project.
    pub sources: Vec<Utf8PathBuf>,
    /// Folders in which an added or removed module means that the compiler must run again.
    pub module_folders: Vec<Utf8PathBuf>,
    /// The sources and folders that the project file does not name.
    pub found: Discoveries,
    /// Declared modules that do not exist yet. An enclosing build may make them; the compiler reads them, so it then
    /// has to wait for them.
    pub promised: BTreeSet<Utf8PathBuf>,
    /// What is in the folders that processes read, at any depth, and what requirement files refer to.
    pub inside: BTreeMap<Utf8PathBuf, Vec<Utf8PathBuf>>,
    /// The digests of the variables that stand in requirement files.
    pub variables: BTreeMap<Utf8PathBuf, BTreeMap<String, Digest>>,
}

impl Codes {
    /// A declared file with what belongs to it, whose changes do not show in its own time stamp.
    pub(super) fn with_inside<'a>(&'a self, path: &'a Utf8PathBuf) -> impl Iterator<Item = &'a Utf8PathBuf> {
        [path].into_iter().chain(self.inside.get(path).into_iter().flatten())
    }
}

/// Whether the instances of a process can observe the content of the project's data file. Only those outside every data
/// layer can: within one, a process sees its partition. Of these
/// - a source does: its data has to come from somewhere;
/// - a Python process with upstreams does only if its code may open files on its own, so that it does not run when the
///   file changes but the rows that reach it do not;
/// - a shell command does: nobody can tell which files a program opens;
/// - what expops does by itself does not.
pub(super) fn observes_data(process: &Process, code: &Codes, id: ProcessId) -> bool {
    let may_open = match &process.work {
        Work::Merge | Work::DynamicChart(_) => false,
        Work::Shell(_) => true,
        Work::Python(_) => {
            code.reads_files.contains(&id) || process.upstreams.is_empty() && process.chart.is_none()
        }
    };
    process.place.data.is_empty() && may_open
}

/// The plan file of the process `id`, as indented JSON.
pub(super) fn text(graph: Graph<'_>, probes: &Probes, code: &Codes, id: ProcessId) -> String {
    let pipeline = graph.pipeline;
    let process = pipeline.process(id);
    let plan = PlanFile {
        version: VERSION,
        project: pipeline.name.clone(),
        process: process.name.clone(),
        data_depth: process.place.data.len(),
        work: work(process, code, id),
        opens: process.opens.map(|layer| opens(&pipeline.layer(layer).fan)),
        parameters: process.parameters.iter().cloned().collect::<Map<_, _>>(),
        other_parameters: process.other_parameters.clone(),
        random_seed: process.random_seed,
        // A split without code also reads instances of the project's classes.
        folders: match process.work {
            Work::Python(_) | Work::Merge => code.folders.clone(),
            Work::Shell(_) | Work::DynamicChart(_) => Vec::new(),
        },
        environment: process
            .environment
            .map_or_else(String::new, |e| pipeline.environments[e.0].name.clone()),
        settings: process.settings.clone(),
        listed: read(process, pipeline).filter(|path| code.inside.contains_key(*path)).cloned().collect(),
        data: pipeline.data.clone(),
        observes_data: observes_data(process, code, id) && !pipeline.data.is_empty(),
        written: process.written.clone(),
        renames: process.renames.clone(),
        inputs: match probes.of(id) {
            Some(_) => Vec::new(),
            None => graph.edges(id).map(|edge| input(graph, &edge)).collect(),
        },
        probes: probes.of(id).map(|list| list.iter().map(|probe| planned(graph, probe)).collect()),
    };
    json(&plan)
}

/// The files of the project that the process reads or may read.
fn read<'p>(process: &'p Process, pipeline: &'p Pipeline) -> impl Iterator<Item = &'p Utf8PathBuf> {
    process.settings.files.iter().chain(pipeline.data.values())
}

/// The plan file of an environment.
pub(super) fn environment_text(environment: &Environment, code: &Codes, python: &str) -> String {
    let python = environment.python.as_deref().unwrap_or(python).to_owned();
    let requirements = environment.requirements.clone();
    let variables = requirements.iter().filter_map(|file| code.variables.get(file)).flatten();
    let variables = variables.map(|(name, digest)| (name.clone(), *digest)).collect();
    json(&EnvironmentPlan { python, requirements, variables })
}

fn json(plan: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(plan).expect("a plan file has string keys only");
    text.push('\n');
    text
}

fn work(process: &Process, code: &Codes, id: ProcessId) -> PlannedWork {
    match &process.work {
        Work::Python(Function { script, name, takes, inputs, outputs, .. }) => PlannedWork::Python {
            script: script.clone(),
            function: name.clone(),
            code: code.digests[&id],
            takes: takes.clone(),
            inputs: inputs.clone(),
            outputs: outputs.clone(),
            libraries: code.libraries.get(&id).cloned().unwrap_or_default(),
        },
        Work::Shell(shell) => {
            PlannedWork::Shell { command: shell.command.clone(), outputs: shell.outputs.clone() }
        }
        Work::Merge => PlannedWork::Merge,
        Work::DynamicChart(script) => PlannedWork::DynamicChart { script: script.clone() },
    }
}

fn opens(fan: &Fan) -> Opens {
    match fan {
        Fan::Data { size, by, key } => Opens::Data { size: size.clone(), by: by.clone(), key: key.clone() },
        Fan::Seed(seeds) => Opens::Seed(seeds.clone()),
    }
}

fn input(graph: Graph<'_>, edge: &Edge) -> Upstream {
    let arms = |layer: LayerId| {
        let layer = graph.pipeline.layer(layer);
        (0..layer.len()).map(|arm| layer.arm(arm)).collect()
    };
    Upstream {
        process: graph.pipeline.process(edge.from).name.clone(),
        data_depth: edge.data,
        seed_depth: edge.seed,
        gather_data: edge.gather_data.map(arms),
        gather_seed: edge.gather_seed.map(arms),
    }
}

fn planned(graph: Graph<'_>, probe: &crate::probe::Resolved) -> Probe {
    let process = &graph.pipeline.process(probe.instance.process).name;
    Probe {
        key: probe.key.clone(),
        instance: Layout::instance(process, &graph.arms(&probe.instance)),
        step: probe.step.clone(),
        alias: probe.alias.clone(),
    }
}
