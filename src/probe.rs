//! Which instances and steps the charts plot.

use std::collections::BTreeMap;

use crate::graph::{Address, Graph};
use crate::pipeline::ProcessId;

/// What the probe paths of all charts select.
#[derive(Debug, Default)]
pub struct Probes {
    by_chart: BTreeMap<ProcessId, Vec<Resolved>>,
}

/// One thing that a chart plots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The key under which the chart finds it.
    pub key: String,
    /// The instance.
    pub instance: Address,
    /// The step, if one is selected.
    pub step: Option<String>,
}

impl Probes {
    /// What the chart `process` plots; `None` if it is no chart.
    pub fn of(&self, process: ProcessId) -> Option<&[Resolved]> {
        self.by_chart.get(&process).map(Vec::as_slice)
    }
}

/// Resolves the probe paths of every chart.
pub fn resolve(graph: Graph<'_>) -> Probes {
    let mut probes = Probes::default();
    for (id, process) in graph.pipeline.iter() {
        let Some(chart) = &process.chart else { continue };
        let mut found = Vec::new();
        for (key, path) in &chart.probes {
            let Some(target) = graph.pipeline.find(&path.value) else { continue };
            let instances: Vec<_> = graph.instances(target).collect();
            let single = instances.len() == 1;
            found.extend(instances.into_iter().map(|instance| Resolved {
                key: if single { key.value.clone() } else { graph.path(&instance) },
                instance,
                step: None,
            }));
        }
        probes.by_chart.insert(id, found);
    }
    probes
}
