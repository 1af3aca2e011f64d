//! What an action key consists of: ingredients, and what they are.

use std::fmt;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::arm::Arm;
use crate::cache::is_inside;
use crate::digest::Digest;

/// One thing that an instance can observe. `ingredients::list` decides which of them an instance has, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ingredient {
    /// The version of the format: always the first.
    Format,
    /// Its path in the build folder, `train/p2/s41`.
    Instance,
    /// Its seed.
    Seed,
    /// The project's name.
    Project,
    /// The path of the data file of this name.
    DataPath(String),
    /// A parameter.
    Parameter(String),
    /// How it opens a layer.
    Split(SplitField),
    /// The value of an input.
    Input(InputPath),
    /// The name of an input that is a path.
    InputName(InputPath),
    /// A declared file or folder.
    File(Utf8PathBuf),
    /// A data file of the project.
    Data(Utf8PathBuf),
    /// The path of a declared file as it is written, if that is not its path in the project.
    Written(Utf8PathBuf),
    /// A function of a script, with what it reaches.
    Code {
        /// The script.
        script: Utf8PathBuf,
        /// The function.
        function: String,
    },
    /// The script of a dynamic chart.
    ChartScript(Utf8PathBuf),
    /// The template of a shell command.
    Command,
    /// The keys and file names of what a command writes.
    Outputs,
    /// The version of Python.
    Python,
    /// The packages of the environment.
    Packages,
    /// The metrics that a chart plots under a key.
    Metrics {
        /// The key under which the chart finds them.
        key: String,
        /// The instance that logged them, as its path in the build folder.
        instance: String,
        /// The step that logged them, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
    },
    /// Another name under which a chart finds the metrics of one key.
    Alias(String),
    /// A file that a run was seen to read.
    ReadFile(Rooted),
    /// A folder that a run was seen to list.
    ReadFolder(Rooted),
    /// A folder with all its contents: something that cannot be watched may have read any of it.
    ReadTree(Rooted),
    /// A path that a run looked for and did not find.
    Absent(Rooted),
    /// An environment variable that code of the project asked for.
    Variable(String),
    /// A partition, or a copy under a seed, that failed and was dropped before it was gathered.
    Failed {
        /// The process that failed.
        process: String,
        /// Its arms.
        arms: Vec<Arm>,
    },
}

/// How a split cuts, by the fields of the project file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SplitField {
    /// How many rows go where.
    Size,
    /// Which rows go where.
    By,
    /// The key that is cut.
    DataName,
    /// The seeds of a seed layer.
    Seeds,
}

/// Where a value is among the inputs: its key and, if it is gathered, the arms that it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct InputPath {
    /// The key.
    pub key: String,
    /// The arms, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<Arm>,
}

/// A path below one of the named folders, so that keys, records and the lists in a cache are also valid in another
/// checkout.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Rooted {
    /// The folder.
    pub root: Root,
    /// The path, relative to that; absolute below [`Root::Other`].
    pub path: Utf8PathBuf,
}

/// A folder that paths are relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Root {
    /// The project.
    Project,
    /// The folder of an input.
    Input,
    /// The Python environment.
    Environment,
    /// The user's home folder.
    Home,
    /// None of these.
    Other,
}

/// What an ingredient is: a short text, or the digest of something longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fingerprint {
    /// The digest of its content.
    Digest(Digest),
    /// The text itself.
    Text(String),
}

impl Fingerprint {
    /// The digest, if it is one.
    pub(crate) fn digest(&self) -> Option<Digest> {
        match self {
            Self::Digest(digest) => Some(*digest),
            Self::Text(_) => None,
        }
    }

    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Digest(_) => None,
        }
    }
}

impl Ingredient {
    /// Whether it was made by another instance.
    pub(crate) fn comes_from_upstream(&self) -> bool {
        matches!(self, Self::Input(_) | Self::InputName(_) | Self::Metrics { .. } | Self::Failed { .. })
    }

    /// Whether it is meaningless on another machine.
    pub(in crate::exec) fn is_elsewhere(&self) -> bool {
        match self {
            Self::ReadFile(path) | Self::ReadFolder(path) | Self::ReadTree(path) | Self::Absent(path) => {
                path.root == Root::Other || !(path.path == "" || is_inside(&path.path))
            }
            _ => false,
        }
    }

    /// Its words in the canonical encoding: its kind, then what distinguishes it from others of its kind.
    pub(in crate::exec) fn words(&self) -> Vec<String> {
        let words =
            |kind: &str, rest: &[&str]| [&[kind], rest].concat().into_iter().map(str::to_owned).collect();
        match self {
            Self::Format => words("format", &[]),
            Self::Instance => words("instance", &[]),
            Self::Seed => words("seed", &[]),
            Self::Project => words("project", &[]),
            Self::DataPath(name) => words("data_path", &[name]),
            Self::Parameter(name) => words("parameter", &[name]),
            Self::Split(field) => words("split", &[field.name()]),
            Self::Input(path) => with_arms(words("input", &[&path.key]), &path.arms),
            Self::InputName(path) => with_arms(words("input_name", &[&path.key]), &path.arms),
            Self::File(path) => words("file", &[path.as_str()]),
            Self::Data(path) => words("data", &[path.as_str()]),
            Self::Written(path) => words("written", &[path.as_str()]),
            Self::Code { script, function } => words("code", &[script.as_str(), function]),
            Self::ChartScript(path) => words("chart_script", &[path.as_str()]),
            Self::Command => words("command", &[]),
            Self::Outputs => words("outputs", &[]),
            Self::Python => words("python", &[]),
            Self::Packages => words("packages", &[]),
            Self::Metrics { key, instance, step: None } => words("metrics", &[key, instance]),
            Self::Metrics { key, instance, step: Some(step) } => words("metrics", &[key, instance, step]),
            Self::Alias(name) => words("alias", &[name]),
            Self::ReadFile(path) => words("read_file", &[path.root.name(), path.path.as_str()]),
            Self::ReadFolder(path) => words("read_folder", &[path.root.name(), path.path.as_str()]),
            Self::ReadTree(path) => words("read_tree", &[path.root.name(), path.path.as_str()]),
            Self::Absent(path) => words("absent", &[path.root.name(), path.path.as_str()]),
            Self::Variable(name) => words("variable", &[name]),
            Self::Failed { process, arms } => with_arms(words("failed", &[process]), arms),
        }
    }
}

fn with_arms(mut words: Vec<String>, arms: &[Arm]) -> Vec<String> {
    words.extend(arms.iter().map(Arm::to_string));
    words
}

impl SplitField {
    /// The field's name in the project file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::By => "by",
            Self::DataName => "data_name",
            Self::Seeds => "seeds",
        }
    }
}

impl Root {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Input => "input",
            Self::Environment => "environment",
            Self::Home => "home",
            Self::Other => "other",
        }
    }
}

/// For people: `x`, or `x data1 seed41`.
impl fmt::Display for InputPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        self.arms.iter().try_for_each(|arm| write!(f, " {}", arm.label()))
    }
}

/// For people: a path in the project as it is, any other with its root.
impl fmt::Display for Rooted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.root {
            Root::Project if self.path.as_str().is_empty() => f.write_str("."),
            Root::Project | Root::Other => write!(f, "{}", self.path),
            Root::Home => write!(f, "~/{}", self.path),
            Root::Input | Root::Environment => write!(f, "{}/{}", self.root.name(), self.path),
        }
    }
}

/// For people, after "its": `parameter rate`.
impl fmt::Display for Ingredient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format => f.write_str("format"),
            Self::Instance => f.write_str("path in the build folder"),
            Self::Seed => f.write_str("random_seed"),
            Self::Project => f.write_str("project"),
            Self::DataPath(name) => write!(f, "data_path {name}"),
            Self::Parameter(name) => write!(f, "parameter {name}"),
            Self::Split(field) => f.write_str(field.name()),
            Self::Input(path) => write!(f, "input {path}"),
            Self::InputName(path) => write!(f, "file name of the input {path}"),
            Self::File(path) => write!(f, "file {path}"),
            Self::Data(path) => write!(f, "data file {path}"),
            Self::Written(path) => write!(f, "path {path}"),
            Self::Code { function, .. } => write!(f, "code `{function}`"),
            Self::ChartScript(path) => write!(f, "script {path}"),
            Self::Command => f.write_str("command"),
            Self::Outputs => f.write_str("outputs"),
            Self::Python => f.write_str("version of Python"),
            Self::Packages => f.write_str("packages"),
            Self::Metrics { key, .. } => write!(f, "metrics `{key}`"),
            Self::Alias(name) => write!(f, "name `{name}` for metrics"),
            Self::ReadFile(path) => write!(f, "file {path}"),
            Self::ReadFolder(path) => write!(f, "folder {path}"),
            Self::ReadTree(path) => write!(f, "folder {path} with all that is in it"),
            Self::Absent(path) => write!(f, "missing file {path}"),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Failed { process, arms } => write!(f, "failed {}", crate::name::label(process, arms)),
        }
    }
}
