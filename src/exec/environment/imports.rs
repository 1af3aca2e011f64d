//! Which modules an interpreter can import.

use std::process::{Command, Stdio};

use camino::Utf8Path;

use crate::cache;
use crate::exec::interpreter::program;

/// Prints which of the given modules cannot be found. It imports none of them, nor anything of the project: it only
/// looks up the first part of a dotted name, and not in the working folder.
const PROBE: &str = "\
import sys
sys.path = [folder for folder in sys.path if folder]
import importlib.util
for name in sys.argv[1:]:
    try:
        found = importlib.util.find_spec(name)
    except Exception:
        found = True
    if found is None:
        print(name)
";

/// Those of `modules` that the interpreter `python` does not find; a relative path starts at the folder `project`.
/// Empty if the interpreter cannot be started: whoever needs it reports that in its own words.
pub(crate) fn not_installed(python: &str, project: &Utf8Path, modules: &[String]) -> Vec<String> {
    if modules.is_empty() {
        return Vec::new();
    }
    let absolute = std::path::absolute(program(python, project));
    let is_path = python.contains(std::path::is_separator);
    let program = absolute.ok().filter(|_| is_path).unwrap_or_else(|| python.into());
    let mut command = Command::new(program);
    command.args(["-c", PROBE]).args(modules).current_dir(project).stdin(Stdio::null());
    for name in cache::secrets() {
        command.env_remove(name);
    }
    let output = command.output().ok().filter(|output| output.status.success());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().filter(|line| modules.iter().any(|module| module == line)).map(str::to_owned).collect()
}
