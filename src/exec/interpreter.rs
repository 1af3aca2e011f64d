//! A Python interpreter, and what is installed for it.

use std::io;
use std::process::{Command, Stdio};

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use crate::cache;
use crate::digest::Digest;
use crate::file::{self, Written};
use crate::stamp;

/// Prints the version and the installed packages.
const PROBE: &str = include_str!("probe.py");

/// How many lines of its output are shown if it fails.
const SHOWN_LINES: usize = 10;

/// A Python interpreter and what a process can observe of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Interpreter {
    /// The command that starts it; a path is relative to the project. Not observed. A program that only looks for an
    /// interpreter in its own files (those of pyenv, asdf, mise) is replaced by what it starts, so that what runs is
    /// what was asked, and what it looks for is not taken for something that a process reads.
    pub python: String,
    /// The implementation and its version: `CPython 3.11.7`.
    pub version: String,
    /// `name==version` of everything that is installed.
    pub packages: Vec<String>,
}

/// What of a package counts, unless it was installed from a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    /// An index has one package for each version.
    ByVersion,
    /// Its files, by the list of them.
    Whole,
    /// Only of packages in the interpreter's own folder: all by which they show that somebody has changed them.
    Own,
}

impl Contents {
    /// How the probe is asked for it.
    fn word(self) -> Option<&'static str> {
        match self {
            Self::ByVersion => None,
            Self::Whole => Some("whole"),
            Self::Own => Some("own"),
        }
    }
}

impl Interpreter {
    /// Asks the interpreter `python` for its version and packages, in the folder `project`, to which a path is
    /// relative. Nothing of the project is imported.
    ///
    /// # Errors
    /// If it cannot be started, or does not answer.
    pub(crate) fn probe(python: &str, project: &Utf8Path, contents: Contents) -> Result<Self, Failure> {
        let help = "name an interpreter that works: `--python PATH`";
        let absolute = std::path::absolute(program(python, project));
        let program = absolute.ok().filter(|_| is_path(python)).unwrap_or_else(|| python.into());
        let mut command = Command::new(program);
        command.args(["-I", "-c", PROBE]).args(contents.word()).current_dir(project).stdin(Stdio::null());
        for name in cache::secrets() {
            command.env_remove(name);
        }
        let output = command.output().map_err(|error| {
            let why = match error.kind() {
                io::ErrorKind::NotFound => "it is not installed".to_owned(),
                _ => error.to_string(),
            };
            Failure::new(format!("the Python interpreter `{python}` cannot be started: {why}")).help(help)
        })?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines = text.lines().map(str::to_owned);
        let told = lines.next().zip(lines.next()).filter(|_| output.status.success());
        match told {
            Some((version, executable)) => Ok(Self {
                python: without_shim(python, executable),
                version,
                packages: lines.filter(|line| !line.is_empty()).collect(),
            }),
            None => {
                let errors = String::from_utf8_lossy(&output.stderr);
                let lines: Vec<_> = errors.lines().collect();
                let end = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n");
                let failure = format!("the Python interpreter `{python}` does not say what it is");
                Err(Failure::new(failure).detail(end).help(help))
            }
        }
    }

    /// Reads the stamp of an environment.
    pub(crate) fn read(stamp: &Utf8Path) -> Result<Self, Failure> {
        let read = file::read_regular_text(stamp).ok().and_then(|text| serde_json::from_str(&text).ok());
        read.ok_or_else(|| {
            let what = if stamp.exists() { "is damaged" } else { "is missing" };
            let message = format!("the environment has not been made: `{stamp}` {what}");
            Failure::new(message).help("build again")
        })
    }

    /// The command that starts it from any folder: a path is prefixed with `project`.
    pub(crate) fn program(&self, project: &Utf8Path) -> String {
        program(&self.python, project)
    }

    /// Writes the stamp, if it changed.
    pub(crate) fn write(&self, path: &Utf8Path) -> Result<Written, Failure> {
        let text = serde_json::to_string_pretty(self).map_err(|e| Failure::new(e.to_string()))?;
        Ok(stamp::settle_text(path, &(text + "\n"))?)
    }

    /// The digest of the packages.
    pub(super) fn packages_digest(&self) -> Digest {
        Digest::of(self.packages.join("\n"))
    }
}

/// The path `executable` of the interpreter that `python` started, if that is a name, and something else has it in
/// `PATH`; otherwise `python`.
fn without_shim(python: &str, executable: String) -> String {
    let found = file::on_path(python).and_then(|path| path.canonicalize().ok());
    match (found, Utf8Path::new(&executable).canonicalize()) {
        (Some(found), Ok(real)) if !is_path(python) && found != real => executable,
        _ => python.to_owned(),
    }
}

fn is_path(python: &str) -> bool {
    python.contains(std::path::is_separator)
}

/// A path prefixed with `project`; a bare name, which is looked up in `PATH`, as it is.
pub(super) fn program(python: &str, project: &Utf8Path) -> String {
    if is_path(python) { project.join(python).into_string() } else { python.to_owned() }
}
