//! Config to pipeline: names become ids, defaults are filled in, and every error is reported.

use std::collections::BTreeSet;

use camino::Utf8Path;

use super::missing::{self, Missing};
use super::model::{Chart, Closes, Fan, Layer, LayerId, Pipeline, Process, ProcessId, Stacks, Work};
use super::place::{Edges, Placement, place};
use super::resolve::{Resolver, is_chart};
use super::{clashes, declared, effect, exports, keys, names, parameters, settings, template};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported, codes};
use crate::script::Library;
use crate::source::Spanned;
use crate::syntax::{Config, ProcessConfig};

/// Checks a project. `root` is the project's folder: functions are looked up in the scripts of `library`, and
/// requirement files in the project or above it. All errors go to `sink`; `missing` says how to treat missing
/// files.
pub(crate) fn check(
    config: &Config,
    root: &Utf8Path,
    library: &mut Library,
    missing: Missing,
    sink: &mut Diagnostics,
) -> Result<Pipeline, Reported> {
    let names = names::names(config, sink);
    let upstreams = names::edges(config, &names, sink);
    names::unused(config, sink);
    let mut resolver = Resolver::new(config, root, library);
    let data = declared::data(config, root, sink);
    let mut layers = Vec::new();
    let mut processes = Vec::new();
    let mut opens = Vec::new();
    for (i, written) in config.processes.iter().enumerate() {
        let layer = layer(written, ProcessId(i)).map(|layer| {
            layers.push(layer);
            LayerId(layers.len() - 1)
        });
        opens.push(layer);
        processes.push(process(written, layer, &upstreams[i], &mut resolver, sink));
    }
    let (environments, reported) = resolver.finish();
    missing::check(config, root, (missing, &reported), sink);
    empty(config, sink);
    let depends = upstreams.into_iter().zip(&config.processes);
    let upstreams =
        depends.map(|(list, written)| if is_chart(written) { Vec::new() } else { list }).collect();
    let edges = Edges { upstreams, opens, layers };
    let Placement { order, places } = place(&edges, config, sink)?;
    let processes: Vec<Process> = processes.into_iter().collect::<Result<_, _>>()?;
    let located = processes.into_iter().zip(places);
    let mut pipeline = Pipeline {
        source: config.source.clone(),
        name: config.name.as_ref().map_or_else(|| folder_name(root), |name| name.value.clone()),
        processes: located.map(|(process, (stacks, closes))| settled(process, stacks, closes)).collect(),
        order,
        layers: edges.layers,
        environments,
        data,
    };
    settings::inherit_on_failure(&mut pipeline);
    exports::check(&mut pipeline.processes, config, sink);
    parameters::below_seeds(&mut pipeline, config, sink);
    parameters::unused(&pipeline, config, library, sink);
    keys::check(&pipeline, config, sink);
    effect::check(&pipeline, config, sink);
    for (process, written) in pipeline.processes.iter().zip(&config.processes) {
        template::labels(process, written, config, sink);
    }
    sink.unless_errors(pipeline)
}

/// The files that contain the code of processes, each once.
pub(crate) fn scripts(config: &Config) -> Vec<&str> {
    let own = config.processes.iter().filter_map(|process| process.script_path.as_ref());
    let all = config.scripts.iter().map(|(_, file)| file).chain(own);
    let mut known = BTreeSet::new();
    all.map(|file| file.value.as_str()).filter(|file| known.insert(*file)).collect()
}

fn folder_name(root: &Utf8Path) -> String {
    declared::own_name(root).unwrap_or_else(|| "project".to_owned())
}

fn empty(config: &Config, sink: &mut Diagnostics) {
    if config.processes.is_empty() {
        let error = Diagnostic::new(&codes::EMPTY, "the pipeline has no process");
        sink.error(error.at(&config.source, config.pipeline, "nothing to build"));
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

/// Reports flags of one process that exclude each other.
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

/// A process whose place is not known yet. Everything that is wrong with it is reported.
fn process(
    written: &ProcessConfig,
    opens: Option<LayerId>,
    upstreams: &[ProcessId],
    resolver: &mut Resolver<'_>,
    sink: &mut Diagnostics,
) -> Result<Process, Reported> {
    let config = resolver.config;
    exclusions(written, config, sink);
    let work = resolver.work(written, sink);
    let chart = chart(written, upstreams, config);
    if chart.is_none() {
        clashes::check(written, upstreams, config, sink);
    }
    if is_merge(written, &work) {
        merges_something(written, upstreams, config, sink);
    }
    let environment = resolver.environment(written, work.as_ref().ok(), sink);
    let settings = settings::own(written, config, resolver.root, sink);
    let work = work?;
    let parameters = resolver.parameters(written, &work);
    Ok(Process {
        name: written.name.value.clone(),
        span: written.name.span,
        description: written.description.as_ref().map(|text| text.value.clone()),
        other_parameters: resolver.other_parameters(written, &work, &parameters),
        parameters,
        random_seed: config.random_seed.as_ref().map(|seed| seed.value),
        environment,
        settings,
        exports: Vec::new(),
        written: declared::prefixed(written, config, resolver.root),
        renames: resolver.renames(written, upstreams),
        upstreams: if chart.is_some() { Vec::new() } else { upstreams.to_vec() },
        place: Stacks::default(),
        closes: Closes::default(),
        opens,
        work,
        chart,
    })
}

/// The process at its place. Inside a seed layer, its seed is the layer's.
fn settled(process: Process, place: Stacks, closes: Closes) -> Process {
    let random_seed = process.random_seed.filter(|_| place.seed.is_empty());
    Process { random_seed, place, closes, ..process }
}

/// A chart plots its probe paths, or its upstreams if it has none.
fn chart(written: &ProcessConfig, upstreams: &[ProcessId], config: &Config) -> Option<Chart> {
    let upstream = |id: &ProcessId| {
        let name = Spanned::new(config.processes[id.0].name.value.clone(), written.name.span);
        (name.clone(), name)
    };
    is_chart(written).then(|| Chart {
        probes: match written.probe_paths.as_slice() {
            [] => upstreams.iter().map(upstream).collect(),
            written => written.to_vec(),
        },
    })
}

/// Whether a process is a split without code.
fn is_merge(written: &ProcessConfig, work: &Result<Work, Reported>) -> bool {
    matches!(work, Ok(Work::Merge)) && !written.closes()
}

/// Reports a data split without code that has nothing to split. A seed split needs nothing from upstream.
fn merges_something(
    written: &ProcessConfig,
    upstreams: &[ProcessId],
    config: &Config,
    sink: &mut Diagnostics,
) {
    let name = &written.name;
    if upstreams.is_empty() && written.data_parallelism.is_some() {
        let error = Diagnostic::new(&codes::NO_UPSTREAM, format!("`{}` has nothing to split", name.value))
            .at(&config.source, name.span, "a split without code and without upstream")
            .help("add an edge that leads to it, or give it `code` that returns the rows");
        sink.error(error);
    }
}
