//! A plan as data.

use std::sync::Arc;

use camino::Utf8PathBuf;

use super::action::{Action, Verdict};
use super::instances::Actions;

/// A build, independent of the build tool. All paths are relative to the folder that the build tool runs in.
#[derive(Debug)]
pub struct Plan {
    /// The project file, as the header names it.
    pub source: Utf8PathBuf,
    /// The arguments before a subcommand: none, or `-C` and the project's folder.
    pub location: Vec<String>,
    /// Extra arguments for every `exec`: the build folder, if it is not the default one.
    pub exec_flags: Vec<String>,
    /// The arguments that regenerate the generated file, without the program's name.
    pub compile: Vec<String>,
    /// The generated file.
    pub output: Utf8PathBuf,
    /// What the compiler reads: the project file and every script.
    pub sources: Vec<Utf8PathBuf>,
    /// Folders in which an added or removed module means that the compiler must run again.
    pub modules: Vec<Modules>,
    /// The sources and folders that the project file does not name.
    pub found: Discoveries,
    /// The depfile with the modules among those, for a Ninja build that includes this one.
    pub depfile: Utf8PathBuf,
    /// What the compiler writes besides the generated file, with its content if the plan decides it.
    pub plan_files: Vec<PlanText>,
    /// The stamp of the active Python, also written by the compiler.
    pub interpreter: Option<Utf8PathBuf>,
    /// How a shell recognizes the program that this build is for, also written by the compiler.
    pub program: Utf8PathBuf,
    /// The proof that the generated file is as new as its sources; every generated file has its own.
    pub proof: Utf8PathBuf,
    /// The build folder.
    pub build: Utf8PathBuf,
    /// Set if instances can be dropped: then `all` and every other name ends in a verdict.
    pub verdict: Option<Verdict>,
    /// The file that never exists, if an instance depends on it: every build checks such instances.
    pub always: Option<Utf8PathBuf>,
    /// The environments to create.
    pub environments: Vec<Environment>,
    /// One for each process, in the order of the project file.
    pub groups: Vec<Arc<Group>>,
    /// The positions of the groups in dependency order.
    pub order: Vec<usize>,
    /// The prefix of every name that could clash in an enclosing build.
    pub prefix: String,
    /// The project's folder, relative to where the build tool runs; empty if it is the same.
    pub root: Utf8PathBuf,
    /// The folder in which the build tool runs, relative to that of the generated file; empty if it is the same.
    pub up: Utf8PathBuf,
}

impl Plan {
    /// What the compiler writes besides the generated file.
    pub fn written(&self) -> Vec<Utf8PathBuf> {
        self.plan_files.iter().map(|file| &file.path).chain(&self.interpreter).cloned().collect()
    }

    /// The stamps of the folders of scripts.
    pub fn module_stamps(&self) -> impl Iterator<Item = &Utf8PathBuf> {
        self.modules.iter().map(|modules| &modules.stamp)
    }

    /// The folders of scripts.
    pub fn module_folders(&self) -> impl Iterator<Item = &Utf8PathBuf> {
        self.modules.iter().map(|modules| &modules.folder)
    }

    /// All instances, in the order of the project file.
    pub fn actions(&self) -> impl Iterator<Item = Action> + '_ {
        self.groups.iter().flat_map(|group| group.actions.iter())
    }

    /// The names of all instances for `exec`.
    pub fn instances(&self) -> impl Iterator<Item = String> + '_ {
        self.groups.iter().flat_map(|group| group.actions.names())
    }

    /// All copies of outputs.
    pub fn exports(&self) -> impl Iterator<Item = &Export> {
        self.groups.iter().flat_map(|group| &group.exports)
    }

    /// Whether Ninja's own log files go into the build folder: if that is outside the project, whose folder then stays
    /// untouched, or if the generated file is in it, perhaps next to one that somebody else wrote.
    pub fn keeps_log_in_build(&self) -> bool {
        let is_outside = self.build.is_absolute() || self.build.starts_with("..");
        !self.is_hosted() && (is_outside || self.output.starts_with(&self.build))
    }

    /// Whether the generated file is part of another build, whose files we must not mention.
    pub fn is_hosted(&self) -> bool {
        !self.prefix.is_empty() || !self.root.as_str().is_empty()
    }
}

/// A folder of scripts. A separate edge checks the names of the modules in it, so that no other file there wakes the
/// compiler.
#[derive(Debug)]
pub struct Modules {
    /// The folder as `expops exec --modules` names it: relative to the project.
    pub name: String,
    /// The folder.
    pub folder: Utf8PathBuf,
    /// A stamp of the names.
    pub stamp: Utf8PathBuf,
    /// Written by every check of the names.
    pub record: Utf8PathBuf,
}

/// What the compiler found by itself, and what may be gone the next time.
#[derive(Debug, Default)]
pub struct Discoveries {
    /// Imported modules.
    pub modules: Vec<Utf8PathBuf>,
    /// Folders in which a new file matters.
    pub folders: Vec<Utf8PathBuf>,
}

/// A plan file and its text.
#[derive(Debug)]
pub struct PlanText {
    /// Its path, as the build tool sees it.
    pub path: Utf8PathBuf,
    /// Its content.
    pub text: String,
}

/// An environment to create.
#[derive(Debug)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Its name on disk, used by `expops exec --environment`.
    pub folder: String,
    /// Its stamp.
    pub stamp: Utf8PathBuf,
    /// Written by every attempt that succeeds.
    pub record: Utf8PathBuf,
    /// Its plan file, and the files that specify its content.
    pub inputs: Vec<Utf8PathBuf>,
}

/// The instances of one process.
#[derive(Debug)]
pub struct Group {
    /// The process's name.
    pub process: String,
    /// Its author's description; one line.
    pub description: Option<String>,
    /// The target that builds all of them.
    pub target: String,
    /// What all of them depend on.
    pub shared: Shared,
    /// Where Make finds the files that its instances were seen to read; `None` if they cannot read any.
    pub reads: Option<Utf8PathBuf>,
    /// Proves that nothing of it was dropped.
    pub verdict: Option<Verdict>,
    /// Copies of what its only instance makes.
    pub exports: Vec<Export>,
    /// The instances.
    pub actions: Actions,
}

/// A copy of an output, outside the build folder. It is a target; a stamp depends on it, so that an edited copy is made
/// again.
#[derive(Debug)]
pub struct Export {
    /// The output and the copy for `expops exec --export`: relative to the project.
    pub words: [String; 2],
    /// The output.
    pub from: Utf8PathBuf,
    /// The copy.
    pub to: Utf8PathBuf,
    /// Written whenever the copy was found to be right.
    pub stamp: Utf8PathBuf,
}

/// What all instances of a process depend on: its plan file, its environment, the data and files that it declares. A
/// separate edge watches these, so that each instance has a single input for all of them.
#[derive(Debug)]
pub struct Shared {
    /// Its name for `expops exec --shared`.
    pub name: String,
    /// A stamp of their content.
    pub stamp: Utf8PathBuf,
    /// Written by every check of them.
    pub record: Utf8PathBuf,
    /// The files.
    pub inputs: Vec<Utf8PathBuf>,
}
