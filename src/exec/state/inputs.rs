//! Collects the inputs of an instance: the values of its upstreams by name.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use serde_json::{Map, Value as Json};

use super::left_out::LeftOut;
use crate::arm::Arm;
use crate::diagnostic::{list, nearest};
use crate::exec::failure::Failure;
use crate::exec::key::ingredient::InputPath;
use crate::exec::values::value::{Node, Value, Values};
use crate::exec::values::vouched;
use crate::layout::Layout;
use crate::plan_file::{PlanFile, Rename, Upstream};

/// What a caller knows that examines many instances and runs none.
#[derive(Default)]
pub(crate) struct Lookahead {
    /// The values that instances will have once the cache has restored them, by folder.
    pub values: BTreeMap<Utf8PathBuf, Values>,
    /// Functions whose code was checked and found to be what the plan says.
    pub(in crate::exec) codes: RefCell<BTreeSet<(Utf8PathBuf, String)>>,
}

/// An input and where it comes from.
#[derive(Clone, Debug)]
pub(in crate::exec) struct Input {
    /// The name under which the process gets it.
    pub name: String,
    /// The upstream that made it.
    pub process: String,
    /// The value.
    pub node: Node,
}

/// What the upstreams of an instance pass on.
#[derive(Clone, Debug, Default)]
pub(in crate::exec) struct Inputs {
    /// The inputs, sorted by name.
    pub all: Vec<Input>,
    /// The failed ones among those it gathers.
    pub failed: Vec<Gathered>,
    /// Why it has nothing to do: an input that it needs failed, or all that it gathers failed.
    pub skipped: Option<LeftOut>,
}

/// A failed instance among those that are gathered.
#[derive(Clone, Debug)]
pub(in crate::exec) struct Gathered {
    /// The process that should have made it.
    pub process: String,
    /// Its arms, in its own layers.
    pub arms: Vec<Arm>,
    /// The gathered ones among them: `p2`, or `p2`, `s41`.
    pub path: Vec<Arm>,
    /// How it failed.
    pub how: LeftOut,
}

/// Everything that the upstreams of the instance with these `arms` pass on.
pub(in crate::exec) fn collect(
    plan: &PlanFile,
    arms: &[Arm],
    layout: &Layout,
    lookahead: &Lookahead,
) -> Result<Inputs, Failure> {
    let source = &ValueSource { layout, lookahead, failed: RefCell::default() };
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
    let failed = source.failed.take();
    // An input that is not gathered is required; and if everything gathered failed, nothing is left.
    let needed = failed.iter().find(|failed| failed.path.is_empty());
    leave_out(&mut all, &failed);
    let nothing_left = plan.inputs.iter().filter(|input| input.is_gathered()).any(|input| {
        let addresses = addresses(input, plan.data_depth, arms);
        addresses.iter().all(|address| is_left_out(&gathered(input, address), &failed))
    });
    if let Some(needed) = needed.or(failed.first().filter(|_| nothing_left)) {
        return Ok(Inputs { skipped: Some(needed.how.clone()), failed, ..Inputs::default() });
    }
    rename(&mut all, &plan.renames)?;
    let mut kept = without_clashes(all, plan)?;
    if let Some(input) = kept.iter().find(|input| input.name == "random_seed" && !seed.is_empty()) {
        let message =
            format!("`{}` gets `random_seed` from `{}`, below a seed split", plan.process, input.process);
        return Err(Failure::new(message).help("return it under another key: here the seed is the layer's"));
    }
    // The order of edges, and the order in which an upstream fills its dict, must not be observable.
    kept.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Inputs { all: kept, failed, skipped: None })
}

/// Those of an upstream's `arms` that are gathered.
fn gathered(input: &Upstream, arms: &[Arm]) -> Vec<Arm> {
    let (data, seeds): (Vec<Arm>, Vec<Arm>) = arms.iter().partition(|arm| arm.partition().is_some());
    let data = data.into_iter().skip(input.data_depth);
    data.chain(seeds.into_iter().skip(input.seed_depth)).collect()
}

/// Whether the value gathered under `path` failed, or belongs to an arm that failed.
fn is_left_out(path: &[Arm], failed: &[Gathered]) -> bool {
    failed.iter().any(|failed| !failed.path.is_empty() && path.starts_with(&failed.path))
}

/// Removes from what is gathered everything that belongs to a failed arm, whoever made it, so that the dicts of an
/// aggregation have the same labels.
fn leave_out(all: &mut Vec<Input>, failed: &[Gathered]) {
    fn prune(node: &mut Node, path: &mut Vec<Arm>, failed: &[Gathered]) -> bool {
        let Node::Gathered(list) = node else { return !is_left_out(path, failed) };
        list.retain_mut(|(arm, inner)| {
            path.push(*arm);
            let is_kept = prune(inner, path, failed);
            path.pop();
            is_kept
        });
        !list.is_empty()
    }
    if !failed.is_empty() {
        all.retain_mut(|input| prune(&mut input.node, &mut Vec::new(), failed));
    }
}

/// How many instances an aggregation gathers, and how many of them did not fail.
pub(in crate::exec) fn survivors(plan: &PlanFile, arms: &[Arm], failed: &[Gathered]) -> (usize, usize) {
    let paths = plan.inputs.iter().map(|input| {
        let all = addresses(input, plan.data_depth, arms);
        all.iter().map(|arms| gathered(input, arms)).collect::<Vec<_>>()
    });
    let longest = paths.max_by_key(|paths| paths.first().map(Vec::len)).unwrap_or_default();
    let left = longest.iter().filter(|path| !is_left_out(path, failed)).count();
    (longest.len(), left)
}

/// How the missing ones among what is gathered failed: kinds by label, nested by layer like the values.
pub(in crate::exec) fn kinds(all: &[Gathered]) -> Json {
    fn place(map: &mut Map<String, Json>, path: &[Arm], kind: &str) {
        let Some((first, rest)) = path.split_first() else { return };
        let (label, is_last) = (first.label(), rest.is_empty());
        let new = || if is_last { kind.into() } else { Json::Object(Map::new()) };
        if let Json::Object(inner) = map.entry(label).or_insert_with(new) {
            place(inner, rest, kind);
        }
    }
    let mut found = Map::new();
    all.iter().for_each(|one| place(&mut found, &one.path, one.how.kind.name()));
    Json::Object(found)
}

/// Where values are found.
struct ValueSource<'a> {
    layout: &'a Layout,
    lookahead: &'a Lookahead,
    failed: RefCell<Vec<Gathered>>,
}

type Keyed = Vec<(String, Node)>;

/// The instances and partitions, by their own arms, that one edge reaches from the instance with these `arms`.
pub(in crate::exec) fn addresses(input: &Upstream, data_depth: usize, arms: &[Arm]) -> Vec<Vec<Arm>> {
    let (data, seed) = arms.split_at(data_depth.min(arms.len()));
    let data = spread(&data[..input.data_depth], input.gather_data.as_deref());
    let seeds = spread(&seed[..input.seed_depth], input.gather_seed.as_deref());
    data.iter().flat_map(|data| seeds.iter().map(|seed| [data.as_slice(), seed].concat())).collect()
}

/// `arms` alone, or `arms` followed by each gathered arm.
fn spread(arms: &[Arm], gathered: Option<&[Arm]>) -> Vec<Vec<Arm>> {
    match gathered {
        None => vec![arms.to_vec()],
        Some(gathered) => gathered.iter().map(|arm| [arms, &[*arm]].concat()).collect(),
    }
}

/// What one edge delivers: key to value, or to the values of every gathered arm.
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
            None => match vouched::made(&folder, source.layout.build()) {
                Ok(values) => values,
                Err(missing) => {
                    let how = LeftOut::read(&folder).ok_or(missing)?;
                    let arms = [data, seed].concat();
                    let (process, path) = (input.process.clone(), gathered(input, &arms));
                    source.failed.borrow_mut().push(Gathered { process, arms, path, how });
                    return Ok(Keyed::new());
                }
            },
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

/// Turns arm-to-keys into key-to-arms. A key that only some arms have keeps just those.
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

/// One value per name. The same value by two routes (a split passes on what its upstream made) is no clash.
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

/// The values among `inputs`, each with its place.
pub(in crate::exec) fn named(inputs: &[Input]) -> Vec<(InputPath, &Value)> {
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
