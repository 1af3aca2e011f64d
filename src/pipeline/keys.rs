//! The keys that processes return, where the project file or the script spells them out, and whether those that
//! are asked for are among them.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Fan, Function, Pipeline, Process, ProcessId, Work};
use super::parameters::SEED;
use crate::command;
use crate::diagnostic::{Diagnostic, Diagnostics, codes, list, nearest};
use crate::plan_file::Rename;
use crate::source::Span;
use crate::syntax::{Config, ProcessConfig, place_in};

type Keys = BTreeSet<String>;

/// Names that the runtime provides to any process that asks for them.
const ALWAYS: [&str; 4] = [SEED, "seeds", "context", "data_paths"];

/// Reports keys that are asked for but that no upstream returns.
pub(super) fn check(pipeline: &Pipeline, config: &Config, sink: &mut Diagnostics) {
    let mut returned: BTreeMap<ProcessId, Option<Keys>> = BTreeMap::new();
    for id in &pipeline.order {
        let process = pipeline.process(*id);
        if process.chart.is_some() {
            returned.insert(*id, Some(Keys::new()));
            continue;
        }
        let written = &config.processes[id.0];
        let upstreams: Vec<_> = process.upstreams.iter().map(|up| (*up, returned[up].as_ref())).collect();
        let given = given(&upstreams);
        let checked = Consumer { pipeline, process, written, config, returned: &returned };
        for (upstream, keys) in &upstreams {
            if !process.place.seed.is_empty() && keys.is_some_and(|keys| keys.contains(SEED)) {
                sink.error(checked.seed_key(*upstream));
            }
        }
        checked.clashes(&upstreams, sink);
        checked.renames(&upstreams, sink);
        let is_sound = given.as_ref().is_none_or(|given| checked.keys(given, sink));
        // Nothing is known downstream of an error: further errors might only follow from it.
        returned.insert(*id, outputs(pipeline, process, given).filter(|_| is_sound));
    }
}

/// All keys that the upstreams return; `None` if those of any are not known.
fn given(upstreams: &[(ProcessId, Option<&Keys>)]) -> Option<Keys> {
    let all: Option<Vec<_>> = upstreams.iter().map(|(_, keys)| *keys).collect();
    Some(all?.into_iter().flatten().cloned().collect())
}

/// The keys that a process returns; `None` if they are not known.
fn outputs(pipeline: &Pipeline, process: &Process, given: Option<Keys>) -> Option<Keys> {
    match &process.work {
        Work::Shell(shell) => Some(shell.outputs.iter().map(|(key, _)| key.clone()).collect()),
        Work::Merge => given.filter(|_| process.renames.is_empty()),
        Work::DynamicChart(_) => Some(Keys::new()),
        // The value that a splitter returns is taken apart; a list of rows has no keys.
        Work::Python(_) if process.opens.is_some_and(|id| pipeline.layer(id).is_data()) => None,
        Work::Python(function) => Some(function.returns.as_ref()?.iter().cloned().collect()),
    }
}

/// A process that asks for keys.
struct Consumer<'a> {
    pipeline: &'a Pipeline,
    process: &'a Process,
    written: &'a ProcessConfig,
    config: &'a Config,
    returned: &'a BTreeMap<ProcessId, Option<Keys>>,
}

impl Consumer<'_> {
    /// Reports keys that the process takes and that come from two upstreams, or are also parameters. Clashes between
    /// two commands have been reported by `clashes`.
    fn clashes(&self, upstreams: &[(ProcessId, Option<&Keys>)], sink: &mut Diagnostics) {
        let takes = match &self.process.work {
            Work::Python(function) => function.takes.as_ref().or(function.inputs.as_ref()),
            Work::Merge => None,
            Work::Shell(_) | Work::DynamicChart(_) => return,
        };
        let mut first_of: BTreeMap<&str, ProcessId> = BTreeMap::new();
        let all =
            upstreams.iter().flat_map(|(id, keys)| keys.iter().copied().flatten().map(|key| (*id, key)));
        for (upstream, key) in all {
            let is_taken = takes.is_none_or(|takes| takes.contains(key)) && !self.is_renamed(upstream, key);
            let is_command = |id: ProcessId| matches!(self.pipeline.process(id).work, Work::Shell(_));
            match first_of.get(key.as_str()) {
                _ if !is_taken => {}
                Some(first) if is_command(*first) && is_command(upstream) => {}
                Some(first) if self.maker(*first, key) == self.maker(upstream, key) => {}
                Some(first) => sink.push(self.two_upstreams(key, *first, upstream)),
                None if is_command(upstream) => {}
                None => self.parameter_too(key, upstream).into_iter().for_each(|error| sink.push(error)),
            }
            if is_taken {
                first_of.entry(key).or_insert(upstream);
            }
        }
    }

    /// The process that made what `id` returns as `key`: a split hands on what it does not cut.
    fn maker(&self, id: ProcessId, key: &str) -> ProcessId {
        let process = self.pipeline.process(id);
        let fan = process.opens.map(|layer| &self.pipeline.layer(layer).fan);
        let is_cut =
            matches!(fan, Some(Fan::Data { key: cut, .. }) if cut.as_deref().unwrap_or("data") == key);
        let is_gathered = self.config.processes[id.0].closes();
        if !matches!(process.work, Work::Merge) || is_cut || is_gathered {
            return id;
        }
        let returns = |up: &&ProcessId| {
            self.returned.get(up).and_then(Option::as_ref).is_some_and(|keys| keys.contains(key))
        };
        process.upstreams.iter().find(returns).map_or(id, |up| self.maker(*up, key))
    }

    fn is_renamed(&self, upstream: ProcessId, key: &str) -> bool {
        let name = &self.pipeline.process(upstream).name;
        let is_of = |rename: &Rename| rename.process.as_ref().is_none_or(|process| process == name);
        self.process.renames.iter().any(|rename| rename.key == key && is_of(rename))
    }

    fn two_upstreams(&self, key: &str, first: ProcessId, second: ProcessId) -> Diagnostic {
        let [a, b] = [first, second].map(|id| self.pipeline.process(id));
        let message =
            format!("`{}` gets `{key}` from two upstreams: `{}` and `{}`", self.process.name, a.name, b.name);
        Diagnostic::new(&codes::INPUT_CLASH, message)
            .at(&self.config.source, self.process.span, "has one place for both")
            .at(&self.config.source, a.span, format!("returns `{key}`"))
            .at(&self.config.source, b.span, format!("returns `{key}`"))
            .help(format!("name them apart: `inputs: {{{key}: {}.{key}, other: {}.{key}}}`", a.name, b.name))
    }

    fn parameter_too(&self, key: &str, upstream: ProcessId) -> Option<Diagnostic> {
        let mut written = self.written.parameters.iter().chain(&self.config.parameters).map(|(name, _)| name);
        let parameter = written.find(|name| name.value == key)?;
        let upstream = self.pipeline.process(upstream);
        let is_merge = matches!(self.process.work, Work::Merge);
        let message = format!(
            "`{}` gets `{key}` from `{}` and has a parameter `{key}`",
            self.process.name, upstream.name
        );
        let error = Diagnostic::new(&codes::INPUT_CLASH, message)
            .at(&self.config.source, parameter.span, "the parameter")
            .at(&self.config.source, upstream.span, format!("returns `{key}`"))
            .help("rename the parameter or the key");
        (!is_merge).then_some(error)
    }

    /// Reports keys that are asked for but not `given`; returns whether there are none.
    fn keys(&self, given: &Keys, sink: &mut Diagnostics) -> bool {
        let before = sink.count();
        for rename in self.process.renames.iter().filter(|rename| !given.contains(&rename.key)) {
            sink.error(self.unknown(&rename.key, self.rename_place(rename), given, ("", "")));
        }
        let names: Keys =
            given.iter().cloned().chain(self.process.renames.iter().map(|r| r.name.clone())).collect();
        match &self.process.work {
            Work::Shell(shell) => self.command(&shell.command, &names, sink),
            Work::Python(function) => self.function(function, &names, sink),
            Work::Merge => self.split(&names, sink),
            Work::DynamicChart(_) => {}
        }
        sink.count() == before
    }

    fn command(&self, template: &str, names: &Keys, sink: &mut Diagnostics) {
        let Some(text) = &self.written.command else { return };
        let mut told = Keys::new();
        for reference in command::references(template, "inputs") {
            let place = |count| place_in(&self.config.source, text, reference.span(count));
            let (key, label) = (&reference.path[0], reference.path.get(1));
            if !names.contains(key) {
                if told.insert(key.clone()) {
                    sink.error(self.unknown(key, place(1), names, ("inputs.", "")));
                }
            } else if let (Some(label), Some(labels)) = (label, self.labels(key))
                && !labels.contains(label)
                && told.insert(format!("{key}.{label}"))
            {
                sink.error(self.unknown(label, place(2), &labels, (&format!("inputs.{key}."), "")));
            }
        }
    }

    /// The labels of the outermost layer that the process gathers `name` from; `None` if it gathers it from none, or
    /// that is not known.
    fn labels(&self, name: &str) -> Option<Keys> {
        let rename = self.process.renames.iter().find(|rename| rename.name == name);
        let key = rename.map_or(name, |rename| &rename.key);
        let place = &self.process.place;
        let layers = |up: &ProcessId| {
            let is_it = rename.and_then(|rename| rename.process.as_ref());
            let process = self.pipeline.process(*up);
            let returns = self.returned[up].as_ref().is_some_and(|keys| keys.contains(key));
            let outlet = process.outlet(&self.pipeline.layers);
            let [data, seed] = [(outlet.data, place.data.len()), (outlet.seed, place.seed.len())]
                .map(|(layers, inside)| layers.get(inside).copied());
            (returns && is_it.is_none_or(|name| *name == process.name)).then_some(data.or(seed))
        };
        let mut gathered = self.process.upstreams.iter().filter_map(layers);
        let layer = self.pipeline.layer(gathered.next().filter(|_| gathered.next().is_none())??);
        Some((0..layer.len()).map(|arm| layer.arm(arm).label()).collect())
    }

    /// Reports names that the process gives to inputs and that its function does not take.
    fn renames(&self, upstreams: &[(ProcessId, Option<&Keys>)], sink: &mut Diagnostics) {
        let Work::Python(function) = &self.process.work else { return };
        let Some(takes) = function.takes.as_ref().filter(|takes| !takes.iter().any(|name| name == "context"))
        else {
            return;
        };
        for ((name, written), rename) in self.written.inputs.iter().zip(&self.process.renames) {
            if takes.contains(&name.value) || self.makes_way(rename, upstreams) {
                continue;
            }
            let message = format!("the function of `{}` does not take `{}`", self.process.name, name.value);
            let help = match nearest(&name.value, takes.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it takes {}", told(&takes.iter().cloned().collect())),
            };
            let code = if name.span == written.span { &codes::NO_EFFECT } else { &codes::UNKNOWN_KEY };
            let label = "no parameter of the function";
            sink.push(Diagnostic::new(code, message).at(&self.config.source, name.span, label).help(help));
        }
    }

    /// Whether a key gets another name because its own is taken: by another upstream, a parameter, or another input.
    fn makes_way(&self, rename: &Rename, upstreams: &[(ProcessId, Option<&Keys>)]) -> bool {
        let key = &rename.key;
        let may_return = |keys: &Option<&Keys>| keys.is_none_or(|keys| keys.contains(key));
        let mut parameters = self.written.parameters.iter().chain(&self.config.parameters);
        let is_input = |other: &Rename| other.name == *key && other.name != rename.name;
        upstreams.iter().filter(|(_, keys)| may_return(keys)).count() > 1
            || parameters.any(|(name, _)| name.value == *key)
            || self.process.renames.iter().any(is_input)
    }

    fn function(&self, function: &Function, names: &Keys, sink: &mut Diagnostics) {
        let is_parameter = |name: &str| self.process.parameters.iter().any(|(other, _)| other == name);
        let closes = self.written.closes();
        let is_given = |name: &str| ALWAYS.contains(&name) || closes && name == "failed";
        let is_there = |name: &str| names.contains(name) || is_parameter(name) || is_given(name);
        for name in function.requires.iter().filter(|name| !is_there(name)) {
            let place =
                self.written.code.as_ref().map_or(self.written.name.span, |code| code.value.function.span);
            let more = "; return it upstream, or write it under `parameters`";
            let all = names.iter().chain(self.process.parameters.iter().map(|(name, _)| name)).cloned();
            sink.error(self.unknown(name, place, &all.collect(), ("", more)));
        }
    }

    /// A split without code cuts one of the keys.
    fn split(&self, names: &Keys, sink: &mut Diagnostics) {
        let fan = self.process.opens.map(|id| &self.pipeline.layer(id).fan);
        let Some(Fan::Data { key, .. }) = fan else { return };
        let key = key.as_deref().unwrap_or("data");
        let Some(data) = self.written.data_parallelism.as_ref().filter(|_| !names.contains(key)) else {
            return;
        };
        match &data.value.data_name {
            Some(written) => sink.push(self.unknown(key, written.span, names, ("", ""))),
            None => {
                let message = format!("`{}` does not say which key it splits", self.process.name);
                let error = Diagnostic::new(&codes::NO_DATA_NAME, message)
                    .at(&self.config.source, data.span, "no `data_name`, and no key is called `data`")
                    .help(format!("add `data_name: KEY`; its upstreams return {}", told(names)));
                sink.error(error);
            }
        }
    }

    fn unknown(&self, key: &str, place: Span, names: &Keys, (prefix, more): (&str, &str)) -> Diagnostic {
        let message = format!("`{}` asks for `{prefix}{key}`, which nothing provides", self.process.name);
        let error =
            Diagnostic::new(&codes::UNKNOWN_KEY, message).at(&self.config.source, place, "not provided");
        match nearest(key, names.iter().map(String::as_str)) {
            Some(near) => error.help(format!("did you mean `{prefix}{near}`?")),
            None if self.process.upstreams.is_empty() => error
                .help("it has no upstream: add an edge to `process_adjlist`, or a parameter of this name"),
            None => error.help(format!("it is given {}{more}", told(names))),
        }
    }

    fn seed_key(&self, upstream: ProcessId) -> Diagnostic {
        let name = &self.pipeline.process(upstream).name;
        let message = format!("`{}` gets `{SEED}` from `{name}`, below a seed split", self.process.name);
        Diagnostic::new(&codes::SEED_KEY, message)
            .at(&self.config.source, self.process.span, "its seed is the layer's")
            .at(&self.config.source, self.pipeline.process(upstream).span, format!("returns `{SEED}`"))
            .help("return it under another key")
    }

    fn rename_place(&self, rename: &Rename) -> Span {
        let written = self.written.inputs.iter().find(|(name, _)| name.value == rename.name);
        written.map_or(self.written.name.span, |(_, key)| key.span)
    }
}

fn told(names: &Keys) -> String {
    if names.is_empty() { "nothing".to_owned() } else { list(names.iter().map(String::as_str)) }
}
