//! Random pipelines, checked against a slow but obvious enumeration: an instance is a mapping from splits to arms, and
//! joining upstreams yields every union of their mappings without contradictions.

use std::collections::{BTreeMap, BTreeSet};

use super::{Address, Graph, expand};
use crate::diagnostic::{Diagnostics, codes};
use crate::pipeline::{self, Pipeline};
use crate::script::Library;
use crate::source::Source;
use crate::syntax;
use proptest::prelude::*;

/// A randomly drawn process.
#[derive(Clone, Debug)]
struct Drawn {
    upstreams: BTreeSet<usize>,
    split: Option<Split>,
    closes_data: bool,
    closes_seed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Split {
    Data(usize),
    Seed(usize),
}

/// Seeds, deliberately unsorted.
const SEEDS: [u64; 3] = [41, 7, 100];

/// At most this many splits, so that the enumeration terminates.
const MOST_SPLITS: usize = 4;

fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    let split = prop_oneof![
        4 => Just(None),
        2 => (1..=3usize).prop_map(|n| Some(Split::Data(n))),
        2 => (1..=3usize).prop_map(|n| Some(Split::Seed(n))),
    ];
    let process = (proptest::collection::btree_set(0..8usize, 0..3), split, 0..6u8, 0..6u8);
    proptest::collection::vec(process, 1..9).prop_map(|list| {
        let mut splits = 0;
        let with_index = list.into_iter().enumerate();
        with_index
            .map(|(i, (back, split, closes_data, closes_seed))| {
                splits += usize::from(split.is_some());
                let split = split.filter(|_| splits <= MOST_SPLITS);
                Drawn {
                    upstreams: back.into_iter().filter(|b| *b < i).map(|b| i - 1 - b).collect(),
                    closes_data: closes_data < 2 && !matches!(split, Some(Split::Data(_))),
                    closes_seed: closes_seed < 2 && !matches!(split, Some(Split::Seed(_))),
                    split,
                }
            })
            .collect()
    })
}

/// The project file, with the processes listed in reverse, so that their order has to be found.
fn yaml(drawn: &[Drawn]) -> String {
    let mut text = String::from("pipeline:\n  process_adjlist: |\n");
    for (i, process) in drawn.iter().enumerate() {
        text += &format!("    n{i}\n");
        process.upstreams.iter().for_each(|up| text += &format!("    n{up} n{i}\n"));
    }
    text += "  processes:\n";
    for (i, process) in drawn.iter().enumerate().rev() {
        text += &format!("    - name: n{i}\n      command: 'true'\n");
        match process.split {
            Some(Split::Data(n)) => text += &format!("      data_parallelism: {{size: {n}, data_name: d}}\n"),
            Some(Split::Seed(n)) => {
                text += &format!("      seed_parallelism: {{seeds: {:?}}}\n", &SEEDS[..n])
            }
            None => {}
        }
        text += &format!("      data_aggregation: {}\n", process.closes_data);
        text += &format!("      seed_aggregation: {}\n", process.closes_seed);
    }
    text
}

/// The arm of each split, by the split's number.
type At = BTreeMap<usize, usize>;

/// Splits, outermost first.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stacks {
    data: Vec<usize>,
    seed: Vec<usize>,
}

/// The oracle.
struct Oracle<'d>(&'d [Drawn]);

impl Oracle<'_> {
    /// The layers around the outputs of a process; `None` if something above it does not join.
    fn around_outputs(&self, i: usize) -> Option<Stacks> {
        let mut stacks = self.around(i)?;
        match self.0[i].split {
            Some(Split::Data(_)) => stacks.data.push(i),
            Some(Split::Seed(_)) => stacks.seed.push(i),
            None => {}
        }
        Some(stacks)
    }

    /// The layers that a process lives in.
    fn around(&self, i: usize) -> Option<Stacks> {
        let mut stacks = self.joined(i)?;
        if self.0[i].closes_data {
            stacks.data.pop();
        }
        if self.0[i].closes_seed {
            stacks.seed.pop();
        }
        Some(stacks)
    }

    /// The layers around all its inputs.
    fn joined(&self, i: usize) -> Option<Stacks> {
        let mut joined = Stacks::default();
        for up in &self.0[i].upstreams {
            let up = self.around_outputs(*up)?;
            joined = Stacks { data: longer(&joined.data, &up.data)?, seed: longer(&joined.seed, &up.seed)? };
        }
        Some(joined)
    }

    /// The processes whose upstreams are each fine, but do not join.
    fn unrelated(&self) -> BTreeSet<String> {
        let is_to_blame = |i: &usize| {
            let ups = &self.0[*i].upstreams;
            ups.iter().all(|up| self.around_outputs(*up).is_some()) && self.joined(*i).is_none()
        };
        (0..self.0.len()).filter(is_to_blame).map(|i| format!("n{i}")).collect()
    }

    /// The number of flags that close nothing.
    fn idle_flags(&self) -> usize {
        let idle = |(i, process): (usize, &Drawn)| {
            let Some(joined) = self.joined(i) else { return 0 };
            usize::from(process.closes_data && joined.data.is_empty())
                + usize::from(process.closes_seed && joined.seed.is_empty())
        };
        self.0.iter().enumerate().map(idle).sum()
    }

    fn arms(&self, split: usize) -> usize {
        match self.0[split].split {
            Some(Split::Data(n) | Split::Seed(n)) => n,
            None => unreachable!("n{split} is no split"),
        }
    }

    fn instances(&self, i: usize) -> BTreeSet<At> {
        let mut all = BTreeSet::from([At::new()]);
        for up in &self.0[i].upstreams {
            let outputs = self.outputs(*up);
            all = all.iter().flat_map(|a| outputs.iter().filter_map(|b| union(a, b))).collect();
        }
        let around = self.around(i).unwrap();
        let is_kept = |split: &usize| around.data.contains(split) || around.seed.contains(split);
        all.into_iter().map(|at| at.into_iter().filter(|(split, _)| is_kept(split)).collect()).collect()
    }

    fn outputs(&self, i: usize) -> BTreeSet<At> {
        let instances = self.instances(i);
        if self.0[i].split.is_none() {
            return instances;
        }
        let with = |at: &At, arm| at.iter().map(|(k, v)| (*k, *v)).chain([(i, arm)]).collect();
        instances.iter().flat_map(|at| (0..self.arms(i)).map(move |arm| with(at, arm))).collect()
    }

    /// What an instance takes from `up`: everything that does not contradict its own arms.
    fn inputs(&self, at: &At, up: usize) -> BTreeSet<At> {
        self.outputs(up).into_iter().filter(|other| union(at, other).is_some()).collect()
    }

    fn arm(&self, at: &At, split: usize) -> String {
        match self.0[split].split {
            Some(Split::Seed(_)) => SEEDS[at[&split]].to_string(),
            _ => format!("p{}", at[&split] + 1),
        }
    }

    fn path(&self, i: usize, at: &At, stacks: &Stacks) -> String {
        let data = stacks.data.iter().map(|split| format!("*[@partition='{}']/", self.arm(at, *split)));
        let seed = stacks.seed.iter().map(|split| format!("*[@seed='{}']/", self.arm(at, *split)));
        format!("//{}process[@name='n{i}']", data.chain(seed).collect::<String>())
    }

    fn label(&self, i: usize, at: &At, stacks: &Stacks) -> String {
        let data: Vec<_> = stacks.data.iter().map(|split| self.arm(at, *split)).collect();
        let seed: Vec<_> = stacks.seed.iter().map(|split| format!("s{}", self.arm(at, *split))).collect();
        let words = [format!("n{i}"), data.join("."), seed.join(".")];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// The longer of two lists, if the other is its prefix.
fn longer(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    long.starts_with(short).then(|| long.to_vec())
}

fn union(a: &At, b: &At) -> Option<At> {
    let agrees = a.iter().all(|(split, arm)| b.get(split).is_none_or(|other| other == arm));
    agrees.then(|| a.iter().chain(b).map(|(k, v)| (*k, *v)).collect())
}

/// Sorts as instances and inputs are sorted: by their arms, in the order of the stacks.
fn sorted(all: BTreeSet<At>, stacks: &Stacks) -> Vec<At> {
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_by_key(|at| stacks.data.iter().chain(&stacks.seed).map(|split| at[split]).collect::<Vec<_>>());
    all
}

fn checked(text: &str, sink: &mut Diagnostics) -> Option<Pipeline> {
    let source = Source::new("expops.yaml", text);
    let config = syntax::parse(&source, sink).expect("the text is well-formed");
    let mut library = Library::new("".into(), Vec::new());
    pipeline::check(&config, "".into(), &mut library, pipeline::Missing::Ignored, sink).ok()
}

/// The processes that E304 blames.
fn blamed(sink: &Diagnostics) -> BTreeSet<String> {
    let unrelated = sink.sorted().into_iter().filter(|d| d.code.id == codes::UNRELATED_LAYERS.id);
    unrelated.map(|d| d.message.split('`').nth(1).unwrap().to_owned()).collect()
}

fn compare(graph: Graph<'_>, oracle: &Oracle<'_>, i: usize) -> Result<(), TestCaseError> {
    let id = graph.pipeline.find(&format!("n{i}")).unwrap();
    let stacks = oracle.around(i).unwrap();
    let outer = oracle.around_outputs(i).unwrap();
    let expected = sorted(oracle.instances(i), &stacks);
    let actual: Vec<_> = graph.instances(id).collect();
    prop_assert_eq!(actual.len(), expected.len(), "instances of n{}", i);
    for (instance, at) in actual.iter().zip(&expected) {
        prop_assert_eq!(graph.path(instance), oracle.path(i, at, &stacks));
        prop_assert_eq!(graph.label(instance), oracle.label(i, at, &stacks));
        let arms = |list: &[usize]| list.iter().map(|split| at[split]).collect::<Vec<_>>();
        prop_assert_eq!(&instance.at.data, &arms(&stacks.data));
        prop_assert_eq!(&instance.at.seed, &arms(&stacks.seed));
        let own = |other: &At| union(at, other).is_some();
        let outputs = sorted(oracle.outputs(i).into_iter().filter(own).collect(), &outer);
        let found: Vec<_> = graph.outlets(instance).iter().map(|outlet| graph.path(outlet)).collect();
        prop_assert_eq!(found, outputs.iter().map(|at| oracle.path(i, at, &outer)).collect::<Vec<_>>());
        compare_inputs(graph, oracle, instance, at)?;
    }
    Ok(())
}

fn compare_inputs(
    graph: Graph<'_>,
    oracle: &Oracle<'_>,
    instance: &Address,
    at: &At,
) -> Result<(), TestCaseError> {
    for edge in graph.edges(instance.process) {
        let name = &graph.pipeline.process(edge.from).name;
        let up: usize = name[1..].parse().unwrap();
        let stacks = oracle.around_outputs(up).unwrap();
        let expected = sorted(oracle.inputs(at, up), &stacks);
        let expected: Vec<_> = expected.iter().map(|at| oracle.path(up, at, &stacks)).collect();
        let actual: Vec<_> = graph.inputs(instance, &edge).iter().map(|input| graph.path(input)).collect();
        prop_assert_eq!(actual, expected, "inputs of {} from {}", graph.path(instance), name);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn expansion_is_what_the_enumeration_says(drawn in drawn()) {
        let text = yaml(&drawn);
        let oracle = Oracle(&drawn);
        let mut sink = Diagnostics::new();
        let pipeline = checked(&text, &mut sink);
        prop_assert_eq!(blamed(&sink), oracle.unrelated(), "{}", text);
        let idle = sink.sorted().iter().filter(|d| d.code.id == codes::NOTHING_TO_CLOSE.id).count();
        // What follows from an error is not said.
        let is_said = if blamed(&sink).is_empty() { idle == oracle.idle_flags() } else { idle <= oracle.idle_flags() };
        prop_assert!(is_said, "{} of {}: {}", idle, oracle.idle_flags(), text);
        prop_assert_eq!(pipeline.is_some(), oracle.unrelated().is_empty(), "{}", text);
        if let Some(pipeline) = pipeline {
            let total: usize = (0..drawn.len()).map(|i| oracle.outputs(i).len()).sum();
            let total = u64::try_from(total).unwrap();
            prop_assert!(expand(&pipeline, total - 1, &mut Diagnostics::new()).is_err());
            let graph = expand(&pipeline, total, &mut sink).unwrap();
            for i in 0..drawn.len() {
                compare(graph, &oracle, i)?;
            }
        }
    }
}
