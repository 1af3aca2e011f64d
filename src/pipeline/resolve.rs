//! Resolves what a process refers to: its code, its environment, its parameters, its inputs.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::model::{Environment, Function, ProcessId, Shell, Work};
use super::{missing, outputs, template};
use crate::command;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported, codes, list, nearest};
use crate::file;
use crate::plan_file::Rename;
use crate::script::{self, Deferred, Library};
use crate::source::{Span, Spanned};
use crate::syntax::{CodeReference, Config, ProcessConfig};

/// Help for a process that has nothing to run.
const WHAT_TO_RUN: &str =
    "add `code: FUNCTION`, or `command:`, or define a function of this name in the default script";

pub(super) struct Resolver<'a> {
    pub(super) config: &'a Config,
    pub(super) root: &'a Utf8Path,
    library: &'a mut Library,
    /// The environments in use.
    pub(super) used: Vec<Environment>,
    /// Scripts whose errors have been reported.
    reported: BTreeMap<Utf8PathBuf, Reported>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(config: &'a Config, root: &'a Utf8Path, library: &'a mut Library) -> Self {
        Self { config, root, library, used: Vec::new(), reported: BTreeMap::new() }
    }

    /// What a process runs, with the files that it declares.
    pub(super) fn work(&mut self, written: &ProcessConfig, sink: &mut Diagnostics) -> Result<Work, Reported> {
        let work = self.code(written, sink)?;
        let is_split = written.data_parallelism.is_some() || written.seed_parallelism.is_some();
        Ok(outputs::of_work(work, !is_split && !is_chart(written), written, self.config, sink))
    }

    fn code(&mut self, written: &ProcessConfig, sink: &mut Diagnostics) -> Result<Work, Reported> {
        let is_split = written.data_parallelism.is_some() || written.seed_parallelism.is_some();
        let aggregates = written.closes();
        if written.chart_type.as_ref().is_some_and(|kind| kind.value == "dynamic") {
            return self.dynamic_chart(written, sink);
        }
        match (&written.code, &written.command) {
            (Some(code), Some(command)) => {
                let message = format!("`{}` has both `code` and `command`", written.name.value);
                let error = Diagnostic::new(&codes::SHAPE, message)
                    .at(&self.config.source, command.span, "a shell command")
                    .at(&self.config.source, code.span, "a Python function")
                    .help("keep one of them");
                Err(sink.error(error))
            }
            (Some(code), None) => self.named_function(written, code, sink),
            (None, Some(command)) => self.shell(written, command, sink),
            (None, None) => match self.own_function(written, sink)? {
                Some(work) => Ok(work),
                None if is_split && !aggregates => Ok(Work::Merge),
                None => Err(sink.error_by(|| self.nothing_to_run(written))),
            },
        }
    }

    fn named_function(
        &mut self,
        written: &ProcessConfig,
        code: &Spanned<CodeReference>,
        sink: &mut Diagnostics,
    ) -> Result<Work, Reported> {
        let CodeReference { script, function } = &code.value;
        let path = self.script(written, script.as_ref(), code.span, sink)?;
        match self.library.function(&path, &function.value) {
            Ok(Some(found)) => {
                self.deferred((&path, &found), (written, code.value.function.span), sink);
                Ok(python(path, &found, written))
            }
            Ok(None) => Err(sink.error_by(|| self.unknown_function(&path, function))),
            Err(diagnostic) => Err(self.report(path, diagnostic, sink)),
        }
    }

    /// Reports a function whose call would return without having run.
    fn deferred(
        &self,
        (path, function): (&Utf8Path, &script::Function),
        (written, place): (&ProcessConfig, Span),
        sink: &mut Diagnostics,
    ) {
        let Some(deferred) = function.deferred else { return };
        let (instead, help) = match deferred {
            Deferred::Generator if written.data_parallelism.is_some() => {
                ("a generator", "return a list of the rows")
            }
            Deferred::Generator => ("a generator", "collect what it yields in a list, and return a dict"),
            Deferred::Coroutine => {
                ("a coroutine", "write it without `async`, and run what needs it by `asyncio.run(…)`")
            }
            Deferred::AsyncGenerator => {
                ("an asynchronous generator", "return a dict, and run what is `async` by `asyncio.run(…)`")
            }
        };
        let message = format!("calling `{}` of `{path}` returns {instead}", function.name);
        let error = Diagnostic::new(&codes::DEFERRED, message);
        let error = error.at(&self.config.source, place, "calling it does not run its body");
        sink.error(error.help(help));
    }

    /// Reports an error of a whole script, once: with the processes that use it, at the place that names it.
    fn report(&mut self, path: Utf8PathBuf, diagnostic: Diagnostic, sink: &mut Diagnostics) -> Reported {
        if let Some(reported) = self.reported.get(&path) {
            return *reported;
        }
        let mut diagnostic = diagnostic.help(format!("it is used by {}", list(self.users(&path))));
        if diagnostic.labels.is_empty() {
            if let Some(near) = missing::near(self.root, &path) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            }
            if let Some(file) = self.named(&path) {
                diagnostic = diagnostic.at(&self.config.source, file.span, "named here");
            }
        }
        let reported = sink.error(diagnostic);
        self.reported.insert(path, reported);
        reported
    }

    /// The place that names the script at `path`.
    fn named(&self, path: &Utf8Path) -> Option<&Spanned<String>> {
        let own = self.config.processes.iter().filter_map(|process| process.script_path.as_ref());
        let mut all = self.config.scripts.iter().map(|(_, file)| file).chain(own);
        all.find(|file| normal(file.value.as_str()) == normal(path.as_str()))
    }

    /// The processes whose function is, or is searched for, in the script at `path`.
    fn users(&self, path: &Utf8Path) -> Vec<&str> {
        let uses = |written: &&ProcessConfig| {
            written.command.is_none()
                && self.candidates(written).any(|file| normal(file) == normal(path.as_str()))
        };
        self.config.processes.iter().filter(uses).map(|written| written.name.value.as_str()).collect()
    }

    /// The scripts that may define a process's function: the one that is named, else the default one; any for a
    /// chart.
    fn candidates<'s>(&'s self, written: &'s ProcessConfig) -> impl Iterator<Item = &'s str> {
        let key = written.code.as_ref().and_then(|code| code.value.script.as_ref().map(|key| &key.value));
        let scripts =
            self.config.scripts.iter().filter(move |(name, _)| key.is_none_or(|key| name.value == *key));
        let count = if written.code.is_none() && is_chart(written) { usize::MAX } else { 1 };
        let own = written.script_path.as_ref();
        let count = if own.is_some() { 0 } else { count };
        own.map(|file| file.value.as_str())
            .into_iter()
            .chain(scripts.map(|(_, file)| file.value.as_str()).take(count))
    }

    /// The file of a process's code: its `script_path`, that of the script `key`, or the default script.
    fn script(
        &self,
        written: &ProcessConfig,
        key: Option<&Spanned<String>>,
        code: Span,
        sink: &mut Diagnostics,
    ) -> Result<Utf8PathBuf, Reported> {
        let scripts = &self.config.scripts;
        let found = match key {
            Some(key) => scripts.iter().find(|(name, _)| name.value == key.value).map(|(_, file)| file),
            None => written.script_path.as_ref().or(scripts.first().map(|(_, file)| file)),
        };
        match (found, &written.script_path) {
            (Some(file), Some(own)) if normal(file.value.as_str()) != normal(own.value.as_str()) => {
                let message = format!("`{}` names two files for its code", written.name.value);
                let error = Diagnostic::new(&codes::UNKNOWN_SCRIPT, message)
                    .at(&self.config.source, own.span, "this file")
                    .at(&self.config.source, code, format!("`{}`", file.value));
                return Err(sink.error(error.help("keep one of the two")));
            }
            (Some(file), _) => return Ok(normal(file.value.as_str())),
            (None, _) => {}
        }
        let (message, span) = match key {
            Some(key) => (format!("unknown script `{}`", key.value), key.span),
            None => ("there is no default script".to_owned(), code),
        };
        let names: Vec<_> = scripts.iter().map(|(name, _)| name.value.as_str()).collect();
        let help = match key.and_then(|key| nearest(&key.value, names.iter().copied())) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => {
                "add `scripts:` with a key and the path of the Python file".to_owned()
            }
            None => format!("`scripts` has {}", list(names)),
        };
        let error = Diagnostic::new(&codes::UNKNOWN_SCRIPT, message);
        Err(sink.error(error.at(&self.config.source, span, "not a key of `scripts`").help(help)))
    }

    fn unknown_function(&mut self, path: &Utf8Path, function: &Spanned<String>) -> Diagnostic {
        let message = format!("`{path}` has no function `{}`", function.value);
        let error = Diagnostic::new(&codes::UNKNOWN_FUNCTION, message);
        let error = error.at(&self.config.source, function.span, "not found at the top level of the script");
        let names = self.library.script(path).map(|script| script.functions.clone()).unwrap_or_default();
        match nearest(&function.value, names.iter().map(String::as_str)) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None if names.is_empty() => error.help("the script defines no function"),
            None => error.help(format!("it defines {}", list(names.iter().map(String::as_str)))),
        }
    }

    /// The function with the process's own name in the default script; a chart's may be in any script. For a
    /// split it counts only if it is marked as a process: a helper may happen to share its name.
    fn own_function(
        &mut self,
        written: &ProcessConfig,
        sink: &mut Diagnostics,
    ) -> Result<Option<Work>, Reported> {
        let is_split = written.data_parallelism.is_some() || written.seed_parallelism.is_some();
        let candidates: Vec<_> = self.candidates(written).map(normal).collect();
        for path in candidates {
            match self.library.function(&path, &written.name.value) {
                Ok(Some(found)) if !is_split || found.role == Some(script::Role::Process) => {
                    self.deferred((&path, &found), (written, written.name.span), sink);
                    return Ok(Some(python(path, &found, written)));
                }
                Ok(_) => {}
                Err(diagnostic) => return Err(self.report(path, diagnostic, sink)),
            }
        }
        Ok(None)
    }

    fn nothing_to_run(&mut self, written: &ProcessConfig) -> Diagnostic {
        let name = &written.name;
        let default = self.config.scripts.first().map(|(_, file)| Utf8PathBuf::from(&file.value));
        let functions = default.and_then(|path| Some(self.library.script(&path).ok()?.functions.clone()));
        let functions = functions.unwrap_or_default();
        let near = nearest(&name.value, functions.iter().map(String::as_str));
        let place = match self.config.scripts.first() {
            Some((_, file)) => format!("`{}` has no function of this name", file.value),
            None => "there are no `scripts`".to_owned(),
        };
        Diagnostic::new(&codes::MISSING_CODE, format!("`{}` has nothing to run", name.value))
            .at(&self.config.source, name.span, place)
            .help(match (near, written.closes()) {
                (Some(near), _) => format!("add `code: {near}`, or name the process `{near}`"),
                (None, true) => format!("an aggregation needs code: {WHAT_TO_RUN}"),
                (None, false) => WHAT_TO_RUN.to_owned(),
            })
    }

    fn shell(
        &mut self,
        written: &ProcessConfig,
        command: &Spanned<String>,
        sink: &mut Diagnostics,
    ) -> Result<Work, Reported> {
        template::check(written, command, self.config, sink);
        if let Some(file) = &written.script_path {
            let message = format!("`{}` has a `script_path`, and runs a `command`", written.name.value);
            let error = Diagnostic::new(&codes::SHAPE, message).at(
                &self.config.source,
                file.span,
                "the file of its `code`",
            );
            sink.error(error.help("remove `script_path`, or write `code` instead of `command`"));
        }
        let outputs = outputs::declared(written, self.config, sink);
        Ok(Work::Shell(Shell { command: command.value.clone(), outputs }))
    }

    fn dynamic_chart(&mut self, written: &ProcessConfig, sink: &mut Diagnostics) -> Result<Work, Reported> {
        if let Some(code) = &written.code {
            let key = code.value.script.as_ref().or(Some(&code.value.function));
            let key = key.filter(|_| written.script_path.is_none());
            return self.script(written, key, code.span, sink).map(Work::DynamicChart);
        }
        let is_js = |file: &str| Utf8Path::new(file).extension().is_some_and(|e| e == "js" || e == "mjs");
        let scripts = self.config.scripts.iter().map(|(_, file)| file).find(|file| is_js(&file.value));
        match written.script_path.as_ref().or(scripts) {
            Some(file) => Ok(Work::DynamicChart(normal(file.value.as_str()))),
            None => Err(sink.error_by(|| self.nothing_to_run(written))),
        }
    }

    /// The parameters that the process can observe: its own over the experiment's, of those it takes.
    pub(super) fn parameters(&self, written: &ProcessConfig, work: &Work) -> Vec<(String, Value)> {
        let takes: Box<dyn Fn(&str) -> bool> = match work {
            Work::Merge | Work::DynamicChart(_) => Box::new(|_| false),
            Work::Python(Function { takes: None, .. }) => Box::new(|_| true),
            Work::Python(Function { takes: Some(names), .. })
                if names.iter().any(|name| name == "context") =>
            {
                Box::new(|_| true)
            }
            Work::Python(Function { takes: Some(names), .. }) => {
                Box::new(|name| names.iter().any(|n| n == name))
            }
            Work::Shell(shell) => match command::parameters(&shell.command) {
                None => Box::new(|_| true),
                Some(names) => Box::new(move |name| names.iter().any(|n| n == name)),
            },
        };
        let own = |name: &str| written.parameters.iter().any(|(other, _)| other.value == name);
        let outer = self.config.parameters.iter().filter(|(name, _)| !own(&name.value));
        let both = outer.chain(&written.parameters).filter(|(name, _)| takes(&name.value));
        let mut parameters: Vec<_> =
            both.map(|(name, value)| (name.value.clone(), value.value.clone())).collect();
        parameters.sort_by(|(a, _), (b, _)| a.cmp(b));
        parameters
    }

    /// The names of the parameters that the function does not take.
    pub(super) fn other_parameters(
        &self,
        written: &ProcessConfig,
        work: &Work,
        taken: &[(String, Value)],
    ) -> Vec<String> {
        if !matches!(work, Work::Python(_)) {
            return Vec::new();
        }
        let all =
            self.config.parameters.iter().chain(&written.parameters).map(|(name, _)| name.value.clone());
        let mut names: Vec<_> = all.filter(|name| !taken.iter().any(|(other, _)| other == name)).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The environments in use, and the scripts that could not be read.
    pub(super) fn finish(self) -> (Vec<Environment>, Vec<Utf8PathBuf>) {
        (self.used, self.reported.into_keys().collect())
    }

    /// `inputs`: the names that a process gives to keys, where they differ from the keys.
    pub(super) fn renames(&self, written: &ProcessConfig, upstreams: &[ProcessId]) -> Vec<Rename> {
        let rename = |(name, key): &(Spanned<String>, Spanned<String>)| {
            let by_process = upstreams.iter().find_map(|id| {
                let process = &self.config.processes[id.0].name.value;
                let key = key.value.strip_prefix(process.as_str())?.strip_prefix('.')?;
                Some((Some(process.clone()), key.to_owned()))
            });
            let (process, key) = by_process.unwrap_or((None, key.value.clone()));
            Rename { name: name.value.clone(), process, key }
        };
        written.inputs.iter().map(rename).collect()
    }
}

fn python(script: Utf8PathBuf, found: &script::Function, written: &ProcessConfig) -> Work {
    let named: Vec<_> = found.parameters.iter().map(|p| p.name.clone()).collect();
    let requires = found.parameters.iter().filter(|p| p.required).map(|p| p.name.clone()).collect();
    Work::Python(Function {
        script,
        name: found.name.clone(),
        inputs: listed(written)
            .filter(|_| found.takes_everything)
            .map(|listed| [listed, named.clone()].concat()),
        takes: (!found.takes_everything).then_some(named),
        requires,
        returns: found.returns.clone(),
        outputs: Vec::new(),
    })
}

/// The keys that a process takes, if `inputs` is a list; a mapping gives names to some.
fn listed(written: &ProcessConfig) -> Option<Vec<String>> {
    let is_list = written.inputs.first().is_some_and(|(name, key)| name.span == key.span);
    is_list.then(|| written.inputs.iter().map(|(name, _)| name.value.clone()).collect())
}

/// Whether a process is a chart.
pub(super) fn is_chart(written: &ProcessConfig) -> bool {
    written.kind.as_ref().is_some_and(|kind| kind.value == "chart")
        || written.chart_type.is_some()
        || !written.probe_paths.is_empty()
}

fn normal(path: &str) -> Utf8PathBuf {
    file::normal(Utf8Path::new(path))
}
