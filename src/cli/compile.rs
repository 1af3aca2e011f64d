//! `expops compile`.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};

use super::ended::Ended;
use super::say;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::driver::{self, Project};
use crate::emit;
use crate::exec::environment::Interpreter;
use crate::file::{self, FileError, Written};
use crate::layout::Layout;
use crate::pipeline::Pipeline;
use crate::plan::{self, Options, Plan};
use crate::runtime;

/// How every generated file begins; in a script, after the line that names the shell.
const MARK: &str = "# Made by expops ";

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops compile                       write build.ninja; then: ninja
  expops compile --format make         write a Makefile; then: make
  expops compile analysis --root . --prefix analysis_ -o analysis/analysis.ninja
                                       for a build.ninja here that says: subninja analysis/analysis.ninja")]
pub(super) struct Flags {
    /// The project: a folder, or a project file
    #[arg(default_value = ".")]
    pub(super) project: Utf8PathBuf,
    /// What to write
    #[arg(long, value_enum, default_value_t = FormatName::Ninja)]
    pub(super) format: FormatName,
    /// The file to write [default: build.ninja, Makefile or build.sh in the project]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<Utf8PathBuf>,
    /// Where outputs go, inside the project
    #[arg(long, value_name = "DIR", default_value = "build")]
    pub(super) build_dir: Utf8PathBuf,
    /// The folder that the build tool runs in, if not the project: for a file that another build includes
    #[arg(long, value_name = "DIR")]
    pub(super) root: Option<Utf8PathBuf>,
    /// What comes before target, rule and variable names, so that they do not clash with another build's
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) prefix: String,
    /// The Python interpreter of processes without an environment, and what environments are made with
    #[arg(long, value_name = "PATH", default_value = "python3")]
    pub(super) python: String,
    /// Refuse pipelines that expand to more instances
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub(super) max_instances: u64,
    /// Overwrite a file that expops did not write
    #[arg(long)]
    pub(super) force: bool,
    /// Print diagnostics as lines of JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Say nothing of success
    #[arg(short, long)]
    pub(super) quiet: bool,
}

/// What to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatName {
    /// `build.ninja`
    Ninja,
    /// `Makefile`
    Make,
    /// A script that runs everything in order
    Sh,
}

pub(super) fn run(flags: &Flags) -> Ended {
    match compile(flags) {
        Err(ended) => ended,
        Ok(compiled) => {
            if !flags.quiet && compiled.written == Written::Changed {
                println!("wrote {} ({})", compiled.shown, compiled.summary);
            }
            Ended::Well
        }
    }
}

/// What a compilation made.
pub(super) struct Compiled {
    /// The generated file, relative to the project: the working folder, from now on.
    pub(super) output: Utf8PathBuf,
    /// The same, as seen from where the program was started.
    shown: Utf8PathBuf,
    written: Written,
    summary: String,
}

/// Compiles a project and writes everything.
pub(super) fn compile(flags: &Flags) -> Result<Compiled, Ended> {
    let wrong = |text: String| {
        say::error(&text);
        Ended::Wrong
    };
    let project = Project::find(&flags.project).map_err(wrong)?;
    let options = options(flags, &project).map_err(wrong)?;
    project.enter().map_err(wrong)?;
    let mut sink = Diagnostics::new();
    let checked = driver::check(&project.file, &mut sink)
        .map_err(|failure| Ended::because(&failure, &sink, flags.json))?;
    let (graph, probes) = driver::expand(&checked, flags.max_instances, &mut sink)
        .map_err(|reported| Ended::because(&reported.into(), &sink, flags.json))?;
    let plan = plan::lower(graph, &probes, &checked.codes, &options);
    declared(&checked.pipeline, &options.build, &mut sink);
    expressible(&plan, flags.format, &mut sink);
    sink.unless_errors(()).map_err(|reported| Ended::because(&reported.into(), &sink, flags.json))?;
    let text = match flags.format {
        FormatName::Ninja => emit::ninja(&plan),
        FormatName::Make => emit::make(&plan),
        FormatName::Sh => emit::shell(&plan, &driver::run_order(&checked.pipeline)),
    };
    if !flags.force && !is_ours(&options.output) {
        return Err(wrong(format!("`{}` was not written by expops; --force overwrites it", options.output)));
    }
    say::diagnostics(&sink, flags.json);
    let depfile = emit::depfile(&plan).filter(|_| flags.format == FormatName::Ninja);
    let written = write(&plan, &options, (&text, depfile.as_deref()), &flags.python).map_err(|error| {
        say::error(&error);
        Ended::Failed
    })?;
    let instances: usize = plan.groups.iter().map(|group| group.actions.len()).sum();
    let summary = format!("{} processes, {instances} instances", plan.groups.len());
    let shown = file::normal(&project.folder.join(&options.output));
    Ok(Compiled { output: options.output, shown, written, summary })
}

/// The plan's options, with every path relative to the project.
fn options(flags: &Flags, project: &Project) -> Result<Options, String> {
    let absolute =
        |path: &Utf8Path| path.canonicalize_utf8().map_err(|error| format!("cannot find `{path}`: {error}"));
    let folder = absolute(&project.folder)?;
    let here = absolute(Utf8Path::new("."))?;
    let default = match flags.format {
        FormatName::Ninja => "build.ninja",
        FormatName::Make => "Makefile",
        FormatName::Sh => "build.sh",
    };
    let output = match &flags.output {
        None => Utf8PathBuf::from(default),
        Some(path) => relative(&file::normal(&here.join(path)), &folder),
    };
    let root = flags.root.as_deref().map(absolute).transpose()?;
    let is_inside = |path: &Utf8Path| !path.is_absolute() && !path.starts_with("..");
    let build = file::normal(&flags.build_dir);
    if !is_inside(&build) || build == "." {
        return Err(format!("the build folder `{build}` is not a folder inside the project"));
    }
    let runs_in = root.as_ref().unwrap_or(&folder);
    let written_in =
        file::normal(&folder.join(&output)).parent().map_or_else(|| folder.clone(), Utf8Path::to_owned);
    let mut options = Options {
        up: Some(relative(runs_in, &written_in)).filter(|path| path != ".").unwrap_or_default(),
        source: project.file.clone(),
        build,
        output,
        root: root
            .as_deref()
            .map(|root| relative(&folder, root))
            .filter(|path| path != ".")
            .unwrap_or_default(),
        prefix: flags.prefix.clone(),
        python: flags.python.clone(),
        compile: Vec::new(),
    };
    let root = root.map(|root| relative(&root, &folder)).filter(|path| path != ".");
    options.compile = words(flags, &options, root, default);
    Ok(options)
}

/// The command that makes the generated file again, from the project's folder.
fn words(flags: &Flags, options: &Options, root: Option<Utf8PathBuf>, default: &str) -> Vec<String> {
    let mut words = vec!["compile".to_owned()];
    let mut flag = |name: &str, value: &str, default: &str| {
        if value != default {
            words.extend([name.to_owned(), value.to_owned()]);
        }
    };
    let format = flags.format.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned());
    flag("--format", &format, "ninja");
    flag("-o", options.output.as_str(), default);
    flag("--build-dir", options.build.as_str(), "build");
    flag("--root", root.as_ref().map_or("", |root| root.as_str()), "");
    flag("--prefix", &flags.prefix, "");
    flag("--python", &flags.python, "python3");
    flag("--max-instances", &flags.max_instances.to_string(), "1000000");
    if flags.force {
        words.push("--force".to_owned());
    }
    if !["expops.yaml", "configs/project_config.yaml"].contains(&options.source.as_str()) {
        words.push(options.source.to_string());
    }
    words
}

/// The absolute path `path` as seen from the absolute folder `from`.
fn relative(path: &Utf8Path, from: &Utf8Path) -> Utf8PathBuf {
    let common = path.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(common).map(|_| "..");
    let relative: Utf8PathBuf = up.chain(path.components().skip(common).map(|part| part.as_str())).collect();
    if relative.as_str().is_empty() { Utf8PathBuf::from(".") } else { relative }
}

/// Whether nothing is declared as read that the build writes.
fn declared(pipeline: &Pipeline, build: &Utf8Path, sink: &mut Diagnostics) {
    let files = pipeline.processes.iter().flat_map(|process| &process.files).chain(&pipeline.data_path);
    for path in files.filter(|path| path.starts_with(build) || build.starts_with(path)) {
        let message = format!("`{path}` cannot be declared as read: the build writes into it");
        let error = Diagnostic::new(&codes::DECLARED, message);
        sink.error(error.help("take what another process makes as an input"));
    }
}

/// Whether every path of the plan can stand in the generated file.
fn expressible(plan: &Plan, format: FormatName, sink: &mut Diagnostics) {
    let format = match format {
        FormatName::Ninja => emit::Format::Ninja,
        FormatName::Make => emit::Format::Make,
        FormatName::Sh => emit::Format::Shell,
    };
    let shared = plan.groups.iter().flat_map(|group| &group.shared);
    let inputs = plan.environments.iter().flat_map(|environment| &environment.inputs);
    for path in plan.sources.iter().chain([&plan.output, &plan.root]).chain(shared).chain(inputs) {
        if let Some(what) = emit::inexpressible(format, path) {
            let message = format!("the path `{}` has {what}", path.as_str().escape_debug());
            sink.error(Diagnostic::new(&codes::INEXPRESSIBLE, message).help("rename the file"));
        }
    }
}

/// Whether a file may be overwritten: it is not there, or expops wrote it.
pub(super) fn is_ours(path: &Utf8Path) -> bool {
    match fs::read(path) {
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        Ok(bytes) => {
            bytes.starts_with(MARK.as_bytes()) || bytes.starts_with(format!("#!/bin/sh\n{MARK}").as_bytes())
        }
    }
}

/// Writes what changed: plan files first, the generated file after them, and last the proof for Make
/// that all of it is there.
fn write(
    plan: &Plan,
    options: &Options,
    (text, depfile): (&str, Option<&str>),
    python: &str,
) -> Result<Written, String> {
    let layout = Layout::new(options.build.clone());
    let write = || -> Result<Written, FileError> {
        for file in &plan.plan_files {
            file::write_if_changed(&seen_from_project(&file.path, &options.root), file.text.as_bytes())?;
        }
        remove_others(&layout, plan, options)?;
        runtime::install(&layout.python())?;
        if let Some(text) = depfile {
            file::write_if_changed(&layout.depfile(), text.as_bytes())?;
        }
        let written = file::write_if_changed(&options.output, text.as_bytes())?;
        // Not by a temporary file: it is empty, and nothing would remove what a killed compiler left.
        file::context(fs::write(layout.compiled(), ""), "write", &layout.compiled())?;
        Ok(written)
    };
    if plan.interpreter.is_some() {
        let stamp = layout.environment_stamp("");
        Interpreter::probe(python).write(&stamp).map_err(|failure| failure.to_string())?;
    }
    let written = write().map_err(|error| error.to_string())?;
    #[cfg(unix)]
    if text.starts_with("#!") {
        use std::os::unix::fs::PermissionsExt as _;
        let _ = fs::set_permissions(&options.output, fs::Permissions::from_mode(0o755));
    }
    Ok(written)
}

/// A path of the plan, which is as the build tool sees it, from the project's folder.
fn seen_from_project(path: &Utf8Path, root: &Utf8Path) -> Utf8PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_owned()
}

/// Removes the plan files of processes that are gone.
fn remove_others(layout: &Layout, plan: &Plan, options: &Options) -> Result<(), FileError> {
    let kept: Vec<_> =
        plan.plan_files.iter().map(|file| seen_from_project(&file.path, &options.root)).collect();
    for entry in walkdir::WalkDir::new(layout.plans()).into_iter().flatten() {
        let Some(path) = Utf8Path::from_path(entry.path()) else { continue };
        if entry.file_type().is_file()
            && path.extension() == Some("json")
            && !kept.iter().any(|kept| kept == path)
        {
            file::remove(path)?;
        }
    }
    Ok(())
}
