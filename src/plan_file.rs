//! Plan files: everything that the instances of one process need to know, written by `compile` and read by `exec`. A
//! file is rewritten only when it changes, and every instance depends on it, so an edit of the project file wakes only
//! the processes that it concerns. Nothing here depends on where the project is or on what other processes do.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::arm::Arm;
use crate::digest::Digest;
use crate::settings::{Settings, is_default};
use crate::size::{By, Size};

/// The version of the plan file format, the layout of the build folder and the protocol of the Python runtime. A new
/// number makes everything run again.
pub(crate) const VERSION: u32 = 2;

/// A process as its instances see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlanFile {
    /// [`VERSION`].
    pub version: u32,
    /// The project's name.
    pub project: String,
    /// The process's name.
    pub process: String,
    /// How many data layers it lives in: so many arms of an instance's path are partitions, the rest seeds.
    pub data_depth: usize,
    /// What an instance does.
    pub work: Work,
    /// The layer that it opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<Opens>,
    /// The parameters that it can observe.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// The names of the parameters that it does not take, for messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_parameters: Vec<String>,
    /// The seed outside of any seed layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random_seed: Option<u64>,
    /// The folders from which the project's modules are imported, relative to the project.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<Utf8PathBuf>,
    /// The environment's name; empty for the active Python.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// How its instances are run.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings: Settings,
    /// Those of its files, data included, that were folders when the project was compiled: the generated file lists
    /// their content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listed: Vec<Utf8PathBuf>,
    /// The project's data files by name (`path`: that of `data.path`); only relevant if `observes_data`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, Utf8PathBuf>,
    /// Whether its instances can observe the content of `data`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub observes_data: bool,
    /// Paths of `data` and of its files as they are written, where that is with the name of the project's own folder, and
    /// what they are in the project.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub written: BTreeMap<Utf8PathBuf, Utf8PathBuf>,
    /// Names that the process gives to its inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renames: Vec<Rename>,
    /// Where its inputs come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Upstream>,
    /// What a chart plots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probes: Option<Vec<Probe>>,
}

impl PlanFile {
    /// Parses the text of a plan file; the error completes the sentence "the file …".
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if Self::version_of(text).is_some_and(|version| version != VERSION) {
            return Err("was written by another version of expops".to_owned());
        }
        serde_json::from_str(text).map_err(|error| format!("cannot be read: {error}"))
    }

    /// The format version in the text of a plan file, if it has one.
    pub(crate) fn version_of(text: &str) -> Option<u32> {
        let json: Value = serde_json::from_str(text).ok()?;
        u32::try_from(json.get("version")?.as_u64()?).ok()
    }

    /// The digest of the whole plan file.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(serde_json::to_string(self).unwrap_or_default())
    }

    /// The arms of the instance that makes what the instance or partition with these `arms` hands on: without the
    /// partition's own arm.
    pub(crate) fn maker(&self, arms: &[Arm]) -> Vec<Arm> {
        let mut arms = arms.to_vec();
        match &self.opens {
            Some(Opens::Data { .. }) if self.data_depth < arms.len() => drop(arms.remove(self.data_depth)),
            Some(Opens::Seed(_)) => drop(arms.pop()),
            _ => {}
        }
        arms
    }

    /// Whether `arms` could be those of an instance: partitions, then seeds, as many as its inputs need. Which
    /// partitions exist is not in the plan file.
    pub(crate) fn may_have(&self, arms: &[Arm]) -> bool {
        let is_arm = |(i, arm): (usize, &Arm)| arm.partition().is_some() == (i < self.data_depth);
        let depth = |input: &Upstream| {
            input.data_depth <= self.data_depth && self.data_depth + input.seed_depth <= arms.len()
        };
        arms.len() >= self.data_depth && arms.iter().enumerate().all(is_arm) && self.inputs.iter().all(depth)
    }

    /// A sentence that shows how an instance of the process is named.
    pub(crate) fn example(&self) -> String {
        let seeds = self.inputs.iter().map(|input| input.seed_depth).max().unwrap_or_default();
        let arms = [vec![Arm::Partition(1); self.data_depth], vec![Arm::Seed(42); seeds]].concat();
        let name = crate::layout::Layout::instance(&self.process, &arms);
        format!("an instance of `{}` is called `{name}`", self.process)
    }
}

/// What an instance does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Work {
    /// Calls a function of a script.
    Python {
        /// The script, relative to the project.
        script: Utf8PathBuf,
        /// The function.
        function: String,
        /// The digest of the function and of everything reachable from it.
        code: Digest,
        /// The names that it takes; `None` means everything.
        takes: Option<Vec<String>>,
        /// The inputs that it is given, if it takes everything and these are listed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inputs: Option<Vec<String>>,
        /// The keys that it returns as files, with their file names.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        outputs: Vec<(String, Utf8PathBuf)>,
        /// What it imports from libraries that a worker may import ahead: modules, and the names taken from them.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        libraries: BTreeMap<String, BTreeSet<String>>,
    },
    /// Runs a shell command.
    Shell {
        /// The template.
        command: String,
        /// Output key to file name.
        outputs: Vec<(String, Utf8PathBuf)>,
    },
    /// Passes its inputs on; a data split also splits one of them.
    Merge,
    /// Records a chart that a page will draw.
    DynamicChart {
        /// The JavaScript file, relative to the project.
        script: Utf8PathBuf,
    },
}

/// The layer that a split opens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Opens {
    /// Partitions.
    Data {
        /// How many rows go where.
        size: Size,
        /// Which rows go where.
        by: By,
        /// The key that is split.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// Seeds.
    Seed(Vec<u64>),
}

impl Opens {
    /// The arms.
    pub(crate) fn arms(&self) -> Vec<Arm> {
        match self {
            Self::Data { size, .. } => (1..=size.partitions()).map(Arm::Partition).collect(),
            Self::Seed(seeds) => seeds.iter().copied().map(Arm::Seed).collect(),
        }
    }
}

/// One upstream. An instance's own arms determine whose outputs it takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Upstream {
    /// The upstream's name.
    pub process: String,
    /// How many of the consumer's data layers it shares: the same number of the consumer's partitions address it.
    pub data_depth: usize,
    /// How many seed layers it shares.
    pub seed_depth: usize,
    /// The partitions that are gathered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gather_data: Option<Vec<Arm>>,
    /// The seeds that are gathered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gather_seed: Option<Vec<Arm>>,
}

impl Upstream {
    /// Whether its outputs are gathered from a layer.
    pub(crate) fn is_gathered(&self) -> bool {
        self.gather_data.is_some() || self.gather_seed.is_some()
    }
}

/// A name that a process gives to a key of an upstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rename {
    /// The name in the process.
    pub name: String,
    /// The upstream, if the name applies to only one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// The key in the upstream.
    pub key: String,
}

/// One key of a chart's `metrics`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Probe {
    /// The key under which the chart finds the metrics.
    pub key: String,
    /// The instance, as its path in the build folder (`train/p2/s41`).
    pub instance: String,
    /// The step, if the path selects one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Another key under which a chart can look it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

/// What it takes to make an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EnvironmentPlan {
    /// The interpreter to create it with.
    pub python: String,
    /// Its requirement files, relative to the project.
    pub requirements: Vec<Utf8PathBuf>,
    /// The digests of the variables in them when they were compiled: a build tool sees that one has changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Digest>,
}
