//! Config to pipeline: names become ids, defaults are filled in, and everything that is wrong is said.

use std::collections::HashMap;

use camino::Utf8Path;

use super::resolve::Resolver;
use super::{
    Chart, Closes, Fan, Layer, LayerId, Pipeline, Place, Process, ProcessId, Work, clashes, declared, layers,
    order, settings,
};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported, codes, nearest};
use crate::script::Library;
use crate::source::Spanned;
use crate::syntax::{Config, ProcessConfig};

/// Checks a project. `root` is the project's folder: functions are looked up in the scripts of
/// `library`, and requirement files beside the project or above it. All errors go to `sink`.
pub(crate) fn check(
    config: &Config,
    root: &Utf8Path,
    library: &mut Library,
    sink: &mut Diagnostics,
) -> Result<Pipeline, Reported> {
    let names = names(config, sink);
    let edges = edges(config, &names, sink);
    unused(config, sink);
    let mut resolver = Resolver::new(config, root, library);
    let mut pipeline = Pipeline {
        source: config.source.clone(),
        name: config.name.as_ref().map_or_else(|| folder_name(root), |name| name.value.clone()),
        processes: Vec::new(),
        order: Vec::new(),
        layers: Vec::new(),
        environments: Vec::new(),
        data: declared::data(config, root, sink),
    };
    for (i, written) in config.processes.iter().enumerate() {
        let layer = layer(written, ProcessId(i)).map(|layer| {
            pipeline.layers.push(layer);
            LayerId(pipeline.layers.len() - 1)
        });
        let process = process(written, layer, &edges[i], &mut resolver, sink);
        pipeline.processes.push(process);
    }
    pipeline.environments = resolver.used_environments();
    if config.processes.is_empty() {
        let message = "the pipeline has no process";
        sink.error(Diagnostic::new(&codes::EMPTY, message).at(
            &config.source,
            config.pipeline,
            "nothing to build",
        ));
    }
    let upstreams: Vec<_> = pipeline.processes.iter().map(|p| p.upstreams.clone()).collect();
    match order::order(&upstreams) {
        Ok(order) => pipeline.order = order,
        Err(cycle) => return Err(report_cycle(&pipeline, &cycle, config, sink)),
    }
    place_all(&mut pipeline, config, sink);
    settings::inherit_on_failure(&mut pipeline);
    sink.unless_errors(pipeline)
}

fn folder_name(root: &Utf8Path) -> String {
    let absolute = root.canonicalize_utf8().ok();
    absolute.as_deref().and_then(Utf8Path::file_name).unwrap_or("project").to_owned()
}

/// The processes by name.
fn names<'c>(config: &'c Config, sink: &mut Diagnostics) -> HashMap<&'c str, ProcessId> {
    let mut names: HashMap<&str, ProcessId> = HashMap::new();
    for (i, process) in config.processes.iter().enumerate() {
        let name = &process.name;
        if let Some(why) = unusable(&name.value) {
            let message = format!("`{}` cannot be the name of a process", name.value);
            let error = Diagnostic::new(&codes::NAME, message).at(&config.source, name.span, why);
            sink.error(error.help("choose another name"));
        }
        if let Some(first) = names.insert(&name.value, ProcessId(i)) {
            let first = &config.processes[first.0].name;
            let message = format!("two processes are called `{}`", name.value);
            let error = Diagnostic::new(&codes::DUPLICATE_PROCESS, message)
                .at(&config.source, name.span, "the second one")
                .at(&config.source, first.span, "the first one")
                .help("rename one of them");
            sink.error(error);
        }
    }
    names
}

fn unusable(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("empty"),
        "all" => Some("the target that builds everything"),
        name if name.len() > 200 => Some("longer than 200 bytes"),
        name if name.chars().any(char::is_control) => Some("has a control character"),
        _ => None,
    }
}

/// For each process its upstreams, in the order in which their edges are written.
fn edges(config: &Config, names: &HashMap<&str, ProcessId>, sink: &mut Diagnostics) -> Vec<Vec<ProcessId>> {
    for name in &config.names {
        if !names.contains_key(name.value.as_str()) {
            sink.error(unknown_process(config, name));
        }
    }
    let mut upstreams = vec![Vec::new(); config.processes.len()];
    for (from, to) in &config.edges {
        if from.value == to.value {
            let message = format!("`{}` depends on itself", from.value);
            let error = Diagnostic::new(&codes::SELF_EDGE, message);
            sink.error(error.at(&config.source, to.span, "its own source").help("remove this edge"));
            continue;
        }
        if let (Some(from), Some(to)) = (names.get(from.value.as_str()), names.get(to.value.as_str())) {
            let list: &mut Vec<ProcessId> = &mut upstreams[to.0];
            if !list.contains(from) {
                list.push(*from);
            }
        }
    }
    upstreams
}

fn unknown_process(config: &Config, name: &Spanned<String>) -> Diagnostic {
    let error = Diagnostic::new(&codes::UNKNOWN_PROCESS, format!("unknown process `{}`", name.value)).at(
        &config.source,
        name.span,
        "no process has this name",
    );
    match nearest(&name.value, config.processes.iter().map(|p| p.name.value.as_str())) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help(format!("add `- name: {}` under `processes`", name.value)),
    }
}

fn unused(config: &Config, sink: &mut Diagnostics) {
    let mentioned: std::collections::HashSet<&str> = config.names.iter().map(|n| n.value.as_str()).collect();
    for process in &config.processes {
        let name = &process.name;
        if !mentioned.contains(name.value.as_str()) && process.probe_paths.is_empty() {
            let message = format!("`{}` does not stand in `process_adjlist`", name.value);
            let error = Diagnostic::new(&codes::UNUSED_PROCESS, message)
                .at(&config.source, name.span, "nothing leads to it or from it")
                .help(format!("add a line `{}` to `process_adjlist`, or remove the process", name.value));
            sink.error(error);
        }
    }
}

/// The layer that a process opens.
fn layer(written: &ProcessConfig, split: ProcessId) -> Option<Layer> {
    let fan = match (&written.data_parallelism, &written.seed_parallelism) {
        (Some(data), _) => Fan::Data {
            size: data.value.size.value.clone(),
            by: data.value.by.as_ref().map(|by| by.value.clone()).unwrap_or_default(),
            key: data.value.data_name.as_ref().map(|name| name.value.clone()),
        },
        (None, Some(seeds)) => Fan::Seed(seeds.value.iter().map(|seed| seed.value).collect()),
        (None, None) => return None,
    };
    Some(Layer { split, fan })
}

/// Complaints about flags of one process that exclude each other.
fn exclusions(written: &ProcessConfig, config: &Config, sink: &mut Diagnostics) {
    let name = &written.name.value;
    if let (Some(data), Some(seeds)) = (&written.data_parallelism, &written.seed_parallelism) {
        let error = Diagnostic::new(&codes::TWO_PARALLELISMS, format!("`{name}` splits by data and by seed"))
            .at(&config.source, seeds.span, "opens a seed layer")
            .at(&config.source, data.span, "opens a data layer")
            .help("put one of the splits into a process of its own behind the other");
        sink.error(error);
    }
    let pairs = [
        (&written.data_aggregation, written.data_parallelism.as_ref().map(|data| data.span), "data"),
        (&written.seed_aggregation, written.seed_parallelism.as_ref().map(|seeds| seeds.span), "seed"),
    ];
    for (flag, split, kind) in pairs {
        if let (Some(flag), Some(split)) = (flag.as_ref().filter(|flag| flag.value), split) {
            let message = format!("`{name}` closes a {kind} layer and opens one");
            let error = Diagnostic::new(&codes::SPLIT_AND_AGGREGATION, message)
                .at(&config.source, flag.span, "closes")
                .at(&config.source, split, "opens")
                .help("aggregate in one process and split again in the next");
            sink.error(error);
        }
    }
}

fn process(
    written: &ProcessConfig,
    opens: Option<LayerId>,
    upstreams: &[ProcessId],
    resolver: &mut Resolver<'_>,
    sink: &mut Diagnostics,
) -> Process {
    let config = resolver.config;
    exclusions(written, config, sink);
    let work = resolver.work(written, sink);
    let chart = chart(written, upstreams, config);
    let parameters = resolver.parameters(written, &work);
    if chart.is_none() {
        clashes::check(written, upstreams, config, sink);
    }
    if is_merge(written, &work) {
        merges_something(written, upstreams, config, sink);
    }
    Process {
        name: written.name.value.clone(),
        span: written.name.span,
        description: written.description.as_ref().map(|text| text.value.clone()),
        other_parameters: resolver.other_parameters(written, &work, &parameters),
        parameters,
        random_seed: config.random_seed.as_ref().map(|seed| seed.value),
        environment: resolver.environment(written, &work, sink),
        settings: settings::own(written, config, resolver.root, sink),
        renames: resolver.renames(written, upstreams),
        upstreams: if chart.is_some() { Vec::new() } else { upstreams.to_vec() },
        place: Place::default(),
        closes: Closes::default(),
        opens,
        work,
        chart,
    }
}

/// A chart's probe paths are its edges; where it has none, its upstreams are what it plots.
fn chart(written: &ProcessConfig, upstreams: &[ProcessId], config: &Config) -> Option<Chart> {
    let upstream = |id: &ProcessId| {
        let name = Spanned::new(config.processes[id.0].name.value.clone(), written.name.span);
        (name.clone(), name)
    };
    super::resolve::is_chart(written).then(|| Chart {
        probes: match written.probe_paths.as_slice() {
            [] => upstreams.iter().map(upstream).collect(),
            written => written.to_vec(),
        },
    })
}

/// Whether a process is meant to be a split without code; `Work::Merge` alone may stand for an error.
fn is_merge(written: &ProcessConfig, work: &Work) -> bool {
    let is_split = written.data_parallelism.is_some() || written.seed_parallelism.is_some();
    let has_code = written.code.is_some() || written.command.is_some();
    matches!(work, Work::Merge) && is_split && !has_code && !super::resolve::closes(written)
}

fn merges_something(
    written: &ProcessConfig,
    upstreams: &[ProcessId],
    config: &Config,
    sink: &mut Diagnostics,
) {
    let name = &written.name;
    // Seeds need nothing from upstream.
    if upstreams.is_empty() && written.data_parallelism.is_some() {
        let error = Diagnostic::new(&codes::NO_UPSTREAM, format!("`{}` has nothing to split", name.value))
            .at(&config.source, name.span, "a split without code and without upstream")
            .help("add an edge that leads to it, or give it `code` that returns the rows");
        sink.error(error);
    }
    if let Some(data) = written.data_parallelism.as_ref().filter(|data| data.value.data_name.is_none()) {
        let message = format!("`{}` does not say which key it splits", name.value);
        let error = Diagnostic::new(&codes::NO_DATA_NAME, message)
            .at(&config.source, data.span, "no `data_name`")
            .help("add `data_name: KEY`, the output key of the upstream whose rows are split");
        sink.error(error);
    }
}

fn report_cycle(
    pipeline: &Pipeline,
    cycle: &[ProcessId],
    config: &Config,
    sink: &mut Diagnostics,
) -> Reported {
    let first = cycle.first().copied().unwrap_or(ProcessId(0));
    let names: Vec<_> = cycle.iter().chain([&first]).map(|id| pipeline.process(*id).name.as_str()).collect();
    let error = Diagnostic::new(&codes::CYCLE, format!("the pipeline has a cycle: {}", names.join(" -> ")));
    // The edge that leads back to the first is the one that most likely was not meant.
    let is_last = |from: &str, to: &str| Some(from) == names.iter().rev().nth(1).copied() && to == names[0];
    let edge = config.edges.iter().find(|(from, to)| is_last(&from.value, &to.value));
    let span = edge.map_or(pipeline.process(first).span, |(_, to)| to.span);
    let error = error.at(&pipeline.source, span, format!("leads back to `{}`", names[0]));
    sink.error(error.help("remove one of these edges from `process_adjlist`"))
}

/// Finds the place of every process, upstreams first. Of what is downstream of an error nothing is
/// known, and nothing is said.
fn place_all(pipeline: &mut Pipeline, config: &Config, sink: &mut Diagnostics) {
    let mut lost = vec![false; pipeline.processes.len()];
    for id in pipeline.order.clone() {
        if pipeline.process(id).upstreams.iter().any(|up| lost[up.0]) {
            lost[id.0] = true;
            continue;
        }
        let outlet = |up: &ProcessId| (*up, pipeline.process(*up).outlet(&pipeline.layers));
        let outlets: Vec<_> = pipeline.process(id).upstreams.iter().map(outlet).collect();
        let written = &config.processes[id.0];
        let flag = |flag: &Option<Spanned<bool>>| flag.as_ref().is_some_and(|flag| flag.value);
        let close = (flag(&written.data_aggregation), flag(&written.seed_aggregation));
        match layers::place(&outlets, close) {
            Ok((place, closes)) => {
                unclosed(
                    written,
                    (close.0 && closes.data.is_none(), close.1 && closes.seed.is_none()),
                    config,
                    sink,
                );
                settings::at_least(written, &closes, &pipeline.layers, config, sink);
                let process = &mut pipeline.processes[id.0];
                if !place.seed.is_empty() {
                    process.random_seed = None;
                }
                (process.place, process.closes) = (place, closes);
            }
            Err(found) => {
                lost[id.0] = true;
                found.iter().for_each(|unrelated| report_unrelated(pipeline, id, unrelated, sink));
            }
        }
    }
}

fn unclosed(written: &ProcessConfig, without: (bool, bool), config: &Config, sink: &mut Diagnostics) {
    // A split with such a flag has been told already.
    let flags = [
        (&written.data_aggregation, without.0 && written.data_parallelism.is_none(), "data"),
        (&written.seed_aggregation, without.1 && written.seed_parallelism.is_none(), "seed"),
    ];
    for (flag, _, kind) in flags.into_iter().filter(|(_, without, _)| *without) {
        let message = format!("`{}` has no {kind} layer to close", written.name.value);
        let span = flag.as_ref().map_or(written.name.span, |flag| flag.span);
        let warning = Diagnostic::new(&codes::NOTHING_TO_CLOSE, message)
            .at(&config.source, span, format!("no {kind} layer is open here"))
            .help("remove the flag, or put the split above it");
        sink.push(warning);
    }
}

fn report_unrelated(
    pipeline: &Pipeline,
    id: ProcessId,
    unrelated: &layers::Unrelated,
    sink: &mut Diagnostics,
) {
    let name = |id: ProcessId| pipeline.process(id).name.as_str();
    let [first, second] = unrelated.layers.map(|layer| pipeline.layer(layer));
    let [left, right] = unrelated.upstreams.map(name);
    let flag = if first.is_data() { "data_aggregation" } else { "seed_aggregation" };
    let (split_1, split_2, here) = (name(first.split), name(second.split), &pipeline.process(id).name);
    let arm = if first.is_data() { "partition" } else { "seed" };
    let message = format!(
        "`{}` joins `{left}` and `{right}`, which live in two unrelated splits",
        pipeline.process(id).name
    );
    let error = Diagnostic::new(&codes::UNRELATED_LAYERS, message)
        .at(&pipeline.source, pipeline.process(id).span, format!("no telling which {arm} belongs to which"))
        .at(&pipeline.source, pipeline.process(first.split).span, format!("`{left}` is split here"))
        .at(&pipeline.source, pipeline.process(second.split).span, format!("`{right}` is split here"))
        .help(format!(
            "close one of them first: put a process with `{flag}: true` between `{left}` and `{here}` \
             (it closes the layer of `{split_1}`), or between `{right}` and `{here}` (for `{split_2}`)"
        ));
    sink.error(error);
}
