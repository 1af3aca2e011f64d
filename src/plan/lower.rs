//! Graph to plan: which command makes which file from which.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Action, Environment, Group, Plan, PlanText, plan_files};
use crate::file;
use crate::graph::{Address, Graph};
use crate::layout::{Folder, Layout};
use crate::pipeline::{ProcessId, Work};
use crate::probe::Probes;

/// What the command line decides about the generated file. Paths are relative to the project's folder.
#[derive(Clone, Debug)]
pub struct Options {
    /// The project file.
    pub source: Utf8PathBuf,
    /// The build folder.
    pub build: Utf8PathBuf,
    /// The generated file.
    pub output: Utf8PathBuf,
    /// The project's folder, seen from where the build tool runs; empty if it is the same.
    pub root: Utf8PathBuf,
    /// What comes before every name that could clash in an outer build.
    pub prefix: String,
    /// The interpreter that environments are made with.
    pub python: String,
    /// The words that make the generated file again: `compile` and its flags.
    pub compile: Vec<String>,
}

/// Plans the build of a graph.
pub fn lower(graph: Graph<'_>, probes: &Probes, code: &plan_files::Codes, options: &Options) -> Plan {
    let lowering = Lowering { graph, probes, code, options, layout: Layout::new(options.build.clone()) };
    let location = match options.root.as_str() {
        "" => Vec::new(),
        root => vec!["-C".to_owned(), root.to_owned()],
    };
    let exec_flags = match options.build.as_str() {
        "build" => Vec::new(),
        build => vec!["--build-dir".to_owned(), build.to_owned()],
    };
    let pipeline = graph.pipeline;
    let uses_interpreter = pipeline.processes.iter().any(|p| p.environment.is_none() && needs_python(&p.work));
    Plan {
        source: lowering.seen(&options.source),
        compile: [location.as_slice(), &options.compile].concat(),
        location,
        exec_flags,
        output: lowering.seen(&options.output),
        sources: code.sources.iter().map(|path| lowering.seen(path)).collect(),
        plan_files: lowering.plan_texts(),
        interpreter: uses_interpreter.then(|| lowering.seen(&lowering.layout.environment_stamp(""))),
        compiled: lowering.seen(&lowering.layout.compiled()),
        environments: lowering.environments(),
        groups: pipeline.iter().map(|(id, _)| lowering.group(id)).collect(),
        prefix: options.prefix.clone(),
        root: options.root.clone(),
    }
}

struct Lowering<'a> {
    graph: Graph<'a>,
    probes: &'a Probes,
    code: &'a plan_files::Codes,
    options: &'a Options,
    layout: Layout,
}

impl Lowering<'_> {
    /// A path of the project as the build tool sees it.
    fn seen(&self, path: &Utf8Path) -> Utf8PathBuf {
        file::normal(&self.options.root.join(path))
    }

    fn plan_texts(&self) -> Vec<PlanText> {
        let text = |(id, process): (ProcessId, &crate::pipeline::Process)| PlanText {
            path: self.seen(&self.layout.plan(&process.name)),
            text: plan_files::text(self.graph, self.probes, self.code, id),
        };
        let environment = |environment: &crate::pipeline::Environment| PlanText {
            path: self.seen(&self.layout.environment_plan(&environment.name)),
            text: plan_files::environment_text(environment, &self.options.python),
        };
        let environments = self.graph.pipeline.environments.iter().map(environment);
        self.graph.pipeline.iter().map(text).chain(environments).collect()
    }

    fn environments(&self) -> Vec<Environment> {
        let environment = |environment: &crate::pipeline::Environment| {
            let plan = self.layout.environment_plan(&environment.name);
            let inputs = [&plan].into_iter().chain(&environment.requirements);
            Environment {
                name: environment.name.clone(),
                stamp: self.seen(&self.layout.environment_stamp(&environment.name)),
                record: self.seen(&Folder(self.layout.environment(&environment.name)).record()),
                inputs: inputs.map(|path| self.seen(path)).collect(),
            }
        };
        self.graph.pipeline.environments.iter().map(environment).collect()
    }

    fn group(&self, id: ProcessId) -> Group {
        let process = self.graph.pipeline.process(id);
        let mut shared = vec![self.layout.plan(&process.name)];
        if needs_python(&process.work) {
            let name = process.environment.map_or("", |e| &self.graph.pipeline.environments[e.0].name);
            shared.push(self.layout.environment_stamp(name));
        }
        shared.extend(process.files.iter().cloned());
        if plan_files::observes_data(process, self.code, id) {
            shared.extend(self.graph.pipeline.data_path.clone());
        }
        if let Work::DynamicChart(script) = &process.work {
            shared.push(script.clone());
        }
        let target = format!("{}{}", self.options.prefix, Layout::target(&process.name, &[]));
        Group {
            process: process.name.clone(),
            description: process.description.as_deref().map(one_line).filter(|text| !text.is_empty()),
            shared: unique(shared.iter().map(|path| self.seen(path))),
            actions: self.graph.instances(id).map(|instance| self.action(&instance)).collect(),
            target,
        }
    }

    fn action(&self, instance: &Address) -> Action {
        let graph = self.graph;
        let process = graph.pipeline.process(instance.process);
        let arms = graph.arms(instance);
        let name = Layout::instance(&process.name, &arms);
        let folder = self.layout.folder(&name);
        let inputs = match self.probes.of(instance.process) {
            Some(probes) => probes.iter().map(|probe| graph.outlets(&probe.instance).swap_remove(0)).collect(),
            None => graph.edges(instance.process).flat_map(|edge| graph.inputs(instance, &edge)).collect::<Vec<_>>(),
        };
        let stamps = graph.outlets(instance);
        let products: Vec<_> = match &process.work {
            Work::Shell(shell) if process.opens.is_none() => {
                shell.outputs.iter().map(|(_, file)| self.seen(&folder.out().join(file))).collect()
            }
            _ => Vec::new(),
        };
        Action {
            path: graph.path(instance),
            label: graph.label(instance),
            target: format!("{}{}", self.options.prefix, Layout::target(&process.name, &arms)),
            folder: self.seen(&folder.0),
            inputs: unique(inputs.iter().map(|address| self.stamp(address))),
            stamps: stamps.iter().map(|address| self.stamp(address)).collect(),
            products,
            instance: name,
        }
    }

    fn stamp(&self, address: &Address) -> Utf8PathBuf {
        let name = &self.graph.pipeline.process(address.process).name;
        let instance = Layout::instance(name, &self.graph.arms(address));
        self.seen(&self.layout.folder(&instance).stamp())
    }
}

/// Whether an instance starts Python: also where a split may have to cut a value that only Python
/// understands.
fn needs_python(work: &Work) -> bool {
    !matches!(work, Work::Shell(_) | Work::DynamicChart(_))
}

/// The paths, each once, in the order of their first appearance.
fn unique(paths: impl Iterator<Item = Utf8PathBuf>) -> Vec<Utf8PathBuf> {
    let mut seen = BTreeSet::new();
    paths.filter(|path| seen.insert(path.clone())).collect()
}

/// The first line, without the blanks around it: a comment in a generated file is one line.
fn one_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or("").trim_end().to_owned()
}
