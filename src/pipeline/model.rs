//! What the other files of this folder make: processes, layers, environments, by ids instead of names.

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

/// A whole project, as it means.
#[derive(Debug)]
pub(crate) struct Pipeline {
    /// The project file, for messages of later stages.
    pub source: Source,
    /// The project's name.
    pub name: String,
    /// The processes, in the order of the project file.
    pub processes: Vec<Process>,
    /// The same processes, each after its upstreams.
    pub order: Vec<ProcessId>,
    /// What the splits open.
    pub layers: Vec<Layer>,
    /// The environments that processes use.
    pub environments: Vec<Environment>,
    /// The files that processes outside every data layer observe, by name; `path` is the one at `data.path`.
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
    /// What its author says of it.
    pub description: Option<String>,
    /// What runs.
    pub work: Work,
    /// Whether it is a chart, and what it plots.
    pub chart: Option<Chart>,
    /// Its own parameters over the experiment's, by name; only those that it can observe.
    pub parameters: Vec<(String, Value)>,
    /// The names of the parameters that a function does not take: it may have misspelt one.
    pub other_parameters: Vec<String>,
    /// The innermost seed where no seed layer is open: `reproducibility.random_seed`.
    pub random_seed: Option<u64>,
    /// Where it runs; `None` for the active Python.
    pub environment: Option<EnvironmentId>,
    /// How its instances are run.
    pub settings: Settings,
    /// Names that it gives to inputs.
    pub renames: Vec<Rename>,
    /// What its inputs come from, in the order of the edges.
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
    /// It takes inputs and hands on values.
    Process,
    /// It opens a layer.
    Split,
    /// It closes one, or two.
    Aggregation,
    /// It plots metrics.
    Chart,
}

impl Kind {
    /// In one word.
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
    /// What it is.
    pub(crate) fn kind(&self) -> Kind {
        match (&self.chart, self.opens, self.closes.data.or(self.closes.seed)) {
            (Some(_), _, _) => Kind::Chart,
            (None, Some(_), _) => Kind::Split,
            (None, None, Some(_)) => Kind::Aggregation,
            (None, None, None) => Kind::Process,
        }
    }

    /// The layers in which its outputs are found: its own place and the layer that it opens.
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
    /// Nothing of the user's: a split that merges its upstreams and cuts one key.
    Merge,
    /// Is recorded for the page that draws it; no code runs.
    DynamicChart(Utf8PathBuf),
}

/// A Python function and what is known of it without running it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Function {
    /// The script, relative to the project.
    pub script: Utf8PathBuf,
    /// The function's name at the top level of the script.
    pub name: String,
    /// The names that it takes, or `None` if it takes everything (`**kwargs`).
    pub takes: Option<Vec<String>>,
    /// Those without a default.
    pub requires: Vec<String>,
    /// The keys that it returns, if its script writes them out.
    pub returns: Option<Vec<String>>,
    /// The keys that it returns as files, with the names of those: targets of the build.
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

/// What one split opens.
#[derive(Debug)]
pub(crate) struct Layer {
    /// The split.
    pub split: ProcessId,
    /// What it multiplies what is downstream by.
    pub fan: Fan,
}

/// The arms of a layer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fan {
    /// Partitions of one key's rows.
    Data {
        /// How many rows go where.
        size: Size,
        /// Which rows go where.
        by: By,
        /// The key that is cut; a splitter with code may leave it out.
        key: Option<String>,
    },
    /// Seeds.
    Seed(Vec<u64>),
}

impl Layer {
    /// Whether its arms are partitions (otherwise they are seeds).
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
    /// The interpreter that it is made with, if it asks for one.
    pub python: Option<String>,
    /// Where its name is written.
    pub span: Span,
}
