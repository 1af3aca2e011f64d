//! The expanded pipeline: one instance of each process per coordinate of the layers that it lives in. Nothing is stored
//! per instance: the instances of a process are numbered, and a coordinate is that number in the mixed base of its
//! layers' sizes, so a million of them take no memory.

use crate::arm::Arm;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported, codes};
use crate::name;
use crate::pipeline::{LayerId, Pipeline, ProcessId, Stacks};

/// The outputs of a process at one coordinate: those of an instance, or of one arm of a split.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Address {
    /// The process.
    pub process: ProcessId,
    /// Its coordinate.
    pub at: Coordinate,
}

/// The arm of each layer, counted from 0, outermost first: the data layers, then the seed layers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Coordinate {
    /// Arms of the data layers.
    pub data: Vec<usize>,
    /// Arms of the seed layers.
    pub seed: Vec<usize>,
}

/// How the inputs that a process takes from one upstream follow from its own coordinate: the arms of the outer layers
/// that both share, and every arm of the layers that the process closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    /// The upstream.
    pub from: ProcessId,
    /// How many of the consumer's data arms the upstream has as well.
    pub data: usize,
    /// How many of the consumer's seed arms it has as well.
    pub seed: usize,
    /// The data layer whose arms are gathered.
    pub gather_data: Option<LayerId>,
    /// The seed layer whose arms are gathered.
    pub gather_seed: Option<LayerId>,
}

/// The expanded pipeline.
#[derive(Clone, Copy)]
pub(crate) struct Graph<'p> {
    /// The pipeline that was expanded.
    pub pipeline: &'p Pipeline,
}

/// Expands a pipeline, unless that results in more than `limit` instances and partitions.
pub(crate) fn expand<'p>(
    pipeline: &'p Pipeline,
    limit: u64,
    sink: &mut Diagnostics,
) -> Result<Graph<'p>, Reported> {
    let mut total: u64 = 0;
    for id in &pipeline.order {
        let process = pipeline.process(*id);
        let outlet = process.outlet(&pipeline.layers);
        let sizes = outlet.data.iter().chain(&outlet.seed).map(|id| pipeline.layer(*id).len() as u64);
        total = total.saturating_add(sizes.fold(1, u64::saturating_mul));
        if total > limit {
            let message = format!("the pipeline has more than {limit} instances");
            let error = Diagnostic::new(&codes::TOO_MANY_INSTANCES, message)
                .at(&pipeline.source, process.span, format!("with this process there are {total}"))
                .help(format!("make the layers smaller, or allow it: `--max-instances {total}`"));
            return Err(sink.error(error));
        }
    }
    Ok(Graph { pipeline })
}

impl<'p> Graph<'p> {
    /// The instances of a process, in the order of their coordinates.
    pub(crate) fn instances(self, process: ProcessId) -> impl ExactSizeIterator<Item = Address> + use<'p> {
        let place = &self.pipeline.process(process).place;
        (0..self.size(place)).map(move |index| Address { process, at: self.coordinate(place, index) })
    }

    /// What an instance makes that has its own stamp: the instance itself, or every arm that it opens.
    pub(crate) fn outlets(self, instance: &Address) -> Vec<Address> {
        let Some(layer) = self.pipeline.process(instance.process).opens else {
            return vec![instance.clone()];
        };
        let layer = self.pipeline.layer(layer);
        let outlet = |arm| {
            let mut outlet = instance.clone();
            if layer.is_data() {
                outlet.at.data.push(arm)
            } else {
                outlet.at.seed.push(arm)
            }
            outlet
        };
        (0..layer.len()).map(outlet).collect()
    }

    /// One edge for each upstream of a process, in their order.
    pub(crate) fn edges(self, process: ProcessId) -> impl Iterator<Item = Edge> + use<'p> {
        let consumer = self.pipeline.process(process);
        consumer.upstreams.iter().map(move |from| {
            let outlet = self.pipeline.process(*from).outlet(&self.pipeline.layers);
            Edge {
                from: *from,
                data: outlet.data.len().min(consumer.place.data.len()),
                seed: outlet.seed.len().min(consumer.place.seed.len()),
                gather_data: outlet.data.get(consumer.place.data.len()).copied(),
                gather_seed: outlet.seed.get(consumer.place.seed.len()).copied(),
            }
        })
    }

    /// What an instance takes through one edge, in the order of partitions, then seeds.
    pub(crate) fn inputs(self, instance: &Address, edge: &Edge) -> Vec<Address> {
        let arms = |layer: Option<LayerId>| match layer {
            Some(id) => (0..self.pipeline.layer(id).len()).map(Some).collect(),
            None => vec![None],
        };
        let (data, seed) = (arms(edge.gather_data), arms(edge.gather_seed));
        let mut inputs = Vec::with_capacity(data.len() * seed.len());
        for data_arm in &data {
            for seed_arm in &seed {
                let at = Coordinate {
                    data: instance.at.data[..edge.data].iter().copied().chain(*data_arm).collect(),
                    seed: instance.at.seed[..edge.seed].iter().copied().chain(*seed_arm).collect(),
                };
                inputs.push(Address { process: edge.from, at });
            }
        }
        inputs
    }

    /// The arms of an address, outermost first: partitions, then seeds.
    pub(crate) fn arms(self, address: &Address) -> Vec<Arm> {
        let process = self.pipeline.process(address.process);
        let opens =
            |is_data| process.opens.iter().filter(move |id| self.pipeline.layer(**id).is_data() == is_data);
        let arm = |(id, arm): (&LayerId, &usize)| self.pipeline.layer(*id).arm(*arm);
        let data = process.place.data.iter().chain(opens(true)).zip(&address.at.data);
        let seed = process.place.seed.iter().chain(opens(false)).zip(&address.at.seed);
        data.chain(seed).map(arm).collect()
    }

    /// The short label of an address for people: `fit p2.p1 s41`.
    pub(crate) fn label(self, address: &Address) -> String {
        name::label(&self.pipeline.process(address.process).name, &self.arms(address))
    }

    /// The canonical path of an address.
    pub(crate) fn path(self, address: &Address) -> String {
        name::canonical(&self.pipeline.process(address.process).name, &self.arms(address))
    }

    fn size(self, place: &Stacks) -> usize {
        place.data.iter().chain(&place.seed).map(|id| self.pipeline.layer(*id).len()).product()
    }

    fn coordinate(self, place: &Stacks, mut index: usize) -> Coordinate {
        let mut digits = Vec::with_capacity(place.data.len() + place.seed.len());
        for id in place.data.iter().chain(&place.seed).rev() {
            let base = self.pipeline.layer(*id).len();
            digits.push(index % base);
            index /= base;
        }
        digits.reverse();
        let seed = digits.split_off(place.data.len());
        Coordinate { data: digits, seed }
    }
}

#[cfg(test)]
#[path = "graph_tests.rs"]
mod tests;
