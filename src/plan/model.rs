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
    /// Those of them that the project file does not name.
    pub found: Found,
    /// Where a list of the modules among those lies, for a build that takes this one in.
    pub depfile: Utf8PathBuf,
    /// What the compiler writes beside the generated file, with content where the plan decides it.
    pub plan_files: Vec<PlanText>,
    /// The stamp of the active Python, which the compiler writes too.
    pub interpreter: Option<Utf8PathBuf>,
    /// Touched by every compilation.
    pub compiled: Utf8PathBuf,
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
    /// Whether the generated file is part of another build, whose files are not ours to speak of.
    pub fn is_hosted(&self) -> bool {
        !self.prefix.is_empty() || !self.root.as_str().is_empty()
    }
}

/// What the compiler found by itself, and may find gone the next time.
#[derive(Debug, Default)]
pub struct Found {
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
    /// What all of them depend on: the plan file, the environment, files.
    pub shared: Vec<Utf8PathBuf>,
    /// The instances.
    pub actions: Vec<Action>,
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
}

impl Action {
    /// The file that is written last, whatever the outcome: Make's proof that the instance ran.
    pub fn record(&self) -> Utf8PathBuf {
        crate::layout::Folder(self.folder.clone()).record()
    }
}
