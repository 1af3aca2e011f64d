//! Calls a Python function through the runtime that the compiler put in the build folder. One JSON file goes in, one
//! comes out; the other half is `src/python/expops_build/_run.py`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::process::Command;

use camino::Utf8PathBuf;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::child;
use super::request::{self, Mode, Request};
use super::runner::{self, Runner};
use crate::digest::Digest;
use crate::exec::failure::Failure;
use crate::exec::interpreter::Interpreter;
use crate::exec::run_folder::RunFolder;
use crate::exec::state::inputs::Input;
use crate::exec::state::instance::Instance;
use crate::file;
use crate::layout::run as run_files;
use crate::settings::FailureKind;

/// What the runtime reports.
#[derive(Debug, Deserialize)]
pub(in crate::exec) struct Answer {
    version: u32,
    /// The nonce of the request.
    nonce: String,
    /// The values that the function returned; files relative to the run's `out` folder.
    #[serde(default)]
    pub outputs: Vec<Output>,
    /// The partitions that were cut; files relative to `out`.
    #[serde(default)]
    pub partitions: Vec<Output>,
    /// Metrics of the process.
    #[serde(default)]
    pub metrics: Json,
    /// Metrics of its steps, by name.
    #[serde(default)]
    pub steps: Json,
    /// The key whose value a splitter returned as a path: an output that is to be cut natively.
    #[serde(default)]
    pub native: Option<String>,
    /// What only Python can tell about what was read.
    #[serde(default)]
    pub watch: Told,
    /// What went wrong.
    #[serde(default)]
    error: Option<Error>,
}

/// What only Python can tell about what was read.
#[derive(Debug, Default, Deserialize)]
pub(in crate::exec) struct Told {
    /// The environment variables that code of the project asked for, and the digests of their values.
    #[serde(default)]
    pub variables: BTreeMap<String, Option<Digest>>,
    /// Where the interpreter and its packages are.
    #[serde(default)]
    pub prefixes: Vec<Utf8PathBuf>,
    /// Folders of the project that were listed only to find out what is installed.
    #[serde(default)]
    pub searched: BTreeSet<Utf8PathBuf>,
}

/// A value that a function returned, or a partition of one.
#[derive(Debug, Deserialize)]
pub(in crate::exec) struct Output {
    pub key: String,
    /// The file, relative to `out`; `None` for a partition that already exists.
    pub file: Option<Utf8PathBuf>,
    /// How it is stored.
    pub format: String,
    /// What a reader of it can observe, where only Python can tell.
    #[serde(default)]
    pub digest: Option<Digest>,
    /// Its rows.
    #[serde(default)]
    pub rows: Option<u64>,
    /// The project's classes and functions that it consists of: files and names.
    #[serde(default)]
    pub code: Vec<(Utf8PathBuf, String)>,
    /// Absolute paths in it whose bytes are not contiguous.
    #[serde(default)]
    pub paths: Vec<Utf8PathBuf>,
}

impl Answer {
    /// The text of `metrics.json`, if anything was logged.
    pub(in crate::exec) fn metrics_text(&self) -> Option<String> {
        let is_empty = |json: &Json| json.as_object().is_none_or(Map::is_empty);
        if is_empty(&self.metrics) && is_empty(&self.steps) {
            return None;
        }
        let steps = if is_empty(&self.steps) { json!({}) } else { self.steps.clone() };
        let metrics = if is_empty(&self.metrics) { json!({}) } else { self.metrics.clone() };
        let all = json!({"metrics": metrics, "steps": steps});
        serde_json::to_string_pretty(&all).ok().map(|text| text + "\n")
    }
}

#[derive(Debug, Deserialize)]
struct Error {
    kind: FailureKind,
    message: String,
    text: String,
    #[serde(default)]
    help: Option<String>,
}

impl Error {
    /// The text without the line of the message, which is already shown above it: a traceback has the module of the
    /// exception before it, and behind it the other lines of what it says.
    fn beside_the_message(&self) -> String {
        let mut lines: Vec<&str> = self.text.trim_end().lines().collect();
        if let Some(told) = told(&lines, self.message.trim_end()) {
            lines.drain(told);
        }
        lines.join("\n").trim_end().to_owned()
    }
}

/// Which lines of a traceback are the message: where that begins with blank lines, those and the name of the exception, too.
fn told(lines: &[&str], message: &str) -> Option<Range<usize>> {
    let (name, first) = message.split_once(": ").unwrap_or((message, ""));
    let is_module = |text: &str| text.is_empty() || text.ends_with('.') && !text.contains([' ', ':']);
    let is = |line: &str, what: &str| line.trim_end().strip_suffix(what).is_some_and(is_module);
    if let Some(at) = lines.iter().rposition(|line| is(line, message)).filter(|_| !message.is_empty()) {
        return Some(at..at + 1);
    }
    let is_head = |line: &str| line.trim_end().strip_suffix(':').is_some_and(|line| is(line, name));
    let at = lines.iter().rposition(|line| is_head(line)).filter(|_| !name.is_empty())?;
    let blank = lines[at + 1..].iter().take_while(|line| line.trim().is_empty()).count();
    let next = at + 1 + blank;
    match lines.get(next) {
        Some(line) if line.trim() == first => Some(at..next + 1),
        None if first.is_empty() => Some(at..next),
        _ => None,
    }
}

/// Runs Python for an instance.
pub(in crate::exec) fn run(
    instance: &Instance,
    mode: &Mode,
    inputs: &[Input],
    folder: &RunFolder,
    interpreter: Option<&Interpreter>,
) -> Result<Answer, Failure> {
    let path = folder.path().join(run_files::REQUEST);
    let request = Request::new(instance, mode, inputs, folder)?;
    let text = serde_json::to_vec(&request).map_err(|e| Failure::new(e.to_string()))?;
    crate::file::write_if_changed(&path, &text)?;
    let runtime = instance.layout.python();
    if !runtime.join("expops_build/_run.py").exists() {
        return Err(Failure::new(format!("`{runtime}` is missing")).help("run `expops compile` again"));
    }
    let runtime = crate::file::context(runtime.canonicalize_utf8(), "find", &runtime)?;
    let log = instance.folder.log();
    let python = instance.python(interpreter);
    let program = if python.contains('/') { instance.project.join(python) } else { python.into() };
    let mut command = Command::new(program);
    command
        .arg(runtime.join("expops_build/_run.py"))
        .arg(&path)
        .current_dir(folder.files())
        .env("PYTHONHASHSEED", "0")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("EXPOPS_PROJECT_ROOT", &instance.project);
    child::prepare(&mut command, &folder.allotment);
    folder.watch(&mut command);
    let runner = Runner::of(instance, interpreter, &runtime, &request.script_folders, &folder.allotment);
    let again = || folder.start_again(&instance.project);
    let call = runner::call(instance, inputs, &[], folder);
    let mut exit = runner.run(&mut command, &log, &call, again)?;
    if !folder.result().exists() && child::tail(&log).contains("in _compile_bytecode") {
        // On a full disk Python truncates the bytecode of our modules, and trips over it ever after. No user code has
        // run yet.
        crate::file::remove(&runtime.join("expops_build/__pycache__"))?;
        exit = runner.run(&mut command, &log, &call, || folder.start_again(&instance.project))?;
    }
    instance.note_usage(&exit.usage);
    let answer = file::read_regular_text(folder.result()).ok();
    let answer = answer.and_then(|text| serde_json::from_str::<Answer>(&text).ok());
    match answer.filter(|answer| (answer.version, &answer.nonce) == (request::VERSION, &request.nonce)) {
        Some(Answer { error: Some(error), .. }) => {
            let detail = error.beside_the_message();
            let failure = Failure::new(error.message).kind(error.kind).detail(detail).log(log.as_str());
            Err(Failure { help: error.help.map(String::into_boxed_str), ..failure })
        }
        Some(answer) if exit.status.success() => Ok(answer),
        _ => {
            let message = exit.sentence("Python ended without a result", &folder.allotment);
            let detail = child::crash(&log).unwrap_or_else(|| child::tail(&log));
            Err(Failure::new(message).kind(exit.kind()).detail(detail).log(log.as_str()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_above_a_traceback_is_not_said_below_it_again() {
        let head = "Traceback (most recent call last):\n  File \"s.py\", line 4, in a\n    raise E()\n";
        for (message, end, expected) in [
            ("E: first", "E: first\nsecond\n", "second"),
            ("E: first", "s.E: first\n", ""),
            ("E: first", "s.E: \n  first\n  second\n", "  second"),
            ("E: first", "E:   \n\n\tfirst\n", ""),
            ("E", "E:    \n\n\n", ""),
            ("E", "E\n", ""),
            ("E: first", "F: \nfirst\n", "F: \nfirst"),
            ("", "E:\n", "E:"),
        ] {
            let (message, text) = (message.to_owned(), format!("{head}{end}"));
            let error = Error { kind: FailureKind::Raised, message, text, help: None };
            assert_eq!(error.beside_the_message(), format!("{head}{expected}").trim_end(), "{end:?}");
        }
    }
}
