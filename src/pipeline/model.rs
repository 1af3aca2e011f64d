//! The types that the other files of this folder produce: processes, layers and environments, with ids instead
//! of names.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::Serialize;
use serde_json::Value;

use crate::arm::Arm;
use crate::plan_file::Rename;
use crate::settings::Settings;
use crate::size::{By, Size};
use crate::source::{Source, Span, Spanned};

/// Index of a process in [`Pipeline::processes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ProcessId(pub usize);

/// Index of a layer in [`Pipeline::layers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LayerId(pub usize);

/// Index of an environment in [`Pipeline::environments`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EnvironmentId(pub usize);

/// A whole project, checked and resolved.
#[derive(Debug)]
pub(crate) struct Pipeline {
    /// The project file, for messages of later stages.
    pub source: Source,
    /// The project's name.
    pub name: String,
    /// The processes, in the order of the project file.
    pub processes: Vec<Process>,
    /// The ids of the processes, each after its upstreams.
    pub order: Vec<ProcessId>,
    /// The layers that the splits open.
    pub layers: Vec<Layer>,
    /// The environments that processes use.
    pub environments: Vec<Environment>,
    /// The data files, by name, which processes outside every data layer observe; `path` is the one at
    /// `data.path`.
    pub data: BTreeMap<String, Utf8PathBuf>,
}

impl Pipeline {
    /// The process `id`.
    pub(crate) fn process(&self, id: ProcessId) -> &Process {
        &self.processes[id.0]
    }

    /// The layer `id`.
    pub(crate) fn layer(&self, id: LayerId) -> &Layer {
        &self.layers[id.0]
    }

    /// All processes with their ids, in the order of the project file.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ProcessId, &Process)> {
        self.processes.iter().enumerate().map(|(i, process)| (ProcessId(i), process))
    }

    /// The process called `name`.
    pub(crate) fn find(&self, name: &str) -> Option<ProcessId> {
        self.processes.iter().position(|process| process.name == name).map(ProcessId)
    }
}

/// A named node of the pipeline.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its name, unique in the pipeline.
    pub name: String,
    /// Where the name was written.
    pub span: Span,
    /// The author's description.
    pub description: Option<String>,
    /// What an instance runs.
    pub work: Work,
    /// What it plots, if it is a chart.
    pub chart: Option<Chart>,
    /// Its own parameters over the experiment's, by name: only those that it can observe.
    pub parameters: Vec<(String, Value)>,
    /// The names of parameters that the function does not take: it may have misspelt one.
    pub other_parameters: Vec<String>,
    /// The innermost seed when no seed layer is open: `reproducibility.random_seed`.
    pub random_seed: Option<u64>,
    /// The environment that it runs in; `None` for the active Python.
    pub environment: Option<EnvironmentId>,
    /// How its instances are run.
    pub settings: Settings,
    /// Copies of its outputs outside the build folder.
    pub exports: Vec<Export>,
    /// Paths of files as they are written, where that is with the name of the project's own folder, and what they are in
    /// the project.
    pub written: BTreeMap<Utf8PathBuf, Utf8PathBuf>,
    /// The names that it gives to inputs.
    pub renames: Vec<Rename>,
    /// The processes that its inputs come from, in the order of the edges.
    pub upstreams: Vec<ProcessId>,
    /// The layers that each instance of it lives in.
    pub place: Stacks,
    /// The layer that it opens for what is downstream.
    pub opens: Option<LayerId>,
    /// The layers that it closes.
    pub closes: Closes,
}

/// What a process is in the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It takes inputs and passes on values.
    Process,
    /// It opens a layer.
    Split,
    /// It closes one layer, or two.
    Aggregation,
    /// It plots metrics.
    Chart,
}

impl Kind {
    /// The kind in one word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Split => "split",
            Self::Aggregation => "aggregation",
            Self::Chart => "chart",
        }
    }
}

impl Process {
    /// Its kind.
    pub(crate) fn kind(&self) -> Kind {
        match (&self.chart, self.opens, self.closes.data.or(self.closes.seed)) {
            (Some(_), _, _) => Kind::Chart,
            (None, Some(_), _) => Kind::Split,
            (None, None, Some(_)) => Kind::Aggregation,
            (None, None, None) => Kind::Process,
        }
    }

    /// The layers that its outputs are in: its own place and the layer that it opens.
    pub(crate) fn outlet(&self, layers: &[Layer]) -> Stacks {
        let mut outlet = self.place.clone();
        match self.opens {
            Some(id) if layers[id.0].is_data() => outlet.data.push(id),
            Some(id) => outlet.seed.push(id),
            None => {}
        }
        outlet
    }
}

/// What an instance does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Work {
    /// Calls a Python function.
    Python(Function),
    /// Runs a shell command.
    Shell(Shell),
    /// No user code: a split that merges its upstreams and cuts one key.
    Merge,
    /// A chart that is recorded for the page, which draws it; no code runs.
    DynamicChart(Utf8PathBuf),
}

/// A Python function, and what is known about it without running it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Function {
    /// The script, relative to the project.
    pub script: Utf8PathBuf,
    /// The function's name at the top level of the script.
    pub name: String,
    /// The names that it takes, or `None` if it takes everything (`**kwargs`).
    pub takes: Option<Vec<String>>,
    /// Where it takes everything and `inputs` lists keys: those, and the names that it takes besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Vec<String>>,
    /// The names without a default.
    pub requires: Vec<String>,
    /// The keys that it returns, if its script spells them out.
    pub returns: Option<Vec<String>>,
    /// The keys that it returns as files, with the names of the files: targets of the build.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<(String, Utf8PathBuf)>,
}

/// A shell command.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Shell {
    /// The template of the command.
    pub command: String,
    /// Output key to file name, in the order of the project file.
    pub outputs: Vec<(String, Utf8PathBuf)>,
}

/// A copy of an output, outside the build folder.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    /// The key of the output.
    pub key: String,
    /// The copy, relative to the project.
    pub to: Utf8PathBuf,
    /// Where that was written.
    pub span: Span,
}

/// What a chart plots: probe key to probe path.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    /// The probe paths, as written.
    pub probes: Vec<(Spanned<String>, Spanned<String>)>,
}

/// The layers that something lives in, outermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stacks {
    /// Data layers.
    pub data: Vec<LayerId>,
    /// Seed layers.
    pub seed: Vec<LayerId>,
}

/// The layers that an aggregation closes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Closes {
    /// The data layer.
    pub data: Option<LayerId>,
    /// The seed layer.
    pub seed: Option<LayerId>,
}

/// What a split opens.
#[derive(Debug)]
pub(crate) struct Layer {
    /// The split.
    pub split: ProcessId,
    /// The arms into which it multiplies what is downstream.
    pub fan: Fan,
}

/// The arms of a layer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fan {
    /// Partitions of the rows of one key.
    Data {
        /// How many rows each partition gets.
        size: Size,
        /// Which rows each partition gets.
        by: By,
        /// The key that is cut; a splitter with code may leave it out.
        key: Option<String>,
    },
    /// Seeds.
    Seed(Vec<u64>),
}

impl Layer {
    /// Whether its arms are partitions rather than seeds.
    pub(crate) fn is_data(&self) -> bool {
        matches!(self.fan, Fan::Data { .. })
    }

    /// How many arms it has.
    pub(crate) fn len(&self) -> usize {
        match &self.fan {
            Fan::Data { size, .. } => usize::try_from(size.partitions()).unwrap_or(usize::MAX),
            Fan::Seed(seeds) => seeds.len(),
        }
    }

    /// The arm `index`, counted from 0.
    pub(crate) fn arm(&self, index: usize) -> Arm {
        match &self.fan {
            Fan::Data { .. } => Arm::Partition(index as u64 + 1),
            Fan::Seed(seeds) => Arm::Seed(seeds[index]),
        }
    }
}

/// A named Python environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Environment {
    /// Its name.
    pub name: String,
    /// Its requirement files, relative to the project.
    pub requirements: Vec<Utf8PathBuf>,
    /// The interpreter to make it with, if it asks for one.
    pub python: Option<String>,
    /// The place of its name.
    pub span: Span,
}
