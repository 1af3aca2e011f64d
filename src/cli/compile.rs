//! `expops compile`.

use camino::Utf8PathBuf;
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::ended::Ended;
use super::{repair, say};
use crate::defaults;
use crate::diagnostic::Diagnostics;
use crate::driver::{self, Compiled, Options};
use crate::emit::Format;
use crate::file::{self, Given, Written};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops compile                       write build.ninja; then: ninja
  expops compile --format make         write a Makefile; then: make
  expops compile analysis --root . --prefix analysis_ -o analysis/analysis.ninja
                                       for a build.ninja here that says: subninja analysis/analysis.ninja")]
pub(super) struct Flags {
    /// The project: a folder, or a project file
    #[arg(default_value = ".")]
    project: Utf8PathBuf,
    /// What to write
    #[arg(long, value_enum, default_value_t)]
    format: FormatName,
    /// The file to write [default: build.ninja, Makefile or build.sh in the project]
    #[arg(short, long, value_name = "FILE")]
    output: Option<Utf8PathBuf>,
    /// Where outputs go: a folder in the project, or outside, such as ../out or an absolute path
    #[arg(long, value_name = "DIR", default_value = defaults::BUILD)]
    build_dir: Utf8PathBuf,
    /// The folder that the build tool runs in, if not the project: for a file that another build includes
    #[arg(long, value_name = "DIR")]
    root: Option<Utf8PathBuf>,
    /// What comes before target, rule and variable names, so that they do not clash with another build's
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
    /// The Python interpreter of processes without an environment, and what environments are made with
    #[arg(long, value_name = "PATH", default_value = defaults::PYTHON)]
    python: String,
    /// Refuse pipelines that expand to more instances
    #[arg(long, value_name = "N", default_value_t = defaults::MAX_INSTANCES)]
    max_instances: u64,
    /// Overwrite a file that expops did not write
    #[arg(long)]
    force: bool,
    /// Print diagnostics as lines of JSON
    #[arg(long)]
    json: bool,
    /// Say nothing of success
    #[arg(short, long)]
    quiet: bool,
}

/// A format by its name.
#[derive(Clone, Copy, Debug, Default)]
struct FormatName(Format);

impl ValueEnum for FormatName {
    fn value_variants<'a>() -> &'a [Self] {
        const { &[Self(Format::Ninja), Self(Format::Make), Self(Format::Shell)] }
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self.0 {
            Format::Ninja => "`build.ninja`",
            Format::Make => "`Makefile`",
            Format::Shell => "A script that runs everything in order",
        };
        Some(PossibleValue::new(self.0.name()).help(help))
    }
}

impl Flags {
    fn options(&self) -> Options {
        Options {
            project: self.project.clone(),
            format: self.format.0,
            output: self.output.as_deref().map(|path| Given::path(path).to_owned()),
            build: self.build_dir.clone(),
            root: self.root.clone(),
            prefix: self.prefix.clone(),
            python: self.python.clone(),
            max_instances: self.max_instances,
            force: self.force,
        }
    }
}

pub(super) fn run(flags: &Flags) -> Ended {
    match compile(&flags.options(), flags.json) {
        Err(ended) => ended,
        Ok((compiled, written)) => {
            if let Some(other) = another_program().filter(|_| !flags.json) {
                let text = format!(
                    "the `expops` on PATH, `{other}`, is another program, and the build would call it: set EXPOPS to the path of this one"
                );
                say::warning(&text);
            }
            if let Some(version) = compiled.other_distribution().filter(|_| !flags.json) {
                let text = format!(
                    "`{}` has the distribution `expops` {version}, another project's: builds do not use it, but editors and notebooks may take it for ours; there, import `expops_build.core`",
                    flags.python
                );
                say::note(&text);
            }
            if let Err(ended) = repair::look_at_environments(&compiled, flags.json) {
                return ended;
            }
            if !flags.quiet && written == Written::Changed {
                println!("wrote {}", summary(&compiled));
            }
            Ended::Well
        }
    }
}

/// The `expops` on PATH if it is not ours: the generated file calls it unless `EXPOPS` names another. It is not
/// run, since anybody may have written it.
fn another_program() -> Option<Utf8PathBuf> {
    if std::env::var_os("EXPOPS").is_some_and(|program| !program.is_empty()) {
        return None;
    }
    let found = file::on_path("expops")?;
    let this = std::env::current_exe().and_then(std::fs::canonicalize).ok()?;
    let is_this = std::fs::canonicalize(&found).is_ok_and(|found| found == this);
    // Other builds of expops contain the name of this variable, too.
    let is_ours = || {
        std::fs::read(&found).is_ok_and(|bytes| memchr::memmem::find(&bytes, b"EXPOPS_CACHE_DIR").is_some())
    };
    (!is_this && !is_ours()).then_some(found)
}

/// The generated file, as seen from where the program was started, and what it contains.
fn summary(compiled: &Compiled) -> String {
    let shown = file::normal(&compiled.project.folder.join(&compiled.output));
    let groups = &compiled.plan.groups;
    let instances: usize = groups.iter().map(|group| group.actions.len()).sum();
    format!("{shown} ({} processes, {instances} instances)", groups.len())
}

/// Compiles a project and writes everything.
pub(super) fn compile(options: &Options, json: bool) -> Result<(Compiled, Written), Ended> {
    let mut sink = Diagnostics::new();
    let compiled =
        driver::compile(options, &mut sink).map_err(|failure| Ended::because(&failure, &sink, json))?;
    say::diagnostics(&sink, json);
    if compiled.follows_another_version() && !json {
        say::note("what an earlier version of expops made is made again");
    }
    let written = compiled.write().map_err(|failure| Ended::because(&failure, &Diagnostics::new(), json))?;
    Ok((compiled, written))
}
