//! The ingredients of an instance's action key: this function lists them, and this table gives the reasons.
//!
//! | observed | ingredients | why |
//! | --- | --- | --- |
//! | the version of the format | `Format` | what an earlier version made is made again |
//! | digests of the keys that it takes, with the code of the project's classes and functions in them | `Input` | its inputs; keys that it does not take are not loaded |
//! | the names of inputs that are paths | `InputName` | many readers choose a format by `path.suffix` |
//! | whether an input that is a path is executable | `Input` | the digest of a file covers it |
//! | parameters that it takes | `Parameter` | |
//! | its seed, and its own path in the layers | `Seed`, `Instance` | the random number generators are seeded with both |
//! | its function and what that reaches, or its command | `Code`, `ChartScript`; `Command`, `Outputs` | |
//! | its environment: versions of Python and of packages | `Python`, `Packages` | |
//! | declared `files` | `File` | by content, and whether they are executable; folders by what is in them |
//! | `data.path`, outside every data layer, of a source or where code may open files | `Data` | by content: it may open the file by itself |
//! | the names of such files with the project's own folder before them | `Written` | they can be opened by these, too |
//! | the project's name and the names and paths of its data files, where `context` or a chart shows them | `Project`, `DataPath` | |
//! | how a split cuts (`size`, `by`, `data_name`, `seeds`) | `Split` | it decides what the partitions are |
//! | metrics that a chart probes, and their other names | `Metrics`, `Alias` | |
//! | what it was seen to read while it ran | `ReadFile`, `ReadFolder`, `Absent`, `Variable` | listed in the record beside the key |
//! | which failed instances were dropped from what it gathers | `Failed` | |
//! | `resources`, `retries` and other settings | none | results are the same for any number of threads, and whoever runs them |
//! | time stamps, absolute paths, host, `-j`, descriptions, the order of YAML keys | none | they cannot be observed, or must not matter |
//! | the process's name | only in its path | a seed of its own for each process |

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::command;
use crate::digest::Digest;
use crate::exec::content::tree;
use crate::exec::content::trust::Trust;
use crate::exec::failure::Failure;
use crate::exec::interpreter::Interpreter;
use crate::exec::key::action_key::ActionKey;
use crate::exec::key::ingredient::{Ingredient, SplitField};
use crate::exec::state::inputs::named;
use crate::exec::state::inputs::{Gathered, Input};
use crate::exec::state::instance::Instance;
use crate::exec::state::metrics;
use crate::plan_file::{Opens, Work};

/// Lists what `instance` can observe now: `inputs` are those that it takes, `failed` is what failed of those it
/// gathers.
///
/// # Errors
/// If any of it cannot be read.
pub(in crate::exec) fn list(
    instance: &Instance,
    (inputs, failed): (&[Input], &[Gathered]),
    interpreter: Option<&Interpreter>,
) -> Result<ActionKey, Failure> {
    let plan = &instance.plan;
    let (trust, mut key) = (instance.trust(), ActionKey::default());
    key.add_text(Ingredient::Format, plan.version.to_string());
    key.add_text(Ingredient::Instance, &instance.name);
    if matches!(plan.work, Work::Python { .. }) || uses_seed(&plan.work) {
        let seed = instance.random_seed();
        key.add_text(Ingredient::Seed, seed.map_or_else(|| "none".to_owned(), |seed| seed.to_string()));
    }
    if shows_project(&plan.work) || plan.probes.is_some() {
        key.add_text(Ingredient::Project, &plan.project);
        let data = plan.data.iter().map(|(name, path)| (Ingredient::DataPath(name.clone()), path));
        data.for_each(|(ingredient, path)| key.add_text(ingredient, path.as_str()));
    }
    for (name, value) in &plan.parameters {
        key.add_text(Ingredient::Parameter(name.clone()), value.to_string());
    }
    if let Some(opens) = &plan.opens {
        split(opens, &mut key);
    }
    for (path, value) in named(inputs) {
        key.add_digest(Ingredient::Input(path.clone()), value.digest);
        if let Some(name) = value.name() {
            key.add_text(Ingredient::InputName(path), name);
        }
    }
    for failed in failed {
        let kind = if instance.asks_for_failed() { failed.how.kind.name() } else { "left out" };
        let (process, arms) = (failed.process.clone(), failed.arms.clone());
        key.add_text(Ingredient::Failed { process, arms }, kind);
    }
    for path in &plan.settings.files {
        key.add_digest(Ingredient::File(path.clone()), tree::digest(path, &trust)?);
    }
    for path in plan.data.values().collect::<BTreeSet<_>>().into_iter().filter(|_| plan.observes_data) {
        key.add_digest(Ingredient::Data(path.clone()), tree::digest(path, &trust)?);
    }
    for (path, inside) in &plan.written {
        key.add_text(Ingredient::Written(path.clone()), inside.as_str());
    }
    work(&plan.work, &trust, &mut key)?;
    if let Some(interpreter) = interpreter {
        key.add_text(Ingredient::Python, &interpreter.version);
        key.add_digest(Ingredient::Packages, interpreter.packages_digest());
    }
    for probe in plan.probes.iter().flatten() {
        let (name, instance_name, step) = (probe.key.clone(), probe.instance.clone(), probe.step.clone());
        let metrics = Digest::of(metrics::probed(instance, probe)?.to_string());
        key.add_digest(Ingredient::Metrics { key: name, instance: instance_name, step }, metrics);
    }
    for (alias, name) in metrics::aliases(instance) {
        key.add_text(Ingredient::Alias(alias.to_owned()), name);
    }
    Ok(key)
}

fn split(opens: &Opens, key: &mut ActionKey) {
    let mut add = |field, json: Json| key.add_text(Ingredient::Split(field), json.to_string());
    match opens {
        Opens::Data { size, by, key } => {
            add(SplitField::Size, json!(size));
            add(SplitField::By, json!(by));
            if let Some(name) = key {
                add(SplitField::DataName, json!(name));
            }
        }
        Opens::Seed(seeds) => add(SplitField::Seeds, json!(seeds)),
    }
}

fn work(work: &Work, trust: &Trust, key: &mut ActionKey) -> Result<(), Failure> {
    match work {
        Work::Python { script, function, code, outputs, .. } => {
            let (script, function) = (script.clone(), function.clone());
            key.add_digest(Ingredient::Code { script, function }, *code);
            if !outputs.is_empty() {
                key.add_text(Ingredient::Outputs, json!(outputs).to_string());
            }
        }
        Work::Shell { command, outputs } => {
            key.add_text(Ingredient::Command, command);
            key.add_text(Ingredient::Outputs, json!(outputs).to_string());
        }
        Work::Merge => {}
        Work::DynamicChart { script } => {
            key.add_digest(Ingredient::ChartScript(script.clone()), tree::digest(script, trust)?);
        }
    }
    Ok(())
}

/// Whether the function is given a `context`, which names the project and its data file.
fn shows_project(work: &Work) -> bool {
    let Work::Python { takes, .. } = work else { return false };
    takes.as_ref().is_none_or(|names| {
        names.iter().any(|name| ["context", "data_paths", "project_id"].contains(&name.as_str()))
    })
}

fn uses_seed(work: &Work) -> bool {
    matches!(work, Work::Shell { command, .. } if command::uses(command, "seed"))
}

#[cfg(test)]
mod tests;
