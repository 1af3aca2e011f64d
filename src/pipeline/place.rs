//! The place of each process in the pipeline: its position in the order, and its layers.

use super::layers::{self, Unrelated};
use super::model::{Closes, Layer, LayerId, ProcessId, Stacks};
use super::{order, settings};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported, codes};
use crate::source::Spanned;
use crate::syntax::{Config, ProcessConfig};

/// What is known of the processes before any is placed; each list but `layers` has one entry for each process.
pub(super) struct Edges {
    /// What each process depends on; empty for a chart.
    pub(super) upstreams: Vec<Vec<ProcessId>>,
    /// The layer that each process opens.
    pub(super) opens: Vec<Option<LayerId>>,
    /// The layers.
    pub(super) layers: Vec<Layer>,
}

impl Edges {
    /// The layers that the outputs of a process are in: its own and the one that it opens.
    fn outlet(&self, id: ProcessId, stacks: &Stacks) -> Stacks {
        let mut outlet = stacks.clone();
        match self.opens[id.0] {
            Some(layer) if self.layers[layer.0].is_data() => outlet.data.push(layer),
            Some(layer) => outlet.seed.push(layer),
            None => {}
        }
        outlet
    }
}

/// The place of each process.
pub(super) struct Placement {
    /// All processes, each after its upstreams.
    pub(super) order: Vec<ProcessId>,
    /// The layers of each process, and those that it closes.
    pub(super) places: Vec<(Stacks, Closes)>,
}

/// Places every process, upstreams first. Downstream of an error nothing is known, and nothing is reported.
pub(super) fn place(edges: &Edges, config: &Config, sink: &mut Diagnostics) -> Result<Placement, Reported> {
    let order = order::order(&edges.upstreams).map_err(|cycle| sink.error(cyclic(&cycle, config)))?;
    let mut places: Vec<Option<(Stacks, Closes)>> = vec![None; edges.upstreams.len()];
    for id in &order {
        let outlet =
            |up: &ProcessId| places[up.0].as_ref().map(|(stacks, _)| (*up, edges.outlet(*up, stacks)));
        let Some(outlets) = edges.upstreams[id.0].iter().map(outlet).collect::<Option<Vec<_>>>() else {
            continue;
        };
        let written = &config.processes[id.0];
        let flag = |flag: &Option<Spanned<bool>>| flag.as_ref().is_some_and(|flag| flag.value);
        let close = (flag(&written.data_aggregation), flag(&written.seed_aggregation));
        match layers::place(&outlets, close) {
            Ok((stacks, closes)) => {
                unclosed(
                    written,
                    (close.0 && closes.data.is_none(), close.1 && closes.seed.is_none()),
                    config,
                    sink,
                );
                settings::at_least(written, &closes, &edges.layers, config, sink);
                places[id.0] = Some((stacks, closes));
            }
            Err(found) => found.iter().for_each(|pair| sink.push(unrelated(edges, *id, pair, config))),
        }
    }
    let places: Option<Vec<_>> = places.into_iter().collect();
    sink.unless_errors(())?;
    Ok(Placement { order, places: places.unwrap_or_default() })
}

fn cyclic(cycle: &[ProcessId], config: &Config) -> Diagnostic {
    /// At most this many names of a cycle are shown.
    const SHOWN: usize = 20;
    let name = |id: &ProcessId| config.processes[id.0].name.value.as_str();
    let (first, last) = (cycle[0], cycle[cycle.len() - 1]);
    let mut names: Vec<_> = cycle.iter().take(SHOWN).map(name).collect();
    let more = format!("{} more", cycle.len().saturating_sub(SHOWN));
    if cycle.len() > SHOWN {
        names.push(&more);
    }
    names.push(name(&first));
    let error = Diagnostic::new(&codes::CYCLE, format!("the pipeline has a cycle: {}", names.join(" -> ")));
    // The edge that leads back to the first process is the one most likely not intended.
    let edge = config.edges.iter().find(|(from, to)| from.value == name(&last) && to.value == name(&first));
    let span = edge.map_or(config.processes[first.0].name.span, |(_, to)| to.span);
    let error = error.at(&config.source, span, format!("leads back to `{}`", name(&first)));
    error.help("remove one of these edges from `process_adjlist`")
}

fn unclosed(written: &ProcessConfig, without: (bool, bool), config: &Config, sink: &mut Diagnostics) {
    // A layer may be missing because of an error that has been reported already.
    if sink.has_errors() {
        return;
    }
    // So has a split with such a flag.
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

fn unrelated(edges: &Edges, id: ProcessId, pair: &Unrelated, config: &Config) -> Diagnostic {
    let name = |id: ProcessId| config.processes[id.0].name.value.as_str();
    let span = |id: ProcessId| config.processes[id.0].name.span;
    let [first, second] = pair.layers.map(|layer| &edges.layers[layer.0]);
    let [left, right] = pair.upstreams.map(name);
    let (flag, arm) =
        if first.is_data() { ("data_aggregation", "partition") } else { ("seed_aggregation", "seed") };
    let (split_1, split_2, here) = (name(first.split), name(second.split), name(id));
    let message = format!("`{here}` joins `{left}` and `{right}`, which live in two unrelated splits");
    Diagnostic::new(&codes::UNRELATED_LAYERS, message)
        .at(&config.source, span(id), format!("no telling which {arm} belongs to which"))
        .at(&config.source, span(first.split), format!("`{left}` is split here"))
        .at(&config.source, span(second.split), format!("`{right}` is split here"))
        .help(format!(
            "close one of them first: put a process with `{flag}: true` between `{left}` and `{here}` \
             (it closes the layer of `{split_1}`), or between `{right}` and `{here}` (for `{split_2}`)"
        ))
}
