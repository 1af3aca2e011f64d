//! The instances of a plan, each made when it is asked for: a million of them take no memory.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::action::{Action, Verdict};
use crate::arm::Arm;
use crate::file;
use crate::graph::{Address, Edge, Graph};
use crate::layout::{self, Folder, Layout};
use crate::name;
use crate::pipeline::{Pipeline, Process, ProcessId, Work};
use crate::probe::Probes;

/// The instances of one process. Cheap to clone.
#[derive(Clone)]
pub struct Actions {
    all: Arc<Instances>,
    process: ProcessId,
}

impl Actions {
    pub(super) fn of(all: &Arc<Instances>, process: ProcessId) -> Self {
        Self { all: Arc::clone(all), process }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.graph().instances(self.process).len()
    }

    /// Whether they are in layers, so that each has a target beside that of the process.
    pub fn are_layered(&self) -> bool {
        self.all.graph().instances(self.process).any(|instance| !self.all.graph().arms(&instance).is_empty())
    }

    /// Each of them, in the order of partitions, then seeds.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Action> + Send + Sync + '_ {
        let all = self.all.as_ref();
        all.graph().instances(self.process).map(move |instance| all.action(&instance))
    }

    /// Their targets.
    pub fn targets(&self) -> impl Iterator<Item = String> + '_ {
        let graph = self.all.graph();
        let process = &graph.pipeline.process(self.process).name;
        graph.instances(self.process).map(move |instance| self.all.target(process, &graph.arms(&instance)))
    }

    /// Their names for `exec`.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        let graph = self.all.graph();
        let process = &self.all.common[self.process.0].name;
        graph.instances(self.process).map(move |instance| Layout::below(process, &graph.arms(&instance)))
    }

    /// The names of the partitions that they make, if they split.
    pub fn partitions(&self) -> impl Iterator<Item = String> + '_ {
        let graph = self.all.graph();
        let splits = graph.pipeline.process(self.process).opens.is_some();
        let partitions = self.outlets().take_while(move |_| splits);
        partitions.map(move |one| Layout::below(&self.all.common[one.process.0].name, &graph.arms(&one)))
    }

    /// All of their stamps.
    pub fn stamps(&self) -> impl Iterator<Item = Utf8PathBuf> + '_ {
        self.outlets().map(move |outlet| self.all.stamp(&outlet))
    }

    /// What has stamps.
    fn outlets(&self) -> impl Iterator<Item = Address> + '_ {
        let graph = self.all.graph();
        graph.instances(self.process).flat_map(move |instance| graph.outlets(&instance))
    }
}

impl fmt::Debug for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// What every instance of a pipeline follows from.
pub(super) struct Instances {
    pub pipeline: Arc<Pipeline>,
    pub probes: Arc<Probes>,
    pub layout: Layout,
    /// The project's folder, relative to where the build tool runs.
    pub root: Utf8PathBuf,
    /// The prefix of targets.
    pub prefix: String,
    /// The names that no process's target can have.
    pub taken: HashSet<Utf8PathBuf>,
    /// Whether instances can be dropped, so that the build ends with a verdict.
    pub drops: bool,
    /// What the instances of each process have in common.
    pub common: Vec<Common>,
}

/// What the instances of a process have in common.
pub(super) struct Common {
    /// The process on disk.
    name: String,
    /// The folder that theirs are in, as the build tool sees it.
    folder: Utf8PathBuf,
    /// Where their inputs come from.
    edges: Vec<Edge>,
    /// The files that each makes and that the project file names, relative to its values.
    products: Vec<Utf8PathBuf>,
}

impl Common {
    /// What the instances of the process `id` have in common. `root` is the project's folder, relative to where the
    /// build tool runs.
    pub(super) fn of(id: ProcessId, graph: Graph<'_>, layout: &Layout, root: &Utf8Path) -> Self {
        let process = graph.pipeline.process(id);
        let name = layout::component(&process.name);
        Self {
            folder: file::normal(&root.join(&layout.folder(&name).0)),
            name,
            edges: graph.edges(id).collect(),
            products: products(process).into_iter().map(|(_, file)| file).collect(),
        }
    }

    fn folder(&self, arms: &[Arm]) -> Folder {
        Folder(Layout::below(self.folder.as_str(), arms).into())
    }
}

impl Instances {
    pub(super) fn graph(&self) -> Graph<'_> {
        Graph { pipeline: &self.pipeline }
    }

    /// The name of an instance on the command line of a build tool. If a file has the same name, the first letter is
    /// escaped.
    pub(super) fn target(&self, process: &str, arms: &[Arm]) -> String {
        let (prefix, name) = (&self.prefix, Layout::target(process, arms));
        let target = format!("{prefix}{name}");
        if !self.taken.contains(Utf8Path::new(&target)) {
            return target;
        }
        format!("{prefix}{}", layout::aside(&name))
    }

    /// A path of the project as the build tool sees it.
    pub(super) fn seen(&self, path: &Utf8Path) -> Utf8PathBuf {
        file::normal(&self.root.join(path))
    }

    /// The verdict on an instance, a whole process, or (without a name) everything.
    pub(super) fn verdict(&self, name: &str) -> Option<Verdict> {
        let of = Some(name.to_owned()).filter(|name| !name.is_empty());
        self.drops
            .then(|| Verdict { of: of.into_iter().collect(), passed: self.seen(&self.layout.verdict(name)) })
    }

    fn action(&self, instance: &Address) -> Action {
        let graph = self.graph();
        let process = graph.pipeline.process(instance.process);
        let common = &self.common[instance.process.0];
        let arms = graph.arms(instance);
        let below = Layout::below(&common.name, &arms);
        let folder = common.folder(&arms);
        let always = process.settings.always.then(|| self.seen(&self.layout.always()));
        let product = |file: &Utf8PathBuf| file::normal(&folder.out().join(file));
        Action {
            path: name::canonical(&process.name, &arms),
            label: name::label(&process.name, &arms),
            target: self.target(&process.name, &arms),
            inputs: self.inputs(instance).iter().map(|address| self.stamp(address)).chain(always).collect(),
            stamps: match process.opens {
                Some(_) => graph.outlets(instance).iter().map(|address| self.stamp(address)).collect(),
                None => vec![folder.stamp()],
            },
            products: common.products.iter().map(product).collect(),
            verdict: self.verdict(&below),
            instance: below,
            folder: folder.0,
        }
    }

    /// What an instance takes, each once.
    fn inputs(&self, instance: &Address) -> Vec<Address> {
        let graph = self.graph();
        let mut inputs: Vec<_> = match self.probes.of(instance.process) {
            Some(probes) => {
                probes.iter().map(|probe| graph.outlets(&probe.instance).swap_remove(0)).collect()
            }
            None => {
                let edges = &self.common[instance.process.0].edges;
                edges.iter().flat_map(|edge| graph.inputs(instance, edge)).collect()
            }
        };
        if inputs.len() > 1 {
            let mut seen = HashSet::with_capacity(inputs.len());
            inputs.retain(|address| seen.insert(address.clone()));
        }
        inputs
    }

    fn stamp(&self, address: &Address) -> Utf8PathBuf {
        self.common[address.process.0].folder(&self.graph().arms(address)).stamp()
    }
}

/// The files that an instance makes and that the project file names, by key, relative to its values.
pub(super) fn products(process: &Process) -> Vec<(&str, Utf8PathBuf)> {
    match &process.work {
        Work::Shell(shell) if process.opens.is_none() => {
            shell.outputs.iter().map(|(key, file)| (key.as_str(), file.clone())).collect()
        }
        Work::Python(function) => {
            let stored = |(key, file): &(String, Utf8PathBuf)| Utf8Path::new(key).join(file);
            function.outputs.iter().map(|output| (output.0.as_str(), stored(output))).collect()
        }
        _ => Vec::new(),
    }
}
