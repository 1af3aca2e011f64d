//! Finds a project and takes it through the stages of the compiler.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Ended, say};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported, list};
use crate::exec::environment;
use crate::graph::{self, Graph};
use crate::pipeline::{self, Pipeline, ProcessId, Work};
use crate::plan::Codes;
use crate::probe::{self, Probes, Steps};
use crate::script::Library;
use crate::syntax;

/// How many instances the commands that only look at a pipeline go through at most: what was compiled with
/// a higher `--max-instances` than usual can still be looked at, and a slip of the finger ends.
pub(super) const MOST_INSTANCES: u64 = 4_000_000;

/// Where project files are looked for.
const FILES: [&str; 2] = ["expops.yaml", "configs/project_config.yaml"];

/// A project: its folder and, in it, its file.
#[derive(Clone, Debug)]
pub(super) struct Project {
    /// The folder, as given.
    pub(super) folder: Utf8PathBuf,
    /// The project file, relative to the folder.
    pub(super) file: Utf8PathBuf,
}

impl Project {
    /// The project at `path`: a folder, or a project file.
    pub(super) fn find(path: &Utf8Path) -> Result<Self, String> {
        if path.is_dir() {
            let file = FILES.iter().find(|file| path.join(file).is_file());
            return match file {
                Some(file) => Ok(Self { folder: path.to_owned(), file: Utf8PathBuf::from(file) }),
                None => {
                    Err(format!("there is no project in `{path}`: neither `{}` nor `{}`", FILES[0], FILES[1]))
                }
            };
        }
        if !path.is_file() {
            return Err(format!("there is no project `{path}`"));
        }
        let folder = path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
        let name = Utf8PathBuf::from(path.file_name().unwrap_or_default());
        if folder.file_name() == Some("configs") {
            let above =
                folder.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
            return Ok(Self { folder: above.to_owned(), file: Utf8Path::new("configs").join(name) });
        }
        Ok(Self { folder: folder.to_owned(), file: name })
    }

    /// Finds the project at `path`, enters its folder, and checks it.
    pub(super) fn open(path: &Utf8Path, sink: &mut Diagnostics) -> Result<Checked, Option<String>> {
        let project = Self::find(path).map_err(Some)?;
        project.enter().map_err(Some)?;
        check(&project.file, sink)
    }

    /// Enters the folder: from now on all paths are relative to the project.
    pub(super) fn enter(&self) -> Result<(), String> {
        std::env::set_current_dir(&self.folder)
            .map_err(|error| format!("cannot enter `{}`: {error}", self.folder))
    }
}

/// What the compiler knows of a project before it plans a build.
pub(super) struct Checked {
    pub(super) pipeline: Pipeline,
    pub(super) codes: Codes,
    pub(super) steps: Steps,
}

/// Reads and checks the project file `file` in the working folder.
pub(super) fn check(file: &Utf8Path, sink: &mut Diagnostics) -> Result<Checked, Option<String>> {
    let bytes = fs::read(file).map_err(|error| Some(format!("cannot read `{file}`: {error}")))?;
    let no_more = |_: Reported| None;
    let source = syntax::source_from_bytes(file.as_str(), &bytes, sink).map_err(no_more)?;
    let root = Utf8Path::new(".");
    let config = match syntax::parse_partly(&source, sink) {
        Ok(config) => config,
        Err((_, rest)) => {
            if let Some(config) = rest {
                pipeline::check_partly(&config, root, &mut Library::new(root, script_folders(&config)), sink);
            }
            return Err(None);
        }
    };
    let folders = script_folders(&config);
    let mut library = Library::new(root, folders.clone());
    let pipeline = pipeline::check(&config, root, &mut library, sink).map_err(no_more)?;
    let (codes, steps) = codes(&pipeline, &mut library, folders, file, sink).map_err(no_more)?;
    Ok(Checked { pipeline, codes, steps })
}

/// Expands a checked pipeline and resolves what its charts plot.
pub(super) fn expand<'p>(
    checked: &'p Checked,
    limit: u64,
    sink: &mut Diagnostics,
) -> Result<(Graph<'p>, Probes), Reported> {
    let graph = graph::expand(&checked.pipeline, limit, sink)?;
    let probes = probe::resolve(graph, &checked.steps, sink);
    sink.unless_errors((graph, probes))
}

/// Opens and expands the project at `path` and lets `look` have it, or says what is wrong with it.
pub(super) fn look(
    path: &Utf8Path,
    look: impl for<'p> FnOnce(&'p Checked, Graph<'p>, &Probes) -> Ended,
) -> Ended {
    let mut sink = Diagnostics::new();
    let checked = match Project::open(path, &mut sink) {
        Ok(checked) => checked,
        Err(why) => return report(&sink, why, false),
    };
    match expand(&checked, MOST_INSTANCES, &mut sink) {
        Ok((graph, probes)) => look(&checked, graph, &probes),
        Err(_) => report(&sink, None, false),
    }
}

/// The folders of the Python scripts, each once.
fn script_folders(config: &syntax::Config) -> Vec<Utf8PathBuf> {
    let mut folders = Vec::new();
    for (_, file) in &config.scripts {
        let path = Utf8Path::new(&file.value);
        let folder = path.parent().unwrap_or(Utf8Path::new("")).to_owned();
        if path.extension() == Some("py") && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

fn codes(
    pipeline: &Pipeline,
    library: &mut Library,
    folders: Vec<Utf8PathBuf>,
    file: &Utf8Path,
    sink: &mut Diagnostics,
) -> Result<(Codes, Steps), Reported> {
    let mut codes = Codes { folders, ..Codes::default() };
    let mut steps = Steps::new();
    let mut broken = Vec::new();
    for (id, process) in pipeline.iter() {
        let Work::Python(function) = &process.work else { continue };
        match library.reach(&function.script, &function.name) {
            Ok(reach) => {
                codes.digests.insert(id, reach.digest);
                if reach.reads_files {
                    codes.reads_files.insert(id);
                }
                steps.insert(id, reach.steps.into_iter().map(|step| step.name).collect());
            }
            Err(diagnostic) => broken.push((diagnostic, process.name.as_str())),
        }
    }
    report_broken(broken, sink);
    let declared = pipeline.processes.iter().flat_map(|process| &process.files).chain(&pipeline.data_path);
    codes.inside = declared.filter(|path| path.is_dir()).map(|path| (path.clone(), inside(path))).collect();
    let scripts = library.files();
    let folders = watched(&scripts, &codes);
    let requirements = requirements(pipeline);
    let told = requirements.iter().flat_map(|(file, included)| [file].into_iter().chain(included));
    let told: BTreeSet<_> = told.cloned().collect();
    codes.found.modules = scripts.iter().filter(|path| !is_named(pipeline, path)).cloned().collect();
    codes.found.folders = folders.iter().filter(|path| !is_named(pipeline, path)).cloned().collect();
    codes.sources = [file.to_owned()].into_iter().chain(scripts).chain(folders).chain(told).collect();
    codes.inside.extend(requirements);
    sink.unless_errors((codes, steps))
}

/// Whether the project file names a script with a process's function, or a declared folder.
fn is_named(pipeline: &Pipeline, path: &Utf8PathBuf) -> bool {
    let is_here = |work: &Work| matches!(work, Work::Python(function) if function.script == *path);
    pipeline.processes.iter().any(|process| is_here(&process.work) || process.files.contains(path))
        || pipeline.data_path.as_ref() == Some(path)
}

/// Reports what is wrong with modules that processes reach: each error once, with those that it concerns.
fn report_broken(mut broken: Vec<(Diagnostic, &str)>, sink: &mut Diagnostics) {
    while let Some((first, _)) = broken.first().cloned() {
        let is_same = |other: &Diagnostic| {
            let place =
                |d: &Diagnostic| d.labels.first().map(|label| (label.source.name().to_owned(), label.span));
            other.message == first.message && place(other) == place(&first)
        };
        let (same, rest): (Vec<_>, Vec<_>) = broken.into_iter().partition(|(other, _)| is_same(other));
        sink.error(first.help(format!("it is used by {}", list(same.iter().map(|(_, name)| *name)))));
        broken = rest;
    }
}

/// The requirement files that name others, and those others: what they name may change, too.
fn requirements(pipeline: &Pipeline) -> BTreeMap<Utf8PathBuf, Vec<Utf8PathBuf>> {
    let files = pipeline.environments.iter().flat_map(|environment| &environment.requirements);
    let all = files.map(|file| (file.clone(), environment::included(file)));
    all.filter(|(_, included)| !included.is_empty()).collect()
}

/// Everything below a folder, sorted; with links that lead nowhere, which may lead somewhere one day.
fn inside(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = walkdir::WalkDir::new(folder).min_depth(1).sort_by_file_name().follow_links(true);
    let path = |entry: walkdir::Result<walkdir::DirEntry>| match entry {
        Ok(entry) => Some(entry.into_path()),
        Err(error) => error.path().map(std::path::Path::to_owned),
    };
    let paths = entries.into_iter().filter_map(path);
    paths.filter_map(|path| Utf8PathBuf::from_path_buf(path).ok()).collect()
}

/// Folders in which a new file means that the compiler has to look again: it may be a module that an import
/// now finds first, or one more of the declared files. The project's own folder is none: every build writes
/// into it.
fn watched(scripts: &[Utf8PathBuf], codes: &Codes) -> BTreeSet<Utf8PathBuf> {
    let parents = scripts.iter().filter_map(|path| path.parent()).map(Utf8Path::to_owned);
    let declared = codes.inside.iter().flat_map(|(folder, inside)| [folder].into_iter().chain(inside));
    let folders = parents.chain(declared.cloned()).filter(|path| path.is_dir() || !path.exists());
    folders.filter(|path| !["", "."].contains(&path.as_str())).collect()
}

/// The positions of the processes in an order in which each stands behind what it needs.
pub(super) fn run_order(pipeline: &Pipeline) -> Vec<usize> {
    let is_chart = |id: &ProcessId| pipeline.process(*id).chart.is_some();
    let (charts, others): (Vec<_>, Vec<_>) = pipeline.order.iter().copied().partition(is_chart);
    others.into_iter().chain(charts).map(|id| id.0).collect()
}

/// Says what is wrong, and with which exit status to end.
pub(super) fn report(sink: &Diagnostics, other: Option<String>, json: bool) -> Ended {
    say::diagnostics(sink, json);
    if let Some(text) = other {
        say::error(&text);
    }
    Ended::Wrong
}
