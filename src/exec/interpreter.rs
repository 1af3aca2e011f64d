//! A Python interpreter, and what is installed for it.

use std::fs;
use std::process::Command;

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use crate::digest::Digest;
use crate::file::Written;
use crate::stamp;

/// Prints the version and the installed packages, each on a line. A package that cannot be read, as a
/// broken installation leaves it, must not hide the others.
const PROBE: &str = "\
import importlib.metadata, platform
print(platform.python_implementation(), platform.python_version())
found = set()
for package in importlib.metadata.distributions():
    try:
        name, version = package.metadata['Name'], package.version
    except Exception:
        continue
    if name:
        found.add(name.lower().replace('_', '-') + '==' + str(version))
print('\\n'.join(sorted(found)))
";

/// A Python interpreter and what a process can observe of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Interpreter {
    /// The command that starts it; a path is relative to the project. Not observed.
    pub python: String,
    /// The implementation and its version: `CPython 3.11.7`.
    pub version: String,
    /// `name==version` of everything that is installed.
    pub packages: Vec<String>,
}

impl Interpreter {
    /// Asks the interpreter `python` what it is, in the folder `project`; a path is relative to that. One that cannot
    /// be started has no version: what needs it will fail with its own words.
    pub(crate) fn probe(python: &str, project: &Utf8Path) -> Self {
        let absolute = std::path::absolute(program(python, project));
        let is_path = python.contains(std::path::is_separator);
        let program = absolute.ok().filter(|_| is_path).unwrap_or_else(|| python.into());
        let output = Command::new(program).args(["-c", PROBE]).current_dir(project).output();
        let text = output.ok().filter(|output| output.status.success()).map(|output| output.stdout);
        let text = String::from_utf8(text.unwrap_or_default()).unwrap_or_default();
        let mut lines = text.lines().map(str::to_owned);
        let version = lines.next().unwrap_or_else(|| "not found".to_owned());
        Self { python: python.to_owned(), version, packages: lines.filter(|line| !line.is_empty()).collect() }
    }

    /// Reads the stamp of an environment.
    pub(crate) fn read(stamp: &Utf8Path) -> Result<Self, Failure> {
        let read = fs::read_to_string(stamp).ok().and_then(|text| serde_json::from_str(&text).ok());
        read.ok_or_else(|| {
            Failure::new(format!("the environment has not been made: `{stamp}` is missing"))
                .help("build again")
        })
    }

    /// The command that starts it, from whatever folder: a path is below `project`.
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

/// A path from `project`; a name, which is looked for on the path, as it is.
pub(super) fn program(python: &str, project: &Utf8Path) -> String {
    let is_path = python.contains(std::path::is_separator);
    if is_path { project.join(python).into_string() } else { python.to_owned() }
}
