//! What the scripts of a project say, and which files must make the compiler run again when they change.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::project::Project;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported, codes, list};
use crate::exec::environments::{self, Foreseen};
use crate::pipeline::{Pipeline, Work};
use crate::plan::Codes;
use crate::probe::Steps;
use crate::script::{Foreign, Library};

/// The digest of the code that each process reaches, its steps, and all files that were read to find them.
pub(super) fn codes(
    pipeline: &Pipeline,
    library: &mut Library,
    folders: Vec<Utf8PathBuf>,
    project: &Project,
    sink: &mut Diagnostics,
) -> Result<(Codes, Steps, Vec<Foreign>), Reported> {
    let mut foreign = Vec::new();
    let mut codes = Codes { folders, ..Codes::default() };
    let mut steps = Steps::new();
    let mut broken = Vec::new();
    for (id, process) in pipeline.iter() {
        let Work::Python(function) = &process.work else { continue };
        match library.reach(&function.script, &function.name) {
            Ok(reach) => {
                codes.digests.insert(id, reach.digest);
                codes.libraries.insert(id, reach.ahead);
                if reach.reads_files {
                    codes.reads_files.insert(id);
                }
                // What an environment has is known once it has been made; what is ours, always.
                let is_known = |import: &Foreign| process.environment.is_none() || import.beside.is_some();
                let absent = reach.foreign.into_iter().filter(is_known);
                foreign.extend(absent.filter(|import| !is_promised(import, pipeline)));
                steps.insert(id, reach.steps.into_iter().map(|step| step.name).collect());
            }
            Err(diagnostic) => broken.push((diagnostic, process.name.as_str())),
        }
    }
    report_broken(broken, sink);
    let declared =
        pipeline.processes.iter().flat_map(|process| &process.settings.files).chain(pipeline.data.values());
    let folders_of = declared.filter(|path| project.at(path).is_dir());
    codes.inside = folders_of.map(|path| (path.clone(), inside(project, path))).collect();
    let declared = pipeline.processes.iter().flat_map(|process| &process.settings.files);
    let is_awaited = |path: &&Utf8PathBuf| path.extension() == Some("py") && !project.at(path).exists();
    codes.promised = declared.filter(is_awaited).cloned().collect();
    let scripts = library.files();
    let folders = declared_folders(project, &codes);
    codes.module_folders = module_folders(&scripts, &folders);
    let requirements = requirements(project, pipeline, sink);
    // What one includes may change with it.
    let told = requirements.iter().flat_map(|(file, foreseen)| [file].into_iter().chain(&foreseen.files));
    let told: BTreeSet<_> = told.cloned().collect();
    codes.found.modules = scripts.iter().filter(|path| !is_named(pipeline, path)).cloned().collect();
    let all = folders.iter().chain(&codes.module_folders);
    codes.found.folders = all.filter(|path| !is_named(pipeline, path)).cloned().collect();
    let sources = [project.file.clone()].into_iter().chain(scripts).chain(folders).chain(told);
    // The project itself may be one of its packages (`-e .`): then its code is told twice.
    let mut known = BTreeSet::new();
    codes.sources = sources.filter(|path| known.insert(path.clone())).collect();
    for (file, foreseen) in requirements {
        codes.inside.insert(file.clone(), foreseen.files);
        codes.variables.insert(file, foreseen.variables);
    }
    sink.unless_errors((codes, steps, foreign))
}

/// Whether an imported module is declared: another build may make it.
pub(super) fn is_promised(import: &Foreign, pipeline: &Pipeline) -> bool {
    let last = import.module.rsplit('.').next().unwrap_or_default();
    let mut declared = pipeline.processes.iter().flat_map(|process| &process.settings.files);
    declared.any(|path| path.components().any(|part| part.as_str().trim_end_matches(".py") == last))
}

/// Whether the project file names a script with a process's function, or a declared folder.
fn is_named(pipeline: &Pipeline, path: &Utf8PathBuf) -> bool {
    let is_here = |work: &Work| matches!(work, Work::Python(function) if function.script == *path);
    pipeline.processes.iter().any(|process| is_here(&process.work) || process.settings.files.contains(path))
        || pipeline.data.values().any(|data| data == path)
}

/// Reports what is wrong with modules that processes reach: each error once, with the processes that it
/// affects.
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

/// The requirement files, with what they depend on.
fn requirements(
    project: &Project,
    pipeline: &Pipeline,
    sink: &mut Diagnostics,
) -> BTreeMap<Utf8PathBuf, Foreseen> {
    let mut all = BTreeMap::new();
    for environment in &pipeline.environments {
        for file in &environment.requirements {
            let foreseen = environments::foreseen(file, &project.folder);
            for name in &foreseen.remote {
                let message = format!("`{file}` names `{name}`, and nothing notices when that changes");
                let warning = Diagnostic::new(&codes::REMOTE_FILE, message);
                let warning = warning.at(&pipeline.source, environment.span, "made of it");
                sink.push(warning.help("keep a copy in the project, and name that"));
            }
            all.insert(file.clone(), foreseen);
        }
    }
    all
}

/// Everything below a folder, sorted. Includes broken links, which may have a target one day.
fn inside(project: &Project, folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let start = project.at(folder);
    let entries = walkdir::WalkDir::new(&start).min_depth(1).sort_by_file_name().follow_links(true);
    let path = |entry: walkdir::Result<walkdir::DirEntry>| match entry {
        Ok(entry) => Some(entry.into_path()),
        Err(error) => error.path().map(std::path::Path::to_owned),
    };
    let paths = entries.into_iter().filter_map(path);
    paths
        .filter_map(|path| Some(folder.join(Utf8Path::from_path(&path)?.strip_prefix(&start).ok()?)))
        .collect()
}

/// The folders among what is declared: a new file in one of them is declared as well.
fn declared_folders(project: &Project, codes: &Codes) -> BTreeSet<Utf8PathBuf> {
    let declared = codes.inside.iter().flat_map(|(folder, inside)| [folder].into_iter().chain(inside));
    let may_be_folder = |path: &&Utf8PathBuf| project.at(path).is_dir() || !project.at(path).exists();
    declared.filter(may_be_folder).filter(|path| !is_project(path)).cloned().collect()
}

/// The folders of the scripts: an import may resolve to a new module in one of them. Leaves out declared
/// folders, where any new file counts, and the project's own folder, since every build writes into it.
fn module_folders(scripts: &[Utf8PathBuf], declared: &BTreeSet<Utf8PathBuf>) -> Vec<Utf8PathBuf> {
    let parents: BTreeSet<_> = scripts.iter().filter_map(|path| path.parent()).collect();
    let counts = |path: &&Utf8Path| !is_project(path) && !declared.contains(*path);
    parents.into_iter().filter(counts).map(Utf8Path::to_owned).collect()
}

fn is_project(path: &Utf8Path) -> bool {
    ["", "."].contains(&path.as_str())
}
