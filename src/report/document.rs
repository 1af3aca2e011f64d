//! The document that the page draws and `expops report --json` prints. `docs/page.md` describes it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::dry_run;
use crate::picture::Picture;

/// The version of the document. It changes when a field is removed or changes its meaning, not when one is added.
pub(crate) const VERSION: u32 = 1;

/// A project and what has been built of it.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    /// [`VERSION`].
    pub version: u32,
    /// `expops` and its version.
    pub made_by: String,
    /// When it was made, in milliseconds since 1970.
    pub made_at: u64,
    /// The project.
    pub project: Project,
    /// Whether it includes data, parameters, logs and messages (`--no-values` leaves them out).
    pub has_values: bool,
    /// What was left out to keep the document small, in sentences.
    pub left_out: Vec<String>,
    /// The layers, by their number.
    pub layers: Vec<Layer>,
    /// The processes, in the order of the project file.
    pub processes: Vec<Process>,
    /// Where the boxes, edges and layers are drawn; a box for each process.
    pub picture: Picture,
    /// The same with edges that go down.
    pub tall_picture: Picture,
    /// The instances, process by process.
    pub instances: Vec<Instance>,
    /// The details of some instances, by their number.
    pub details: BTreeMap<usize, Detail>,
    /// The charts.
    pub charts: Vec<Chart>,
    /// The last builds, newest first.
    pub builds: Vec<Build>,
    /// The last build that did something.
    pub timeline: Option<Timeline>,
}

/// The project's name and file.
#[derive(Debug, Serialize)]
pub(crate) struct Project {
    /// Its name.
    pub name: String,
    /// The project file.
    pub file: String,
}

/// A layer, opened by a split.
#[derive(Debug, Serialize)]
pub(crate) struct Layer {
    /// `data` or `seed`.
    pub kind: &'static str,
    /// The split.
    pub process: usize,
    /// Its arms: `p1`, `s41`.
    pub arms: Vec<String>,
    /// The key that is split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Which row goes to which partition, as in the project file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Json>,
    /// The existing partitions, by the instance of the split.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub partitions: BTreeMap<usize, Vec<Option<Partition>>>,
}

/// A partition.
#[derive(Debug, Serialize)]
pub(crate) struct Partition {
    /// Its number of rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Its size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The first 12 digits of its digest.
    pub digest: String,
}

/// A process.
#[derive(Debug, Serialize)]
pub(crate) struct Process {
    /// Its name.
    pub name: String,
    /// Its author's description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `process`, `split`, `aggregation` or `chart`.
    pub kind: &'static str,
    /// What runs: `src/main.py: train`, a command, or nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<String>,
    /// The line in the project file with its name.
    pub line: usize,
    /// The script, and the line in it where its function is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<(String, usize)>,
    /// Its folder in the build folder, which contains those of its instances.
    pub folder: String,
    /// Its target; that of an instance is this, `@`, and its arms separated by `.`.
    pub target: String,
    /// The last step of its canonical path: `process[@name='train']`.
    pub path: String,
    /// Its steps that log metrics.
    pub steps: Vec<String>,
    /// The layers that it lives in, outermost first: data, then seeds.
    pub place: Vec<usize>,
    /// The layer that it opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<usize>,
    /// The layers that it closes.
    pub closes: Vec<usize>,
    /// The processes that it takes inputs from.
    pub upstreams: Vec<usize>,
    /// The processes that it plots, if it is a chart.
    pub plots: Vec<usize>,
    /// The number of its first instance, and how many it has.
    pub instances: (usize, usize),
    /// How many instances are in which state, in the words of `expops status --json`.
    pub counts: Counts,
    /// Its parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Box<RawValue>>,
    /// Its environment.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub environment: String,
}

/// How many instances of a process are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// In the words of `expops status --json`.
    #[serde(flatten)]
    pub states: dry_run::Counts,
    /// Currently running.
    pub running: usize,
}

/// An instance. Its label consists of the process's name, its partitions and its seeds; its canonical path has a step
/// for each arm before that of the process.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Instance {
    /// The process.
    pub process: usize,
    /// Its arms, outermost first: `p2/s41`; empty if there is only one instance.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub arms: String,
    /// Its state: `up_to_date`, `would_run`, `from_cache`, `may_run` or `unknown`.
    pub state: &'static str,
    /// Whether it is running now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub running: bool,
    /// Whether its last run failed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// The kind of failure for which the last build dropped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<&'static str>,
    /// How its last run ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Last>,
    /// Its metrics, by name: a value, or a series by step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Box<RawValue>>,
    /// The metrics of its steps, by step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Box<RawValue>>,
}

/// How an instance's last run ended, from the journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Last {
    /// `ran`, `restored`, `dropped`, `skipped`, or a kind of failure.
    pub outcome: String,
    /// The kind of failure of what was dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// When it ended, in milliseconds since 1970.
    pub at: u64,
    /// Seconds that it ran.
    pub ran: f64,
    /// Seconds that it waited.
    #[serde(skip_serializing_if = "is_zero")]
    pub waited: f64,
    /// CPU seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f64>,
    /// Peak memory in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// The host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The job of a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The number of the last attempt.
    #[serde(skip_serializing_if = "is_first")]
    pub attempt: u32,
}

fn is_zero(seconds: &f64) -> bool {
    *seconds == 0.0
}

fn is_none_of_it(count: &usize) -> bool {
    *count == 0
}

fn is_first(attempt: &u32) -> bool {
    *attempt <= 1
}

/// The details of an instance.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Detail {
    /// What a build would do about it, in the words of `expops explain`.
    pub headline: String,
    /// Why.
    pub because: Vec<Reason>,
    /// Why it last ran, or how it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_run: Option<LastRun>,
    /// What it observed when it last ran: the ingredients and their values.
    pub observed: Vec<(String, String)>,
    /// The instances that it takes inputs from.
    pub inputs: Vec<usize>,
    /// The values that it hands on.
    pub outputs: Vec<Output>,
    /// Other files that it left.
    pub files: Vec<Output>,
    /// The end of its log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<Log>,
}

/// A reason, in the words of `expops explain`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reason {
    /// One sentence.
    pub text: String,
    /// Why that is so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Reason>,
}

/// An instance's last run, in the words of `expops explain`.
#[derive(Debug, Serialize)]
pub(crate) struct LastRun {
    /// How it ended.
    pub said: String,
    /// Why it ran.
    pub because: Vec<Reason>,
}

/// A value or a file.
#[derive(Debug, Serialize)]
pub(crate) struct Output {
    /// The key; for a file, its name.
    pub key: String,
    /// `arrow`, `npy`, `json`, `pickle` or `file`.
    pub format: String,
    /// Where it is, relative to the build folder.
    pub file: String,
    /// Its size in bytes; none for a folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Its number of rows, if it is a partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The first 12 digits of its digest.
    pub digest: String,
    /// Its beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
}

/// The beginning of a value.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Head {
    /// The first rows of a table.
    Table {
        /// The names of the columns.
        columns: Vec<String>,
        /// Their types, if the file has any.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        types: Vec<String>,
        /// How many of the columns, the first ones, are the index of a frame.
        #[serde(skip_serializing_if = "is_none_of_it")]
        index: usize,
        /// The first rows, as text; `None` for a missing value.
        rows: Vec<Vec<Option<String>>>,
        /// Whether there are more rows or columns.
        is_cut: bool,
        /// How many rows, and columns besides an index, there are, where the file says so.
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<(u64, usize)>,
    },
    /// An array.
    Array {
        /// The type of its elements, as NumPy writes it.
        dtype: String,
        /// Its dimensions.
        shape: Vec<u64>,
    },
    /// A text, such as JSON.
    Text {
        /// The text.
        text: String,
        /// Whether there is more of it.
        is_cut: bool,
    },
    /// An image.
    Image {
        /// A data URL.
        url: String,
    },
}

/// The end of a log.
#[derive(Debug, Serialize)]
pub(crate) struct Log {
    /// The length of the whole log, in bytes.
    pub bytes: u64,
    /// Its end.
    pub tail: String,
}

/// A chart.
#[derive(Debug, Serialize)]
pub(crate) struct Chart {
    /// The instance.
    pub instance: usize,
    /// The images that it drew, and other files.
    pub files: Vec<Output>,
    /// What it plots.
    pub probes: Vec<Probe>,
    /// What draws it in the page, if it is dynamic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<ChartScript>,
}

/// What a chart plots.
#[derive(Debug, Serialize)]
pub(crate) struct Probe {
    /// The key under which the chart finds it.
    pub key: String,
    /// The instance.
    pub instance: usize,
    /// The step, if one is selected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Another name for the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

/// The script of a dynamic chart, prepared for its frame.
#[derive(Debug, Serialize)]
pub(crate) struct ChartScript {
    /// The file.
    pub file: String,
    /// The script, with its import of `/mlops-charts.js` replaced; absent if it cannot run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Whether it uses the global `Chart`.
    pub needs_chart_js: bool,
    /// Why it cannot run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A build.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Build {
    /// The tool: `ninja`.
    pub tool: String,
    /// The time of its first event, in milliseconds since 1970.
    pub from: u64,
    /// The time of its last event.
    pub to: u64,
    /// Whether it is still running.
    pub running: bool,
    /// How many instances ended in which way: `ran`, `restored`, `looked`, or a kind of failure.
    pub outcomes: BTreeMap<String, usize>,
    /// CPU seconds of the instances that ran.
    pub cpu: f64,
    /// CPU seconds once spent on what now came from the cache.
    pub saved: f64,
}

/// A build in detail.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct Timeline {
    /// The index of the build in [`Document::builds`].
    pub build: usize,
    /// What ran, in the order in which it started.
    pub spans: Vec<Span>,
    /// The number of slots.
    pub slots: usize,
    /// The instances of the critical path in order, and its length in seconds.
    pub critical: (Vec<usize>, f64),
    /// The slowest instances, slowest first.
    pub slowest: Vec<usize>,
    /// What failed, with its messages.
    pub failures: Vec<Failure>,
}

/// An instance on the timeline. Times are in seconds since the build's first event.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Span {
    /// The instance.
    pub instance: usize,
    /// When it started to run.
    pub from: f64,
    /// When it ended; if it is still running, the time of the build's last event.
    pub to: f64,
    /// Seconds that it waited before that.
    #[serde(skip_serializing_if = "is_zero")]
    pub waited: f64,
    /// How it ended; `running` if it has not.
    pub outcome: String,
    /// The slot, from 0: spans of the same slot never overlap.
    pub slot: usize,
}

/// A failed instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Failure {
    /// The instance.
    pub instance: usize,
    /// The kind of failure.
    pub kind: String,
    /// Whether the build went on without it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
    /// What went wrong, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
