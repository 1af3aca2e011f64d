//! The content of a project file as written: names not resolved, defaults not filled in, every leaf with its
//! place. Made by [`parse`](super::parse).

use serde_json::Value;

use crate::settings::Settings;
use crate::size::{By, Size};
use crate::source::{Source, Span, Spanned};

/// A key and the text that is its value.
pub(crate) type Pair = (Spanned<String>, Spanned<String>);

/// Parameters by name, in the order of the file.
pub(crate) type Parameters = Vec<(Spanned<String>, Spanned<Value>)>;

/// A project file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// The text that all places refer to.
    pub source: Source,
    /// `metadata.name`.
    pub name: Option<Spanned<String>>,
    /// `scripts`: key and file.
    pub scripts: Vec<Pair>,
    /// `environment`.
    pub environments: Vec<EnvironmentConfig>,
    /// `reproducibility.random_seed`.
    pub random_seed: Option<Spanned<u64>>,
    /// `data.path`.
    pub data_path: Option<Spanned<String>>,
    /// `data.inputs`: further data files by name.
    pub datasets: Vec<Pair>,
    /// `experiment.parameters`, without `pipeline` and `cache`.
    pub parameters: Parameters,
    /// Where the pipeline is: its key, or the start of the file.
    pub pipeline: Span,
    /// Every name in `process_adjlist`, in order, as often as it occurs.
    pub names: Vec<Spanned<String>>,
    /// The edges of `process_adjlist`, in order: source and target.
    pub edges: Vec<Pair>,
    /// `processes`.
    pub processes: Vec<ProcessConfig>,
}

/// An entry of `environment`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EnvironmentConfig {
    /// Its name.
    pub name: Spanned<String>,
    /// `venv` or `uv`; `None` where only files are given.
    pub manager: Option<Spanned<String>>,
    /// Its requirement files.
    pub files: Vec<Spanned<String>>,
    /// The command that starts the Python to make it with, if it asks for one: `python3.12`.
    pub python: Option<Spanned<String>>,
}

/// An entry of `processes`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProcessConfig {
    /// `name`.
    pub name: Spanned<String>,
    /// `description`.
    pub description: Option<Spanned<String>>,
    /// `code`.
    pub code: Option<Spanned<CodeReference>>,
    /// `command`; the template is not parsed yet.
    pub command: Option<Spanned<String>>,
    /// `environment`.
    pub environment: Option<Spanned<String>>,
    /// `parameters`.
    pub parameters: Parameters,
    /// `type`.
    pub kind: Option<Spanned<String>>,
    /// `chart_type`.
    pub chart_type: Option<Spanned<String>>,
    /// `probe_paths`: key and expression, not parsed yet.
    pub probe_paths: Vec<Pair>,
    /// `data_parallelism`.
    pub data_parallelism: Option<Spanned<DataParallelism>>,
    /// `seed_parallelism`.
    pub seed_parallelism: Option<Spanned<Vec<Spanned<u64>>>>,
    /// `data_aggregation`.
    pub data_aggregation: Option<Spanned<bool>>,
    /// `seed_aggregation`.
    pub seed_aggregation: Option<Spanned<bool>>,
    /// `inputs`: the name here and the key upstream (the same, if only a list is given).
    pub inputs: Vec<Pair>,
    /// `outputs`: key and path.
    pub outputs: Vec<Pair>,
    /// `export`: key and path; a path alone has an empty key.
    pub exports: Vec<Pair>,
    /// `files`.
    pub files: Vec<Spanned<String>>,
    /// `script_path`.
    pub script_path: Option<Spanned<String>>,
    /// How its instances are run; without `files`, which are kept above with their places.
    pub settings: Settings,
    /// The fields that are given, each with the place of its value.
    pub places: Vec<Spanned<&'static str>>,
    /// The whole entry.
    pub span: Span,
}

impl ProcessConfig {
    /// Whether it closes a layer.
    pub(crate) fn closes(&self) -> bool {
        [&self.data_aggregation, &self.seed_aggregation].into_iter().flatten().any(|flag| flag.value)
    }

    /// The place of the value of `field`, or of the process's name if the field is not given.
    pub(crate) fn place(&self, field: &str) -> Span {
        self.places.iter().find(|place| place.value == field).map_or(self.name.span, |place| place.span)
    }
}

/// `script_key.function`, or just `function`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CodeReference {
    /// The key of the script; `None` means the default script.
    pub script: Option<Spanned<String>>,
    /// The function.
    pub function: Spanned<String>,
}

/// The value of `data_parallelism`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DataParallelism {
    /// `size`.
    pub size: Spanned<Size>,
    /// `data_name`.
    pub data_name: Option<Spanned<String>>,
    /// `by`.
    pub by: Option<Spanned<By>>,
}
