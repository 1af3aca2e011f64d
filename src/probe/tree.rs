//! The pipeline as the tree that probe paths and queries see: a root `pipeline`, which has for each instance one
//! `process` element for each of its layers (named after the split, with `partition` or `seed`), inside these the
//! `process` itself, and inside that its steps.

use std::collections::BTreeMap;

use crate::graph::{Address, Coordinate, Graph};
use crate::name;
use crate::pipeline::{LayerId, ProcessId};
use crate::xpath::{Builder, Document, NodeId, NodeKind};

/// The steps of each process, by name.
pub(crate) type Steps = BTreeMap<ProcessId, Vec<String>>;

/// The tree, and the meaning of its elements.
pub(crate) struct Tree {
    /// The elements.
    pub document: Document,
    /// The meaning of each `process` and `step` element, by its position in document order.
    meanings: BTreeMap<NodeId, Selected>,
}

/// What an element means.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Selected {
    /// The instance.
    pub instance: Address,
    /// The step, if it is one.
    pub step: Option<String>,
}

impl Tree {
    /// The tree of an expanded pipeline.
    pub(crate) fn new(graph: Graph<'_>, steps: &Steps) -> Self {
        let mut builder = Builder::new();
        let mut meanings = BTreeMap::new();
        builder.open("pipeline");
        for (id, process) in graph.pipeline.iter() {
            for instance in graph.instances(id) {
                let layers = open_layers(&mut builder, graph, &instance);
                let known = layers.iter().filter_map(|(layer, split)| Some((*layer, split.clone()?)));
                meanings.extend(known);
                let element = builder.open("process");
                builder.attribute("name", &process.name);
                meanings.insert(element, Selected { instance: instance.clone(), step: None });
                for step in steps.get(&id).into_iter().flatten() {
                    let element = builder.open("step");
                    builder.attribute("name", step);
                    meanings
                        .insert(element, Selected { instance: instance.clone(), step: Some(step.clone()) });
                    builder.close();
                }
                (0..=layers.len()).for_each(|_| builder.close());
            }
        }
        builder.close();
        Self { document: builder.finish(), meanings }
    }

    /// The names of the steps in the tree, in document order, with repetitions.
    pub(super) fn step_names(&self) -> impl Iterator<Item = String> + '_ {
        self.meanings.values().filter_map(|selected| selected.step.clone())
    }

    /// The meaning of a node; an attribute means its element. The root means nothing.
    pub(crate) fn meaning(&self, node: NodeId) -> Option<&Selected> {
        match self.document.kind(node) {
            NodeKind::Attribute => self.document.parent(node).and_then(|owner| self.meanings.get(&owner)),
            _ => self.meanings.get(&node),
        }
    }
}

/// Opens an element for each layer that an instance is in. Each means the instance of the split that it is named after,
/// unless the split is in a layer that the instance is no longer in: then several have opened it.
fn open_layers(
    builder: &mut Builder,
    graph: Graph<'_>,
    instance: &Address,
) -> Vec<(NodeId, Option<Selected>)> {
    let place = &graph.pipeline.process(instance.process).place;
    let data = place.data.iter().zip(&instance.at.data);
    let layers = data.chain(place.seed.iter().zip(&instance.at.seed));
    let open = |(layer, arm): (&LayerId, &usize)| {
        let (split, arm) = (graph.pipeline.layer(*layer).split, graph.pipeline.layer(*layer).arm(*arm));
        let element = builder.open("process");
        builder.attribute("name", &graph.pipeline.process(split).name);
        let (attribute, value) = name::attribute(arm);
        builder.attribute(attribute, &value);
        let split = split_of(graph, split, &instance.at);
        (element, split.map(|instance| Selected { instance, step: None }))
    };
    layers.map(open).collect()
}

/// The instance of a split that opened a layer, as seen from a coordinate inside that layer.
fn split_of(graph: Graph<'_>, split: ProcessId, inside: &Coordinate) -> Option<Address> {
    let place = &graph.pipeline.process(split).place;
    let data = inside.data.get(..place.data.len())?.to_vec();
    let seed = inside.seed.get(..place.seed.len())?.to_vec();
    Some(Address { process: split, at: Coordinate { data, seed } })
}
