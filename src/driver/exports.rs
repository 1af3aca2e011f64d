//! Where copies of outputs may not go: where the build, a process or the compiler reads.

use camino::{Utf8Path, Utf8PathBuf};

use super::project::Project;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::file;
use crate::pipeline::{self, Pipeline};
use crate::plan::{Codes, Options};

/// What each process can read by its relative path.
const DATA: &str = "data";

/// Reports exports into the build folder, and onto what is read.
pub(super) fn check(
    pipeline: &Pipeline,
    read: &Codes,
    placed: &Options,
    project: &Project,
    sink: &mut Diagnostics,
) {
    let folder = project.folder.canonicalize_utf8().unwrap_or_else(|_| project.folder.clone());
    let build = file::normal(&folder.join(&placed.build));
    for export in pipeline.processes.iter().flat_map(|process| &process.exports) {
        let to = &export.to;
        let (message, help) = if pipeline::overlaps(&file::normal(&folder.join(to)), &build) {
            let message = format!("`{to}` cannot be exported to: the build folder is there");
            (message, "write a path outside of it, such as `results/report.html`")
        } else if let Some(path) = inputs(pipeline, read, placed).find(|path| pipeline::overlaps(path, to)) {
            let message = match path == to {
                true => format!("`{to}` cannot be exported to: it is read, or written by the compiler"),
                false => format!("`{to}` cannot be exported to: `{path}` is read"),
            };
            (
                message,
                "a copy is never an input: write a path that nothing reads, such as `results/report.html`",
            )
        } else if is_module(to, read) {
            let message = format!("`{to}` cannot be exported to: scripts import modules from there");
            (message, "a copy is never an input: write it to a folder of its own, such as `results/`")
        } else {
            continue;
        };
        let error = Diagnostic::new(&codes::EXPORT, message);
        sink.error(error.at(&pipeline.source, export.span, "not free").help(help));
    }
}

/// The files and folders that are read, relative to the project, and what the compiler writes.
fn inputs<'a>(
    pipeline: &'a Pipeline,
    read: &'a Codes,
    placed: &'a Options,
) -> impl Iterator<Item = &'a Utf8Path> {
    let files = pipeline.processes.iter().flat_map(|process| &process.settings.files);
    let requirements = pipeline.environments.iter().flat_map(|environment| &environment.requirements);
    let inside = read.inside.values().flatten();
    let own = [&placed.source, &placed.output];
    let is_folder =
        |path: &&Utf8PathBuf| read.module_folders.contains(path) || read.found.folders.contains(path);
    let sources = read.sources.iter().filter(move |path| !is_folder(path));
    let all = files.chain(pipeline.data.values()).chain(requirements).chain(inside).chain(own).chain(sources);
    [Utf8Path::new(DATA)].into_iter().chain(all.map(Utf8PathBuf::as_path))
}

/// Whether a copy would be a module that an import can mean.
fn is_module(to: &Utf8Path, read: &Codes) -> bool {
    let is_python = matches!(to.extension(), Some("py" | "pyc" | "so" | "pyi"));
    is_python && read.module_folders.iter().any(|folder| to.starts_with(folder) || folder == ".")
}
