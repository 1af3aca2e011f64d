//! Takes a project file through the stages of the compiler up to the expanded pipeline.

use std::fs;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::failure::Failure;
use super::project::Project;
use super::sources::codes;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported, codes};
use crate::file;
use crate::graph::{self, Graph};
use crate::pipeline::{self, Missing, Pipeline};
use crate::plan::Codes;
use crate::probe::{self, Probes, Steps};
use crate::script::{Foreign, Library};
use crate::source::{Source, Span, Spanned};
use crate::syntax;

/// What the compiler knows of a project before it plans a build.
pub struct Checked {
    /// The checked pipeline.
    pub(crate) pipeline: Arc<Pipeline>,
    /// What its scripts say.
    pub(crate) codes: Codes,
    /// The steps that each process logs under.
    pub(crate) steps: Steps,
    /// Imports that no module of the project satisfies.
    pub(crate) foreign: Vec<Foreign>,
    /// The files that the project file names, and where.
    pub(crate) named: NamedFiles,
}

/// The files that a project file names.
#[derive(Clone, Debug)]
pub(crate) struct NamedFiles {
    /// The project file.
    pub source: Source,
    /// The files, as written.
    pub files: Vec<Spanned<String>>,
}

impl NamedFiles {
    fn of(config: &syntax::Config) -> Self {
        let scripts = config.scripts.iter().chain(&config.datasets).map(|(_, file)| file);
        let environments = config.environments.iter().flat_map(|environment| &environment.files);
        let outputs = config.processes.iter().flat_map(|process| &process.outputs).map(|(_, file)| file);
        let exports = config.processes.iter().flat_map(|process| &process.exports).map(|(_, file)| file);
        let declared = config.processes.iter().flat_map(|process| &process.files);
        let all = scripts.chain(environments).chain(&config.data_path).chain(outputs);
        let all = all.chain(exports).chain(declared);
        Self { source: config.source.clone(), files: all.cloned().collect() }
    }
}

/// Reads and checks a project.
pub(super) fn check(project: &Project, missing: Missing, sink: &mut Diagnostics) -> Result<Checked, Failure> {
    let Project { folder: root, file } = project;
    let path = project.at(file);
    let bytes =
        file::context(fs::read(&path), "read", &path).map_err(|error| Failure::Usage(error.to_string()))?;
    let source = syntax::source_from_bytes(file.as_str(), &bytes, sink)?;
    let config = match syntax::parse(&source, sink) {
        Ok(config) => config,
        Err((reported, rest)) => {
            if let Some(config) = rest {
                let mut library = Library::new(root, script_folders(&config));
                pipeline::check_partly(&config, root, &mut library, missing, sink);
            }
            return Err(reported.into());
        }
    };
    other_config(project, sink);
    let folders = script_folders(&config);
    let mut library = Library::new(root, folders.clone());
    let pipeline = pipeline::check(&config, root, &mut library, missing, sink)?;
    let (codes, steps, foreign) = codes(&pipeline, &mut library, folders, project, sink)?;
    Ok(Checked { pipeline: Arc::new(pipeline), codes, steps, foreign, named: NamedFiles::of(&config) })
}

/// Warns of a file next to the project file that existing projects have and expops does not use.
fn other_config(project: &Project, sink: &mut Diagnostics) {
    let path = project.file.with_file_name("compute_config.yaml");
    let Ok(text) = fs::read_to_string(project.at(&path)) else { return };
    let source = Source::new(path.as_str(), text);
    let line = source.text().lines().next().unwrap_or_default().len();
    let message = format!("`{path}` is not used by expops");
    let warning =
        Diagnostic::new(&codes::IGNORED_SECTION, message).at(&source, Span::new(0, line), "has no effect");
    sink.push(warning.help(
        "how many instances run at once is said when the build runs: `expops run -j 4`; \
         what each may use, by its process: `resources: {cpus: 4, memory: 8GB}`",
    ));
}

/// Expands a checked pipeline and resolves what its charts plot.
pub(crate) fn expand<'p>(
    checked: &'p Checked,
    limit: u64,
    sink: &mut Diagnostics,
) -> Result<(Graph<'p>, Arc<Probes>), Reported> {
    let graph = graph::expand(&checked.pipeline, limit, sink)?;
    let probes = Arc::new(probe::resolve(graph, &checked.steps, sink));
    sink.unless_errors((graph, probes))
}

/// The folders of the Python scripts, each once.
fn script_folders(config: &syntax::Config) -> Vec<Utf8PathBuf> {
    let mut folders = Vec::new();
    for path in pipeline::scripts(config).into_iter().map(Utf8Path::new) {
        let folder = path.parent().unwrap_or(Utf8Path::new("")).to_owned();
        if path.extension() == Some("py") && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}
