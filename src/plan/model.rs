//! A plan as data.

use camino::Utf8PathBuf;

/// A build, backend-neutral. All paths are relative to the folder that the build tool runs in.
#[derive(Debug)]
pub struct Plan {
    /// The project file as the header names it.
    pub source: Utf8PathBuf,
    /// The words before a subcommand: none, or `-C` and the project's folder.
    pub location: Vec<String>,
    /// Further words of every `exec`: where the build folder is, if not at its usual place.
    pub exec_flags: Vec<String>,
    /// The words of the command that makes the generated file again, without the program's name.
    pub compile: Vec<String>,
    /// The generated file.
    pub output: Utf8PathBuf,
    /// What the compiler reads: the project file and every script.
    pub sources: Vec<Utf8PathBuf>,
    /// Folders in which one more module, or one less, means that the compiler has to look again.
    pub modules: Vec<Modules>,
    /// Those of the sources and folders that the project file does not name.
    pub found: Discoveries,
    /// Where a list of the modules among those lies, for a Ninja build that takes this one in.
    pub depfile: Utf8PathBuf,
    /// What the compiler writes beside the generated file, with content where the plan decides it.
    pub plan_files: Vec<PlanText>,
    /// The stamp of the active Python, which the compiler writes too.
    pub interpreter: Option<Utf8PathBuf>,
    /// The proof that the generated file is as new as its sources; no other generated file has the same.
    pub proof: Utf8PathBuf,
    /// The build folder.
    pub build: Utf8PathBuf,
    /// Whether instances can be dropped: then `all` and every other name end in a verdict.
    pub verdict: Option<Verdict>,
    /// What is never there, if an instance depends on it: every build looks at such instances.
    pub always: Option<Utf8PathBuf>,
    /// Environments to be made.
    pub environments: Vec<Environment>,
    /// One for each process, in the order of the project file.
    pub groups: Vec<Group>,
    /// Positions of the groups in an order in which each comes after what it needs.
    pub order: Vec<usize>,
    /// What comes before every name that could clash in an outer build.
    pub prefix: String,
    /// The folder that the project lies in, seen from where the build tool runs; empty if it is the same.
    pub root: Utf8PathBuf,
    /// The folder that the build tool runs in, seen from that of the generated file; empty if it is the same.
    pub up: Utf8PathBuf,
}

impl Plan {
    /// What the compiler writes beside the generated file.
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

    /// Whether what Ninja notes of the build goes into the build folder: where that is outside the project, whose folder
    /// stays untouched, or where the generated file is in it, beside one that somebody else wrote.
    pub fn keeps_log_in_build(&self) -> bool {
        let is_outside = self.build.is_absolute() || self.build.starts_with("..");
        !self.is_hosted() && (is_outside || self.output.starts_with(&self.build))
    }

    /// Whether the generated file is part of another build, whose files are not ours to speak of.
    pub fn is_hosted(&self) -> bool {
        !self.prefix.is_empty() || !self.root.as_str().is_empty()
    }
}

/// A folder of scripts. An edge of its own looks at the names of the modules in it, so that no other file there wakes the
/// compiler.
#[derive(Debug)]
pub struct Modules {
    /// The folder, as `expops exec --modules` names it: from the project.
    pub name: String,
    /// The folder.
    pub folder: Utf8PathBuf,
    /// A stamp of the names.
    pub stamp: Utf8PathBuf,
    /// Written by every look at them.
    pub record: Utf8PathBuf,
}

/// What the compiler found by itself, and may find gone the next time.
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
    /// Where it lies, as the build tool sees it.
    pub path: Utf8PathBuf,
    /// Its content.
    pub text: String,
}

/// An environment to be made.
#[derive(Debug)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// What `expops exec --environment` calls it: its name on disk.
    pub folder: String,
    /// Its stamp.
    pub stamp: Utf8PathBuf,
    /// Written by every attempt that succeeds.
    pub record: Utf8PathBuf,
    /// Its plan file, and the files that say what is in it.
    pub inputs: Vec<Utf8PathBuf>,
}

/// The instances of one process.
#[derive(Debug)]
pub struct Group {
    /// The process's name.
    pub process: String,
    /// What its author says of it; one line.
    pub description: Option<String>,
    /// The target that builds all of them.
    pub target: String,
    /// What all of them depend on.
    pub shared: Shared,
    /// Where Make finds the files that they were seen to read; `None` if they can read none.
    pub reads: Option<Utf8PathBuf>,
    /// What says that nothing of it was dropped.
    pub verdict: Option<Verdict>,
    /// The instances.
    pub actions: Vec<Action>,
}

/// What all instances of a process depend on: its plan file, its environment, the data and files that it declares.
/// An edge of its own watches them, so that each instance has one input for all of it.
#[derive(Debug)]
pub struct Shared {
    /// What `expops exec --shared` calls it.
    pub name: String,
    /// A stamp of their content.
    pub stamp: Utf8PathBuf,
    /// Written by every look at them.
    pub record: Utf8PathBuf,
    /// The files.
    pub inputs: Vec<Utf8PathBuf>,
}

/// What fails if something below a target was dropped.
#[derive(Debug)]
pub struct Verdict {
    /// The words behind `expops exec --verdict`: an instance, a process, or none for everything.
    pub of: Vec<String>,
    /// Written if nothing was.
    pub passed: Utf8PathBuf,
}

/// One instance.
#[derive(Debug)]
pub struct Action {
    /// Its canonical path.
    pub path: String,
    /// Its short label.
    pub label: String,
    /// What `expops exec` calls it.
    pub instance: String,
    /// The target that builds it; for the only instance of a process, the process's own.
    pub target: String,
    /// Its folder.
    pub folder: Utf8PathBuf,
    /// Stamps of its upstreams.
    pub inputs: Vec<Utf8PathBuf>,
    /// Its own stamps: one, or one for each arm of a split.
    pub stamps: Vec<Utf8PathBuf>,
    /// Files that it makes beside them and that the project file names.
    pub products: Vec<Utf8PathBuf>,
    /// What says that nothing of it was dropped.
    pub verdict: Option<Verdict>,
}

impl Action {
    /// The file that every run and every look rewrites, last of all: the proof that it happened.
    pub fn record(&self) -> Utf8PathBuf {
        crate::layout::Folder(self.folder.clone()).record()
    }

    /// All that it makes and that a build tool can ask for. The record comes first: Ninja holds what it knows of an
    /// instance's reads against the time of the first output, and a stamp keeps its time.
    pub fn outputs(&self) -> Vec<Utf8PathBuf> {
        [self.record()].iter().chain(&self.stamps).chain(&self.products).cloned().collect()
    }
}
