//! `expops graph`: the pipeline as a picture or as data.

use std::fmt::Write as _;

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::ended::Ended;
use super::look::look;
use crate::driver::Checked;
use crate::graph::{Address, Graph};
use crate::pipeline::ProcessId;
use crate::probe::{Probes, Tree};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops graph | dot -Tsvg > pipeline.svg
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
        FormatName::Json => println!("{:#}", as_json(&picture())),
        FormatName::Xml => println!("{}", Tree::new(graph, &checked.steps).document.to_xml()),
    }
    Ended::Well
}

/// What is drawn: nodes with ids and labels, and edges between positions of nodes.
struct Picture {
    nodes: Vec<Node>,
    edges: Vec<(usize, usize)>,
}

struct Node {
    id: String,
    label: String,
    shape: Shape,
    count: usize,
}

#[derive(Clone, Copy)]
enum Shape {
    Process,
    Split,
    Aggregation,
    Chart,
}

impl Shape {
    fn of(graph: Graph<'_>, id: ProcessId) -> Self {
        let process = graph.pipeline.process(id);
        match (&process.chart, process.opens, process.closes.data.or(process.closes.seed)) {
            (Some(_), _, _) => Self::Chart,
            (None, Some(_), _) => Self::Split,
            (None, None, Some(_)) => Self::Aggregation,
            (None, None, None) => Self::Process,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Split => "split",
            Self::Aggregation => "aggregation",
            Self::Chart => "chart",
        }
    }
}

/// One node for each process.
fn collapsed(checked: &Checked, graph: Graph<'_>, probes: &Probes) -> Picture {
    let node = |(id, process): (ProcessId, &crate::pipeline::Process)| {
        let count = graph.instances(id).len();
        let label = if count == 1 { process.name.clone() } else { format!("{} ×{count}", process.name) };
        Node { id: process.name.clone(), label, shape: Shape::of(graph, id), count }
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
        shape: Shape::of(graph, instance.process),
        count: 1,
    };
    Picture { nodes: instances.iter().map(node).collect(), edges }
}

/// The instance that makes an output: of an arm of a split, the split.
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
    for node in &picture.nodes {
        let shape = match node.shape {
            Shape::Process => "",
            Shape::Split => ", shape=trapezium, orientation=270",
            Shape::Aggregation => ", shape=trapezium, orientation=90",
            Shape::Chart => ", shape=note",
        };
        let _ = writeln!(out, "  {} [label={}{shape}];", quote(&node.id), quote(&node.label));
    }
    for (from, to) in &picture.edges {
        let _ = writeln!(out, "  {} -> {};", quote(&picture.nodes[*from].id), quote(&picture.nodes[*to].id));
    }
    out + "}\n"
}

fn mermaid(picture: &Picture) -> String {
    let text = |text: &str| text.replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;");
    let mut out = String::from("flowchart LR\n");
    for (i, node) in picture.nodes.iter().enumerate() {
        let (open, close) = match node.shape {
            Shape::Process => ("[\"", "\"]"),
            Shape::Split => ("[/\"", "\"/]"),
            Shape::Aggregation => ("[\\\"", "\"\\]"),
            Shape::Chart => ("([\"", "\"])"),
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
