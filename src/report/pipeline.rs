//! The layers and processes of the document, and their picture.

use std::collections::BTreeMap;

use super::document::{Counts, Layer, Partition, Process};
use super::look::Look;
use crate::diagnostic::plural;
use crate::dry_run::{self, Finding};
use crate::exec::Values;
use crate::graph::Graph;
use crate::layout::Folder;
use crate::name;
use crate::numbers::Plain;
use crate::picture::{self, Direction, Drawing, Line, Picture};
use crate::pipeline::{self, Fan, LayerId, Pipeline, ProcessId, Stacks, Work};
use crate::probe::Probes;

/// The layers, with the existing partitions.
pub(super) fn layers(look: &Look<'_>) -> Vec<Layer> {
    look.graph.pipeline.layers.iter().map(|layer| self::layer(look, layer)).collect()
}

fn layer(look: &Look<'_>, layer: &pipeline::Layer) -> Layer {
    let arms = (0..layer.len()).map(|arm| layer.arm(arm).to_string()).collect();
    let process = layer.split.0;
    match &layer.fan {
        Fan::Seed(_) => {
            Layer { kind: "seed", process, arms, key: None, by: None, partitions: BTreeMap::new() }
        }
        Fan::Data { by, key, .. } => Layer {
            kind: "data",
            process,
            arms,
            key: key.clone(),
            by: serde_json::to_value(by).ok(),
            partitions: partitions(look, layer.split),
        },
    }
}

/// The partitions made by each instance of a split.
fn partitions(look: &Look<'_>, split: ProcessId) -> BTreeMap<usize, Vec<Option<Partition>>> {
    let made = |index: usize| {
        let stamps = &look.survey.all[index].action.stamps;
        stamps.iter().map(|stamp| partition(&Folder(stamp.parent()?.to_owned()))).collect()
    };
    look.instances(split).map(|index| (index, made(index))).collect()
}

fn partition(folder: &Folder) -> Option<Partition> {
    let values = Values::read(folder)?.values;
    let cut = values.iter().find(|value| value.rows.is_some()).or(values.first())?;
    Some(Partition { rows: cut.rows, bytes: cut.size, digest: cut.digest.short() })
}

/// The processes, given which instances are running now.
pub(super) fn processes(look: &Look<'_>, is_running: &dyn Fn(usize) -> bool) -> Vec<Process> {
    look.graph.pipeline.iter().map(|(id, process)| self::process(look, id, process, is_running)).collect()
}

fn process(
    look: &Look<'_>,
    id: ProcessId,
    process: &pipeline::Process,
    is_running: &dyn Fn(usize) -> bool,
) -> Process {
    let ids = |layers: &[LayerId]| layers.iter().map(|layer| layer.0).collect::<Vec<_>>();
    let instances = look.instances(id);
    let plan = instances.clone().next().map(|first| look.survey.plan(first));
    let parameters = plan.map(|plan| serde_json::Value::Object(plan.parameters.clone()));
    let parameters = parameters.filter(|all| look.has_values && all != &serde_json::json!({}));
    Process {
        name: process.name.clone(),
        description: process.description.clone(),
        kind: process.kind().name(),
        runs: runs(&process.work),
        line: look.graph.pipeline.source.line_column(process.span.start).0,
        code: code(look, &process.work),
        folder: crate::layout::component(&process.name),
        target: crate::layout::Layout::target(&process.name, &[]),
        path: name::canonical(&process.name, &[]).trim_start_matches('/').to_owned(),
        steps: look.checked.steps.get(&id).cloned().unwrap_or_default(),
        place: [ids(&process.place.data), ids(&process.place.seed)].concat(),
        opens: process.opens.map(|layer| layer.0),
        closes: process.closes.data.iter().chain(&process.closes.seed).map(|layer| layer.0).collect(),
        upstreams: process.upstreams.iter().map(|upstream| upstream.0).collect(),
        plots: plots(look, id),
        counts: counts(
            &look.survey.all[instances.clone()],
            instances.clone().filter(|i| is_running(*i)).count(),
        ),
        instances: (instances.start, instances.len()),
        parameters: parameters.and_then(|all| serde_json::value::to_raw_value(&Plain(&all)).ok()),
        environment: plan.map(|plan| plan.environment.clone()).unwrap_or_default(),
    }
}

fn runs(work: &Work) -> Option<String> {
    match work {
        Work::Python(function) => Some(format!("{}: {}", function.script, function.name)),
        Work::Shell(shell) => Some(shell.command.clone()),
        Work::DynamicChart(script) => Some(script.to_string()),
        Work::Merge => None,
    }
}

/// Where the function of a process is defined.
fn code(look: &Look<'_>, work: &Work) -> Option<(String, usize)> {
    let Work::Python(function) = work else { return None };
    let is_definition = |line: &str| {
        let rest = line
            .trim_start_matches("async ")
            .strip_prefix("def ")?
            .trim_start()
            .strip_prefix(&function.name)?;
        rest.trim_start().starts_with(['(', '[']).then_some(())
    };
    let text = look.script(&function.script)?;
    let line = text.lines().position(|line| is_definition(line).is_some())?;
    Some((function.script.to_string(), line + 1))
}

/// The processes that a chart plots, without duplicates.
fn plots(look: &Look<'_>, id: ProcessId) -> Vec<usize> {
    let mut plotted = Vec::new();
    for probe in look.probes.of(id).into_iter().flatten() {
        if !plotted.contains(&probe.instance.process.0) {
            plotted.push(probe.instance.process.0);
        }
    }
    plotted
}

fn counts(instances: &[Finding], running: usize) -> Counts {
    let mut states = dry_run::Counts::default();
    instances.iter().for_each(|looked| states.add(looked));
    Counts { states, running }
}

/// The kind of a layer, `data` or `seed`, and its title.
pub(crate) fn layer_title(pipeline: &Pipeline, layer: usize) -> (&'static str, String) {
    let layer = &pipeline.layers[layer];
    match &layer.fan {
        Fan::Seed(seeds) => ("seed", plural(seeds.len(), "seed")),
        Fan::Data { key: Some(key), .. } => {
            ("data", format!("{} of {key}", plural(layer.len(), "partition")))
        }
        Fan::Data { key: None, .. } => ("data", plural(layer.len(), "partition")),
    }
}

/// Where the processes, edges and layers of a pipeline are drawn.
pub(super) fn picture(look: &Look<'_>, direction: Direction) -> Picture {
    picture::lay_out(&drawing(look.graph, look.probes), direction)
}

/// A pipeline with a box for each process and a band for each layer.
pub(crate) fn drawing(graph: Graph<'_>, probes: &Probes) -> Drawing {
    let pipeline = graph.pipeline;
    let rank = |layer: &LayerId| pipeline.order.iter().position(|id| *id == pipeline.layer(*layer).split);
    let bands = |stacks: &Stacks| {
        let mut layers: Vec<LayerId> = stacks.data.iter().chain(&stacks.seed).copied().collect();
        layers.sort_by_key(rank);
        layers.iter().map(|layer| layer.0).collect::<Vec<_>>()
    };
    let boxes: Vec<Vec<usize>> = pipeline.processes.iter().map(|process| bands(&process.place)).collect();
    let mut edges: Vec<Line> = Vec::new();
    for (id, process) in pipeline.iter() {
        let probed = probes.of(id).into_iter().flatten().map(|probe| probe.instance.process);
        for from in process.upstreams.iter().copied().chain(probed) {
            if edges.iter().any(|line| (line.from, line.to) == (from.0, id.0)) {
                continue;
            }
            let outlet = bands(&pipeline.process(from).outlet(&pipeline.layers));
            // What is gathered leaves its layer where the aggregation closes it.
            let closed = process.closes.data.iter().chain(&process.closes.seed).map(|layer| layer.0);
            let around: Vec<usize> = boxes[id.0].iter().copied().chain(closed).collect();
            let common = outlet.into_iter().filter(|band| around.contains(band)).collect();
            edges.push(Line { from: from.0, to: id.0, bands: common });
        }
    }
    Drawing { boxes, edges }
}
