//! Collects the inputs of an instance: the values of its upstreams by name.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;

use super::failure::Failure;
use super::ingredient::InputPath;
use super::value::{Node, Value, Values};
use super::vouched;
use crate::arm::Arm;
use crate::diagnostic::{list, nearest};
use crate::layout::Layout;
use crate::plan_file::{PlanFile, Rename, Upstream};

/// What is known to a caller that looks at many instances and runs none.
#[derive(Default)]
pub(crate) struct Lookahead {
    /// The values that instances will have when the cache has given them back, by folder.
    pub values: BTreeMap<Utf8PathBuf, Values>,
    /// Functions of scripts whose code has been looked at, and is what the plan says.
    pub(super) codes: RefCell<BTreeSet<(Utf8PathBuf, String)>>,
}

/// An input and where it comes from.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// The name under which the process gets it.
    pub name: String,
    /// The upstream that made it.
    pub process: String,
    /// The value.
    pub node: Node,
}

/// Everything that the upstreams of the instance with these `arms` hand on.
pub(super) fn collect(
    plan: &PlanFile,
    arms: &[Arm],
    layout: &Layout,
    lookahead: &Lookahead,
) -> Result<Vec<Input>, Failure> {
    let source = &ValueSource { layout, lookahead };
    let (data, seed) = arms.split_at(plan.data_depth.min(arms.len()));
    let mut all = Vec::new();
    for input in &plan.inputs {
        let nodes = gather(input, &data[..input.data_depth], &seed[..input.seed_depth], source)?;
        all.extend(nodes.into_iter().map(|(key, node)| Input {
            name: key,
            process: input.process.clone(),
            node,
        }));
    }
    rename(&mut all, &plan.renames)?;
    let mut kept = without_clashes(all, plan)?;
    if let Some(input) = kept.iter().find(|input| input.name == "random_seed" && !seed.is_empty()) {
        let message =
            format!("`{}` gets `random_seed` from `{}`, below a seed split", plan.process, input.process);
        return Err(Failure::new(message).help("return it under another key: here the seed is the layer's"));
    }
    // Neither the order of the edges nor that in which an upstream fills its dict is to be observed.
    kept.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(kept)
}

/// Where values are found.
struct ValueSource<'a> {
    layout: &'a Layout,
    lookahead: &'a Lookahead,
}

type Keyed = Vec<(String, Node)>;

/// The instances and partitions that one edge reaches from the instance with these arms: their own arms.
pub(super) fn addresses(input: &Upstream, data_depth: usize, arms: &[Arm]) -> Vec<Vec<Arm>> {
    let (data, seed) = arms.split_at(data_depth.min(arms.len()));
    let data = spread(&data[..input.data_depth], input.gather_data.as_deref());
    let seeds = spread(&seed[..input.seed_depth], input.gather_seed.as_deref());
    data.iter().flat_map(|data| seeds.iter().map(|seed| [data.as_slice(), seed].concat())).collect()
}

/// `arms`, or `arms` with each of those that are gathered.
fn spread(arms: &[Arm], gathered: Option<&[Arm]>) -> Vec<Vec<Arm>> {
    match gathered {
        None => vec![arms.to_vec()],
        Some(gathered) => gathered.iter().map(|arm| [arms, &[*arm]].concat()).collect(),
    }
}

/// What comes through one edge: key to value, or to the values of every arm that is gathered.
fn gather(input: &Upstream, data: &[Arm], seed: &[Arm], source: &ValueSource) -> Result<Keyed, Failure> {
    let Some(arms) = &input.gather_data else {
        return gather_seeds(input, data, seed, source);
    };
    let mut labelled = Vec::new();
    for arm in arms {
        let data = [data, std::slice::from_ref(arm)].concat();
        labelled.push((*arm, gather_seeds(input, &data, seed, source)?));
    }
    Ok(by_key(labelled))
}

fn gather_seeds(
    input: &Upstream,
    data: &[Arm],
    seed: &[Arm],
    source: &ValueSource,
) -> Result<Keyed, Failure> {
    let values = |seed: &[Arm]| {
        let folder = source.layout.folder(&Layout::instance(&input.process, &[data, seed].concat()));
        let values = match source.lookahead.values.get(&folder.0) {
            Some(values) => values.clone(),
            None => vouched::made(&folder, source.layout.build())?,
        };
        Ok(values.values.into_iter().map(|value| (value.key.clone(), Node::One(value))).collect())
    };
    let Some(arms) = &input.gather_seed else {
        return values(seed);
    };
    let mut labelled = Vec::new();
    for arm in arms {
        let seed = [seed, std::slice::from_ref(arm)].concat();
        labelled.push((*arm, values(&seed)?));
    }
    Ok(by_key(labelled))
}

/// From arm to keys, to key to arms. A key that only some arms have keeps those.
fn by_key(labelled: Vec<(Arm, Keyed)>) -> Keyed {
    let mut keys: Vec<(String, Vec<(Arm, Node)>)> = Vec::new();
    for (arm, nodes) in labelled {
        for (key, node) in nodes {
            match keys.iter_mut().find(|(other, _)| *other == key) {
                Some((_, list)) => list.push((arm, node)),
                None => keys.push((key, vec![(arm, node)])),
            }
        }
    }
    keys.into_iter().map(|(key, list)| (key, Node::Gathered(list))).collect()
}

fn rename(all: &mut [Input], renames: &[Rename]) -> Result<(), Failure> {
    let keys: Vec<String> = all.iter().map(|input| input.name.clone()).collect();
    let mut new_names = Vec::new();
    for rename in renames {
        let is_meant =
            |input: &Input| rename.process.as_ref().is_none_or(|process| *process == input.process);
        let found: Vec<_> = (0..all.len()).filter(|i| keys[*i] == rename.key && is_meant(&all[*i])).collect();
        if found.is_empty() {
            let failure = Failure::new(format!("`inputs` names `{}`, which no upstream returns", rename.key));
            return Err(failure.help(available(&rename.key, keys.iter().map(String::as_str))));
        }
        new_names.extend(found.into_iter().map(|i| (i, rename.name.clone())));
    }
    new_names.into_iter().for_each(|(i, name)| all[i].name = name);
    Ok(())
}

fn available<'a>(word: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(word, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there is {}", list(names)),
    }
}

/// One value per name. The same value from two sides (a split hands on what its upstream made) is no clash.
fn without_clashes(all: Vec<Input>, plan: &PlanFile) -> Result<Vec<Input>, Failure> {
    let mut kept: Vec<Input> = Vec::new();
    for input in all {
        match kept.iter().find(|other| other.name == input.name) {
            None => {}
            Some(other) if other.node == input.node => continue,
            Some(other) => {
                let (name, a, b) = (&input.name, &other.process, &input.process);
                let message = format!("`{}` gets `{name}` from two upstreams: `{a}` and `{b}`", plan.process);
                let help = format!(
                    "return it under another key, or name them apart: `inputs: {{{name}: {a}.{name}, other: {b}.{name}}}`"
                );
                return Err(Failure::new(message).help(help));
            }
        }
        if plan.parameters.contains_key(&input.name) {
            let (name, process) = (&input.name, &input.process);
            let message =
                format!("`{}` gets `{name}` from `{process}` and has a parameter `{name}`", plan.process);
            return Err(Failure::new(message).help("rename the parameter or the key"));
        }
        kept.push(input);
    }
    Ok(kept)
}

/// The values among `inputs`, and where each is.
pub(super) fn named(inputs: &[Input]) -> Vec<(InputPath, &Value)> {
    fn walk<'i>(path: InputPath, node: &'i Node, all: &mut Vec<(InputPath, &'i Value)>) {
        match node {
            Node::One(value) => all.push((path, value)),
            Node::Gathered(list) => list.iter().for_each(|(arm, node)| {
                let arms = [path.arms.as_slice(), &[*arm]].concat();
                walk(InputPath { key: path.key.clone(), arms }, node, all);
            }),
        }
    }
    let mut all = Vec::new();
    for input in inputs {
        walk(InputPath { key: input.name.clone(), arms: Vec::new() }, &input.node, &mut all);
    }
    all
}
