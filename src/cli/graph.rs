//! `expops graph`: the pipeline as a picture or as data.

use std::fmt::Write as _;

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::ended::Ended;
use super::look::look;
use crate::arm::{self, Arm};
use crate::driver::Checked;
use crate::graph::{Address, Graph};
use crate::picture::{self, Direction, Drawing, Labels, Line};
use crate::pipeline::{Kind, ProcessId};
use crate::probe::{Probes, Tree};
use crate::report;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops graph --format svg > pipeline.svg
  expops graph --expand | dot -Tsvg > instances.svg
  expops graph --format mermaid --expand")]
pub(super) struct Flags {
    /// The project: a folder, or a project file
    #[arg(default_value = ".")]
    project: Utf8PathBuf,
    /// What to print
    #[arg(long, value_enum, default_value_t = FormatName::Dot)]
    format: FormatName,
    /// A node for each instance, not for each process
    #[arg(long)]
    expand: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatName {
    /// For Graphviz
    Dot,
    /// For Markdown pages
    Mermaid,
    /// A drawing, for light and dark pages
    Svg,
    /// Nodes and edges
    Json,
    /// The tree that probe paths and queries select from
    Xml,
}

pub(super) fn run(flags: &Flags) -> Ended {
    look(&flags.project, |checked, graph, probes| draw(flags, checked, graph, probes))
}

fn draw(flags: &Flags, checked: &Checked, graph: Graph<'_>, probes: &Probes) -> Ended {
    let picture = || if flags.expand { expanded(graph, probes) } else { collapsed(checked, graph, probes) };
    match flags.format {
        FormatName::Dot => print!("{}", dot(&picture())),
        FormatName::Mermaid => print!("{}", mermaid(&picture())),
        FormatName::Svg if flags.expand => return draw_instances(&picture(), &checked.pipeline.name),
        FormatName::Svg => draw_processes(graph, probes, &checked.pipeline.name),
        FormatName::Json => println!("{:#}", as_json(&picture())),
        FormatName::Xml => println!("{}", Tree::new(graph, &checked.steps).document.to_xml()),
    }
    Ended::Well
}

/// What to draw: nodes with ids and labels, and edges between indices of nodes.
struct Picture {
    nodes: Vec<Node>,
    edges: Vec<(usize, usize)>,
}

struct Node {
    id: String,
    label: String,
    shape: Kind,
    count: usize,
    /// The arms that it lives in, outermost first.
    arms: Vec<Arm>,
}

/// One node for each process.
fn collapsed(checked: &Checked, graph: Graph<'_>, probes: &Probes) -> Picture {
    let node = |(id, process): (ProcessId, &crate::pipeline::Process)| {
        let count = graph.instances(id).len();
        let label = if count == 1 { process.name.clone() } else { format!("{} ×{count}", process.name) };
        Node {
            id: process.name.clone(),
            label,
            shape: graph.pipeline.process(id).kind(),
            count,
            arms: Vec::new(),
        }
    };
    let mut edges = Vec::new();
    for (id, process) in checked.pipeline.iter() {
        edges.extend(process.upstreams.iter().map(|up| (up.0, id.0)));
        for probe in probes.of(id).into_iter().flatten() {
            if !edges.contains(&(probe.instance.process.0, id.0)) {
                edges.push((probe.instance.process.0, id.0));
            }
        }
    }
    Picture { nodes: checked.pipeline.iter().map(node).collect(), edges }
}

/// One node for each instance.
fn expanded(graph: Graph<'_>, probes: &Probes) -> Picture {
    let instances: Vec<Address> = graph.pipeline.iter().flat_map(|(id, _)| graph.instances(id)).collect();
    let position: std::collections::HashMap<&Address, usize> =
        instances.iter().enumerate().map(|(i, address)| (address, i)).collect();
    let mut edges = Vec::new();
    for (to, instance) in instances.iter().enumerate() {
        let inputs = graph.edges(instance.process).flat_map(|edge| graph.inputs(instance, &edge));
        let probed = probes.of(instance.process).into_iter().flatten().map(|probe| probe.instance.clone());
        for input in inputs.map(|input| maker(graph, input)).chain(probed) {
            let edge = (position[&input], to);
            if edges.last() != Some(&edge) {
                edges.push(edge);
            }
        }
    }
    let node = |instance: &Address| Node {
        id: graph.path(instance),
        label: graph.label(instance),
        shape: graph.pipeline.process(instance.process).kind(),
        count: 1,
        arms: graph.arms(instance),
    };
    Picture { nodes: instances.iter().map(node).collect(), edges }
}

/// The instance that makes an output: for an arm of a split, the split itself.
fn maker(graph: Graph<'_>, mut output: Address) -> Address {
    let place = &graph.pipeline.process(output.process).place;
    output.at.data.truncate(place.data.len());
    output.at.seed.truncate(place.seed.len());
    output
}

fn dot(picture: &Picture) -> String {
    let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut out =
        String::from("digraph pipeline {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
    let mut open: Vec<Arm> = Vec::new();
    let mut nodes: Vec<&Node> = picture.nodes.iter().collect();
    // Nodes of the same arms are kept together, so that each arm gets one cluster.
    nodes.sort_by_key(|node| node.arms.iter().map(sort_key).collect::<Vec<_>>());
    for node in nodes {
        let same = open.iter().zip(&node.arms).take_while(|(a, b)| a == b).count();
        (same..open.len()).for_each(|_| out += "  }\n");
        open.truncate(same);
        for arm in &node.arms[same..] {
            open.push(*arm);
            let name = arm::join(&open, ".");
            let _ = writeln!(
                out,
                "  subgraph {} {{\n  label={};",
                quote(&format!("cluster {name}")),
                quote(&name)
            );
        }
        let _ = writeln!(out, "  {} [label={}{}];", quote(&node.id), quote(&node.label), shape(node.shape));
    }
    open.iter().for_each(|_| out += "  }\n");
    for (from, to) in &picture.edges {
        let _ = writeln!(out, "  {} -> {};", quote(&picture.nodes[*from].id), quote(&picture.nodes[*to].id));
    }
    out + "}\n"
}

/// Sorts arms: partitions by number, before seeds.
fn sort_key(arm: &Arm) -> (bool, u64) {
    match arm {
        Arm::Partition(number) => (false, *number),
        Arm::Seed(seed) => (true, *seed),
    }
}

/// The shape in which Graphviz draws a process.
fn shape(kind: Kind) -> &'static str {
    match kind {
        Kind::Process => "",
        Kind::Split => ", shape=trapezium, orientation=270",
        Kind::Aggregation => ", shape=trapezium, orientation=90",
        Kind::Chart => ", shape=note",
    }
}

/// Largest number of boxes that are drawn: nobody reads more.
const MOST_BOXES: usize = 2_000;

/// The processes as `expops report` draws them.
fn draw_processes(graph: Graph<'_>, probes: &Probes, title: &str) {
    let drawing = report::drawing(graph, probes);
    let words = |id: ProcessId| match (graph.pipeline.process(id).kind(), graph.instances(id).len()) {
        (Kind::Process, 1) => "1 instance".to_owned(),
        (kind, 1) => kind.name().to_owned(),
        (Kind::Process, count) => format!("{count} instances"),
        (kind, count) => format!("{}, {count} instances", kind.name()),
    };
    let boxes = graph.pipeline.iter().map(|(id, process)| (process.name.clone(), words(id)));
    let is_dashed = drawing
        .edges
        .iter()
        .map(|line| !graph.pipeline.processes[line.to].upstreams.contains(&ProcessId(line.from)));
    let bands = (0..graph.pipeline.layers.len()).map(|layer| report::layer_title(graph.pipeline, layer));
    let labels =
        Labels { title, boxes: boxes.collect(), bands: bands.collect(), is_dashed: is_dashed.collect() };
    print!("{}", picture::svg(&picture::lay_out(&drawing, Direction::Right), &labels));
}

/// The instances, with a band around those of each arm.
fn draw_instances(all: &Picture, title: &str) -> Ended {
    if all.nodes.len() > MOST_BOXES {
        return Ended::failed(&format!(
            "{} instances are too many for a drawing; leave out `--expand`, or take `--format json`",
            all.nodes.len()
        ));
    }
    let mut names: Vec<String> = Vec::new();
    let mut bands = Vec::new();
    let mut boxes = Vec::new();
    for node in &all.nodes {
        let band = |depth: usize| {
            let name = arm::join(&node.arms[..=depth], ".");
            names.iter().position(|other| *other == name).unwrap_or_else(|| {
                names.push(name);
                bands.push((
                    if node.arms[depth].partition().is_some() { "data" } else { "seed" },
                    node.arms[depth].to_string(),
                ));
                names.len() - 1
            })
        };
        boxes.push((0..node.arms.len()).map(band).collect::<Vec<_>>());
    }
    let edge = |(from, to): &(usize, usize)| Line {
        from: *from,
        to: *to,
        bands: boxes[*from].iter().filter(|band| boxes[*to].contains(band)).copied().collect(),
    };
    let edges: Vec<_> = all.edges.iter().map(edge).collect();
    let labels = Labels {
        title,
        boxes: all.nodes.iter().map(|node| (node.label.clone(), node.shape.name().to_owned())).collect(),
        bands,
        is_dashed: vec![false; edges.len()],
    };
    print!("{}", picture::svg(&picture::lay_out(&Drawing { boxes, edges }, Direction::Right), &labels));
    Ended::Well
}

fn mermaid(picture: &Picture) -> String {
    let text = |text: &str| text.replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;");
    let mut out = String::from("flowchart LR\n");
    for (i, node) in picture.nodes.iter().enumerate() {
        let (open, close) = match node.shape {
            Kind::Process => ("[\"", "\"]"),
            Kind::Split => ("[/\"", "\"/]"),
            Kind::Aggregation => ("[\\\"", "\"\\]"),
            Kind::Chart => ("([\"", "\"])"),
        };
        let _ = writeln!(out, "  n{i}{open}{}{close}", text(&node.label));
    }
    for (from, to) in &picture.edges {
        let _ = writeln!(out, "  n{from} --> n{to}");
    }
    out
}

fn as_json(picture: &Picture) -> serde_json::Value {
    let node = |node: &Node| json!({"id": node.id, "label": node.label, "kind": node.shape.name(), "instances": node.count});
    let edge =
        |(from, to): &(usize, usize)| json!({"from": picture.nodes[*from].id, "to": picture.nodes[*to].id});
    json!({
        "nodes": picture.nodes.iter().map(node).collect::<Vec<_>>(),
        "edges": picture.edges.iter().map(edge).collect::<Vec<_>>(),
    })
}
