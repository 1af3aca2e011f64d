//! Lowers a graph to a plan: which command makes which file from which.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::instances::{Actions, Common, Instances, products};
use super::model::{Discoveries, Environment, Export, Group, Modules, Plan, PlanText, Shared};
use super::plan_files;
use crate::defaults;
use crate::file;
use crate::graph::Graph;
use crate::layout::{self, Folder, Layout};
use crate::pipeline::{self, Pipeline, Process, ProcessId, Work};
use crate::probe::Probes;
use crate::quote;
use crate::settings::OnFailure;

/// What the command line decides about the generated file. Paths are relative to the project's folder.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The project file.
    pub source: Utf8PathBuf,
    /// The build folder.
    pub build: Utf8PathBuf,
    /// The generated file.
    pub output: Utf8PathBuf,
    /// The project's folder, relative to where the build tool runs; empty if it is the same.
    pub root: Utf8PathBuf,
    /// Where the build tool runs, relative to the folder of the generated file; empty if it is the same.
    pub up: Utf8PathBuf,
    /// The prefix of every name that could clash in an enclosing build.
    pub prefix: String,
    /// The interpreter for creating environments.
    pub python: String,
    /// The arguments that regenerate the generated file: `compile` and its flags.
    pub compile: Vec<String>,
}

/// Plans the build of a pipeline that has been expanded.
pub(crate) fn lower(
    pipeline: &Arc<Pipeline>,
    probes: &Arc<Probes>,
    code: &plan_files::Codes,
    options: &Options,
) -> Plan {
    let (graph, layout) = (Graph { pipeline }, Layout::new(options.build.clone()));
    let common = |(id, _): (ProcessId, &Process)| Common::of(id, graph, &layout, &options.root);
    let instances = Arc::new(Instances {
        common: pipeline.iter().map(common).collect(),
        pipeline: Arc::clone(pipeline),
        probes: Arc::clone(probes),
        layout,
        root: options.root.clone(),
        prefix: options.prefix.clone(),
        taken: taken(pipeline, code, options),
        drops: pipeline.processes.iter().any(|p| p.settings.on_failure == Some(OnFailure::Drop)),
    });
    let lowering = Lowering { graph, instances: &instances, layout: &instances.layout, code, options };
    let location = match options.root.as_str() {
        "" => Vec::new(),
        root => vec!["-C".to_owned(), quote::operand(root)],
    };
    let exec_flags = match options.build.as_str() {
        defaults::BUILD => Vec::new(),
        build => vec!["--build-dir".to_owned(), quote::operand(build)],
    };
    let output = lowering.seen(&options.output);
    // It is needed to create environments.
    let uses_interpreter = !pipeline.environments.is_empty()
        || pipeline.processes.iter().any(|p| p.environment.is_none() && needs_python(&p.work));
    Plan {
        source: lowering.seen(&options.source),
        compile: [location.as_slice(), &options.compile].concat(),
        location,
        exec_flags,
        output: output.clone(),
        sources: lowering.sources(),
        modules: lowering.modules(),
        found: lowering.found(),
        depfile: lowering.seen(&lowering.layout.depfile(&output)),
        plan_files: lowering.plan_texts(),
        interpreter: uses_interpreter.then(|| lowering.seen(&lowering.layout.environment_stamp(""))),
        program: lowering.seen(&lowering.layout.program()),
        proof: lowering.seen(&lowering.layout.proof(&output)),
        build: lowering.seen(&options.build),
        verdict: instances.verdict(""),
        always: lowering.always(),
        environments: lowering.environments(),
        groups: pipeline.iter().map(|(id, _)| Arc::new(lowering.group(id))).collect(),
        order: order(pipeline),
        prefix: options.prefix.clone(),
        root: options.root.clone(),
        up: options.up.clone(),
    }
}

/// The positions of the processes in dependency order; a chart depends on what it plots.
fn order(pipeline: &Pipeline) -> Vec<usize> {
    let is_chart = |id: &ProcessId| pipeline.process(*id).chart.is_some();
    let (charts, others): (Vec<_>, Vec<_>) = pipeline.order.iter().copied().partition(is_chart);
    others.into_iter().chain(charts).map(|id| id.0).collect()
}

/// The names that no process's target can have: files and folders of the project, and `all`.
fn taken(pipeline: &Pipeline, code: &plan_files::Codes, options: &Options) -> HashSet<Utf8PathBuf> {
    let processes = pipeline.processes.iter().flat_map(|process| &process.settings.files);
    let environments = pipeline.environments.iter().flat_map(|environment| &environment.requirements);
    let exports = pipeline.processes.iter().flat_map(|process| &process.exports).map(|export| &export.to);
    let folders = code.module_folders.iter().chain(&code.found.folders);
    let files =
        [&options.output].into_iter().chain(&code.sources).chain(folders).chain(pipeline.data.values());
    let all = Utf8PathBuf::from(format!("{}all", options.prefix));
    files
        .chain(processes)
        .chain(environments)
        .chain(exports)
        .map(|path| file::normal(&options.root.join(path)))
        .chain([all])
        .collect()
}

struct Lowering<'a> {
    graph: Graph<'a>,
    instances: &'a Arc<Instances>,
    layout: &'a Layout,
    code: &'a plan_files::Codes,
    options: &'a Options,
}

impl Lowering<'_> {
    /// A path of the project as the build tool sees it.
    fn seen(&self, path: &Utf8Path) -> Utf8PathBuf {
        self.instances.seen(path)
    }

    /// What the compiler reads, including what another build has yet to make.
    fn sources(&self) -> Vec<Utf8PathBuf> {
        let is_hosted = !self.options.prefix.is_empty() || !self.options.root.as_str().is_empty();
        let promised = self.code.promised.iter().filter(|_| is_hosted);
        self.code.sources.iter().chain(promised).map(|path| self.seen(path)).collect()
    }

    fn modules(&self) -> Vec<Modules> {
        let modules = |folder: &Utf8PathBuf| {
            let made = self.layout.modules(folder);
            Modules {
                name: folder.to_string(),
                folder: self.seen(folder),
                stamp: self.seen(&made.stamp()),
                record: self.seen(&made.record()),
            }
        };
        self.code.module_folders.iter().map(modules).collect()
    }

    fn found(&self) -> Discoveries {
        let seen = |paths: &[Utf8PathBuf]| paths.iter().map(|path| self.seen(path)).collect();
        Discoveries { modules: seen(&self.code.found.modules), folders: seen(&self.code.found.folders) }
    }

    /// The file that instances which run in every build depend on, if there are any.
    fn always(&self) -> Option<Utf8PathBuf> {
        let mut processes = self.graph.pipeline.processes.iter();
        processes.any(|process| process.settings.always).then(|| self.seen(&self.layout.always()))
    }

    fn plan_texts(&self) -> Vec<PlanText> {
        let text = |(id, process): (ProcessId, &crate::pipeline::Process)| PlanText {
            path: self.seen(&self.layout.plan(&process.name)),
            text: plan_files::text(self.graph, &self.instances.probes, self.code, id),
        };
        let environment = |environment: &crate::pipeline::Environment| PlanText {
            path: self.seen(&self.layout.environment_plan(&environment.name)),
            text: plan_files::environment_text(environment, self.code, &self.options.python),
        };
        let environments = self.graph.pipeline.environments.iter().map(environment);
        let instances = self.instances.drops.then(|| self.stamp_folders());
        self.graph.pipeline.iter().map(text).chain(environments).chain(instances).collect()
    }

    /// The folders of all stamps: searching for instances that were left out would also find folders of others.
    fn stamp_folders(&self) -> PlanText {
        let mut text = String::new();
        for (id, _) in self.graph.pipeline.iter() {
            for address in self.graph.instances(id).flat_map(|instance| self.graph.outlets(&instance)) {
                let name = &self.graph.pipeline.process(address.process).name;
                text += &Layout::instance(name, &self.graph.arms(&address));
                text.push('\n');
            }
        }
        PlanText { path: self.seen(&self.layout.instances()), text }
    }

    fn environments(&self) -> Vec<Environment> {
        let environment = |environment: &crate::pipeline::Environment| {
            let plan = self.layout.environment_plan(&environment.name);
            let interpreter = self.layout.environment_stamp("");
            let files = environment.requirements.iter().flat_map(|path| self.code.with_inside(path));
            let inputs = [&plan, &interpreter].into_iter().chain(files);
            Environment {
                name: environment.name.clone(),
                folder: layout::component(&environment.name),
                stamp: self.seen(&self.layout.environment_stamp(&environment.name)),
                record: self.seen(&Folder(self.layout.environment(&environment.name)).record()),
                inputs: inputs.map(|path| self.seen(path)).collect(),
            }
        };
        self.graph.pipeline.environments.iter().map(environment).collect()
    }

    fn group(&self, id: ProcessId) -> Group {
        let process = self.graph.pipeline.process(id);
        let name = layout::component(&process.name);
        Group {
            process: process.name.clone(),
            description: process.description.as_deref().map(one_line).filter(|text| !text.is_empty()),
            reads: can_read(&process.work).then(|| self.seen(&self.layout.reads(&name))),
            verdict: self.instances.verdict(&name),
            shared: self.shared(id, name),
            exports: self.exports(process),
            actions: Actions::of(self.instances, id),
            target: self.instances.target(&process.name, &[]),
        }
    }

    /// The copies of what a process outside all layers makes.
    fn exports(&self, process: &Process) -> Vec<Export> {
        let out = self.layout.folder(&Layout::instance(&process.name, &[])).out();
        let products = products(process);
        let export = |export: &pipeline::Export| {
            let made = products.iter().find(|(key, _)| *key == export.key);
            let from = out.join(made.map_or(Utf8Path::new(""), |(_, file)| file));
            Export {
                words: [quote::operand(from.as_str()), quote::operand(export.to.as_str())],
                from: self.seen(&from),
                to: self.seen(&export.to),
                stamp: self.seen(&self.layout.exported(&export.to)),
            }
        };
        process.exports.iter().map(export).collect()
    }

    fn shared(&self, id: ProcessId, name: String) -> Shared {
        let process = self.graph.pipeline.process(id);
        let mut inputs = vec![self.layout.plan_of(&name)];
        // A shell command needs an environment only if it names one.
        if needs_python(&process.work)
            || (process.environment.is_some() && matches!(process.work, Work::Shell(_)))
        {
            let name = process.environment.map_or("", |e| &self.graph.pipeline.environments[e.0].name);
            inputs.push(self.layout.environment_stamp(name));
        }
        let data = self.graph.pipeline.data.values();
        let data = data.filter(|_| plan_files::observes_data(process, self.code, id));
        let files = process.settings.files.iter().chain(data);
        inputs.extend(files.flat_map(|path| self.code.with_inside(path)).cloned());
        if let Work::DynamicChart(script) = &process.work {
            inputs.push(script.clone());
        }
        let folder = self.layout.shared(&name);
        Shared {
            name,
            stamp: self.seen(&folder.stamp()),
            record: self.seen(&folder.record()),
            inputs: unique(inputs.iter().map(|path| self.seen(path))),
        }
    }
}

/// Whether an instance starts Python, which includes splits that may have to split a value that only Python
/// understands.
fn needs_python(work: &Work) -> bool {
    !matches!(work, Work::Shell(_) | Work::DynamicChart(_))
}

/// Whether an instance runs something that can open files on its own.
fn can_read(work: &Work) -> bool {
    matches!(work, Work::Python(_) | Work::Shell(_))
}

/// The paths without duplicates, in the order of their first appearance.
fn unique(paths: impl Iterator<Item = Utf8PathBuf>) -> Vec<Utf8PathBuf> {
    let mut seen = BTreeSet::new();
    paths.filter(|path| seen.insert(path.clone())).collect()
}

/// The first line, trimmed: a comment in a generated file is one line.
fn one_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or("").trim_end().to_owned()
}
