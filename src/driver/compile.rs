//! Compiles a project to a plan. Writes nothing yet.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::check::{Checked, NamedFiles, check, expand};
use super::failure::Failure;
use super::options::Options;
use super::project::Project;
use super::{exports, imports, started};
use crate::defaults;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::emit::Format;
use crate::exec::Places;
use crate::file;
use crate::layout::{self, Layout};
use crate::pipeline::{self, Missing, Pipeline};
use crate::plan::{self, Plan};
use crate::probe::Probes;
use crate::source::Span;

/// A compiled project.
#[derive(Debug)]
pub struct Compiled {
    /// What the build does.
    pub plan: Plan,
    /// The text of the depfile that goes with it, if there is one.
    pub depfile: Option<String>,
    /// The generated file, relative to the project.
    pub output: Utf8PathBuf,
    /// The places in the project file that name what is built.
    pub(super) places: Places,
    /// The project.
    pub(crate) project: Project,
    /// The layout of the build folder, wherever the project is.
    pub(crate) layout: Layout,
    pub(super) options: Options,
    /// The build folder, relative to the project.
    pub(super) build: Utf8PathBuf,
    /// The folder that the build tool runs in.
    pub(super) runs_in: Utf8PathBuf,
}

/// The folder that the paths of a project are joined to. If it is a link, `..` leads to the parent of its
/// target: that matters when the build folder is outside the project.
fn joined_to(folder: &Utf8Path, build: &Utf8Path) -> Utf8PathBuf {
    let real = build.starts_with("..").then(|| folder.canonicalize_utf8().ok()).flatten();
    real.unwrap_or_else(|| folder.to_owned())
}

/// Compiles a project. Writes nothing.
pub fn compile(options: &Options, sink: &mut Diagnostics) -> Result<Compiled, Failure> {
    let project = Project::find(&options.project).map_err(Failure::Usage)?;
    let placed = options.placed(&project).map_err(Failure::Usage)?;
    let checked = check(&project, options.missing(), sink)?;
    let absent = |sink: &mut Diagnostics| {
        let started = started::absent(&checked.pipeline, &project, &options.python);
        let all = [checked.foreign.as_slice(), &started].concat();
        imports::report_absent(&all, (&options.python, &checked.codes.folders), &project, sink);
    };
    // What a path does not select may be a step whose decorator was not imported.
    let expanded = expand(&checked, options.max_instances, sink);
    let (_, probes) = expanded.inspect_err(|_| absent(sink))?;
    let plan = plan::lower(&checked.pipeline, &probes, &checked.codes, &placed);
    report_declared(&checked.pipeline, &project, &placed.build, sink);
    exports::check(&checked.pipeline, &checked.codes, &placed, &project, sink);
    report_named(&checked.named, options.format, sink);
    report_inexpressible(&plan, options.format, sink);
    sink.unless_errors(())?;
    absent(sink);
    Ok(Compiled {
        depfile: options.format.depfile(&plan),
        places: places(&checked.pipeline, &project),
        plan,
        output: placed.output,
        layout: Layout::new(file::normal(&joined_to(&project.folder, &placed.build).join(&placed.build))),
        runs_in: joined_to(options.root.as_ref().unwrap_or(&project.folder), &placed.build),
        build: placed.build,
        project,
        options: options.clone(),
    })
}

/// The places in the project file (its path is relative to the project) that name processes and environments.
fn places(pipeline: &Pipeline, project: &Project) -> Places {
    let place = |name: &str, span: Span| {
        let (line, column) = pipeline.source.line_column(span.start);
        (layout::component(name), format!("{}:{line}:{column}", project.file))
    };
    Places {
        processes: pipeline.processes.iter().map(|process| place(&process.name, process.span)).collect(),
        environments: pipeline.environments.iter().map(|one| place(&one.name, one.span)).collect(),
    }
}

/// Plans the build of a project. The prefix of targets, the generated file and the interpreter depend on how
/// the project was compiled, so they are not in this plan; everything else is.
pub(crate) fn plan(project: &Project, build: &Utf8Path, sink: &mut Diagnostics) -> Result<Plan, Failure> {
    let checked = check(project, Missing::Ignored, sink)?;
    let (_, probes) = expand(&checked, defaults::MAX_INSTANCES_TO_LOOK_AT, sink)?;
    Ok(plan_of(&checked, &probes, project, build))
}

/// The plan of a project that has been checked and expanded.
pub(crate) fn plan_of(checked: &Checked, probes: &Arc<Probes>, project: &Project, build: &Utf8Path) -> Plan {
    let options = plan::Options {
        source: project.file.clone(),
        build: crate::file::normal(build),
        output: Utf8PathBuf::new(),
        root: Utf8PathBuf::new(),
        up: Utf8PathBuf::new(),
        prefix: String::new(),
        python: defaults::PYTHON.to_owned(),
        compile: Vec::new(),
    };
    plan::lower(&checked.pipeline, probes, &checked.codes, &options)
}

/// Reports files that are declared as read although the build writes them.
fn report_declared(pipeline: &Pipeline, project: &Project, build: &Utf8Path, sink: &mut Diagnostics) {
    let folder = project.folder.canonicalize_utf8().unwrap_or_else(|_| project.folder.clone());
    let at = |path: &Utf8Path| file::normal(&folder.join(path));
    let build = at(build);
    let files =
        pipeline.processes.iter().flat_map(|process| &process.settings.files).chain(pipeline.data.values());
    for path in files.filter(|path| pipeline::overlaps(&at(path), &build)) {
        let message = format!("`{path}` cannot be declared as read: the build writes into it");
        let error = Diagnostic::new(&codes::DECLARED, message);
        sink.error(error.help("take what another process makes as an input"));
    }
}

/// Reports the files named in the project file whose names the generated file cannot express.
fn report_named(named: &NamedFiles, format: Format, sink: &mut Diagnostics) {
    for file in &named.files {
        if let Some(what) = format.inexpressible(Utf8Path::new(&file.value)) {
            let error = inexpressible(&file.value, what).at(&named.source, file.span, "named here");
            sink.error(error.help("rename the file"));
        }
    }
}

/// Reports the other paths of the plan that the generated file cannot express: those from the flags, and those
/// that the compiler found itself. The rest is left to `report_named`.
fn report_inexpressible(plan: &Plan, format: Format, sink: &mut Diagnostics) {
    for (flag, path) in [("-o", &plan.output), ("--root", &plan.root), ("--build-dir", &plan.build)] {
        if let Some(what) = format.inexpressible(path) {
            sink.error(inexpressible(path.as_str(), what).help(format!("`{flag}` needs another name")));
            return;
        }
    }
    if sink.has_errors() {
        return;
    }
    let shared = plan.groups.iter().flat_map(|group| &group.shared.inputs);
    let inputs = plan.environments.iter().flat_map(|environment| &environment.inputs);
    for path in plan.sources.iter().chain(plan.module_folders()).chain(shared).chain(inputs) {
        if let Some(what) = format.inexpressible(path) {
            sink.error(inexpressible(path.as_str(), what).help("rename the file"));
        }
    }
}

fn inexpressible(path: &str, what: &str) -> Diagnostic {
    Diagnostic::new(&codes::INEXPRESSIBLE, format!("the path `{}` has {what}", path.escape_debug()))
}
