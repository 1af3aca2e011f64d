//! Which instances and steps an expression selects: for the charts, which plot them, and for queries.

mod failing;
mod tree;

use std::collections::{BTreeMap, HashSet};

use crate::diagnostic::{Diagnostic, Diagnostics, codes, list, nearest};
use crate::graph::{Address, Graph};
use crate::name;
use crate::pipeline::{Chart, ProcessId};
use crate::source::{Span, Spanned};
use crate::syntax::place_in;
use crate::xpath::{self, Value};

pub(crate) use tree::{Selected, Steps, Tree};

/// What the probe paths of all charts select.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    by_chart: BTreeMap<ProcessId, Vec<Resolved>>,
}

/// One thing that a chart plots.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Resolved {
    /// The key under which the chart finds it.
    pub key: String,
    /// The instance.
    pub instance: Address,
    /// The step, if one is selected.
    pub step: Option<String>,
    /// Another name for it, if a probe path selects several: `fit`, `fit__2`.
    pub alias: Option<String>,
}

impl Probes {
    /// What the chart `process` plots; `None` if it is not a chart.
    pub(crate) fn of(&self, process: ProcessId) -> Option<&[Resolved]> {
        self.by_chart.get(&process).map(Vec::as_slice)
    }
}

/// Why an expression selects nothing usable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unusable {
    /// It is not XPath, or cannot be evaluated.
    Syntax {
        /// The place in the expression.
        span: Span,
        /// What is wrong.
        message: String,
        /// What to write.
        help: Option<String>,
    },
    /// It has this value, which is not a node set.
    NotNodes(Value),
    /// It matches nothing.
    Nothing {
        /// The step that selects nothing, if it is a path.
        span: Option<Span>,
        /// What there is instead.
        advice: String,
    },
}

/// What `expression` selects: the plain name of a process, or XPath over `tree`. In document order, without duplicates.
pub(crate) fn select(expression: &str, graph: Graph<'_>, tree: &Tree) -> Result<Vec<Selected>, Unusable> {
    if let Some(process) = graph.pipeline.find(expression) {
        return Ok(graph.instances(process).map(|instance| Selected { instance, step: None }).collect());
    }
    let syntax = |span, message, help| Unusable::Syntax { span, message, help };
    let parsed = xpath::parse(expression).map_err(|e| syntax(e.span, e.message, e.help))?;
    let value = xpath::evaluate(&parsed, &tree.document, tree.document.root());
    let nodes = match value.map_err(|e| syntax(e.span, e.message, e.help))? {
        Value::NodeSet(nodes) => nodes,
        other => return Err(Unusable::NotNodes(other)),
    };
    let mut seen = HashSet::new();
    let meanings = nodes.into_iter().filter_map(|node| tree.meaning(node));
    let selected: Vec<_> = meanings.filter(|meaning| seen.insert((*meaning).clone())).cloned().collect();
    if selected.is_empty() { Err(nothing(expression, graph, tree)) } else { Ok(selected) }
}

fn nothing(expression: &str, graph: Graph<'_>, tree: &Tree) -> Unusable {
    let failing = failing::find(expression, tree);
    let near = near(expression, graph, tree);
    let there = failing.as_ref().map(|failing| failing.there.as_slice()).unwrap_or_default();
    let told = || list(there.iter().map(String::as_str));
    let known = || format!("the pipeline has {}", list(names(graph, tree).iter().map(String::as_str)));
    let advice = match (near, there.len()) {
        (Some(near), 0) => near,
        (None, 0) => known(),
        (near, count) => {
            let verb = if count == 1 { "is" } else { "are" };
            let near =
                near.map(|near| near + " At this step there ").unwrap_or("at this step there ".to_owned());
            format!("{near}{verb} {}", told())
        }
    };
    Unusable::Nothing { span: failing.map(|failing| failing.span), advice }
}

/// The names closest to those in an expression that matches nothing.
fn near(expression: &str, graph: Graph<'_>, tree: &Tree) -> Option<String> {
    let known = names(graph, tree);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let quoted = literals(expression);
    let words = if quoted.is_empty() { vec![expression] } else { quoted };
    let near: Vec<&str> = words
        .iter()
        .filter(|word| !known.contains(word) && word.parse::<u64>().is_err())
        .filter_map(|word| nearest(word, known.iter().copied()))
        .collect();
    (!near.is_empty()).then(|| format!("did you mean {}?", list(near)))
}

/// Every name, partition and seed in the tree, once.
fn names(graph: Graph<'_>, tree: &Tree) -> Vec<String> {
    let mut names: Vec<String> =
        graph.pipeline.processes.iter().map(|process| process.name.clone()).collect();
    for layer in &graph.pipeline.layers {
        names.extend((0..layer.len().min(1_000)).map(|arm| name::attribute(layer.arm(arm)).1));
    }
    names.extend(tree.step_names());
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// The string literals of an expression.
fn literals(expression: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(['\'', '"']) {
        let quote = &rest[start..=start];
        let inside = &rest[start + 1..];
        let Some(end) = inside.find(quote) else { break };
        found.push(&inside[..end]);
        rest = &inside[end + 1..];
    }
    found
}

/// Resolves the probe paths of every chart. Problems go to `sink`, with their place in the project file.
pub(crate) fn resolve(graph: Graph<'_>, steps: &Steps, sink: &mut Diagnostics) -> Probes {
    let mut probes = Probes::default();
    let charts = graph.pipeline.iter().filter_map(|(id, process)| Some((id, process.chart.as_ref()?)));
    let charts: Vec<_> = charts.collect();
    if charts.is_empty() {
        return probes;
    }
    let tree = Tree::new(graph, steps);
    for (id, chart) in charts {
        probes.by_chart.insert(id, plotted(chart, graph, &tree, sink));
    }
    probes
}

/// What one chart plots. Charts log no metrics, so none of them is plotted, least of all the chart itself.
fn plotted(chart: &Chart, graph: Graph<'_>, tree: &Tree, sink: &mut Diagnostics) -> Vec<Resolved> {
    let mut all: Vec<Resolved> = Vec::new();
    let mut seen = HashSet::new();
    for (key, path) in &chart.probes {
        let selected = select(&path.value, graph, tree).and_then(|selected| without_charts(selected, graph));
        match selected {
            Err(unusable) => {
                sink.error_by(|| diagnostic(&unusable, path, graph));
            }
            Ok(selected) => {
                let single = selected.len() == 1;
                let resolved = selected.into_iter().map(|one| Resolved {
                    key: if single { key.value.clone() } else { canonical(graph, &one) },
                    alias: (!single).then(String::new),
                    instance: one.instance,
                    step: one.step,
                });
                resolved.for_each(|one| {
                    if seen.insert(one.clone()) {
                        all.push(one)
                    }
                });
            }
        }
    }
    name_aliases(&mut all, graph);
    all
}

/// Gives each of several selected ones the name that existing charts look for: the process's for the first in document
/// order, `NAME__2`, `NAME__3` for the others.
fn name_aliases(all: &mut [Resolved], graph: Graph<'_>) {
    let mut order: Vec<usize> = (0..all.len()).filter(|i| all[*i].alias.is_some()).collect();
    order.sort_by(|a, b| all[*a].instance.cmp(&all[*b].instance));
    let mut counts: BTreeMap<ProcessId, usize> = BTreeMap::new();
    for i in order {
        let process = all[i].instance.process;
        let count = counts.entry(process).or_default();
        *count += 1;
        let name = &graph.pipeline.process(process).name;
        all[i].alias = Some(if *count == 1 { name.clone() } else { format!("{name}__{count}") });
    }
}

fn without_charts(mut selected: Vec<Selected>, graph: Graph<'_>) -> Result<Vec<Selected>, Unusable> {
    selected.retain(|one| graph.pipeline.process(one.instance.process).chart.is_none());
    let advice = "it selects charts only, and they log no metrics".to_owned();
    let nothing = || Unusable::Nothing { span: None, advice };
    if selected.is_empty() { Err(nothing()) } else { Ok(selected) }
}

/// The canonical path of a selected instance or step.
pub(crate) fn canonical(graph: Graph<'_>, selected: &Selected) -> String {
    let process = &graph.pipeline.process(selected.instance.process).name;
    let arms = graph.arms(&selected.instance);
    match &selected.step {
        None => name::canonical(process, &arms),
        Some(step) => name::canonical_step(process, &arms, step),
    }
}

fn diagnostic(unusable: &Unusable, path: &Spanned<String>, graph: Graph<'_>) -> Diagnostic {
    let source = &graph.pipeline.source;
    match unusable {
        Unusable::Syntax { span, message, help } => {
            let place = place_in(source, path, *span);
            let error = Diagnostic::new(&codes::PROBE_SYNTAX, message.clone()).at(source, place, "here");
            match help {
                Some(help) => error.help(help.clone()),
                None => error,
            }
        }
        Unusable::NotNodes(value) => {
            let message = format!("`{}` selects no nodes: its value is {}", path.value, described(value));
            let error = Diagnostic::new(&codes::PROBE_TYPE, message).at(source, path.span, "not a node set");
            error.help("write a path such as `//*[@name='train']`")
        }
        Unusable::Nothing { span, advice } => {
            let message = format!("`{}` matches nothing", path.value);
            let error = Diagnostic::new(&codes::PROBE_EMPTY, message);
            let error = match span {
                Some(span) => error.at(source, place_in(source, path, *span), "this step selects nothing"),
                None => error.at(source, path.span, "no instance and no step"),
            };
            error.help(advice.clone())
        }
    }
}

/// A value that is not a node set, for people.
pub(crate) fn described(value: &Value) -> String {
    match value {
        Value::NodeSet(nodes) => format!("{} nodes", nodes.len()),
        Value::Boolean(value) => format!("the truth value {value}"),
        Value::Number(value) => format!("the number {value}"),
        Value::String(value) => format!("the string \"{value}\""),
    }
}
