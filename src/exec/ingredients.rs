//! The ingredients of an instance's action key: this function lists them, and this table says why.
//!
//! | observed | counts | why |
//! | --- | --- | --- |
//! | digests of the keys that it takes, with the code of the project's classes and functions in them | yes | its inputs; keys that it does not take are not loaded |
//! | the names of inputs that are paths, and whether these can be executed | yes | `path.suffix` decides how many readers read |
//! | parameters that it takes | yes | |
//! | its seed, and its own path in the layers | yes | the random number generators are seeded with both |
//! | its function and what that reaches, or its command | yes | |
//! | its environment: versions of Python and of packages | yes | |
//! | declared `files` | yes, by content, and whether they can be executed; of folders what is in them | |
//! | `data.path`, outside every data layer, of a source or where code may open files | yes, by content | it may open the file by itself |
//! | the project's name and the name of its data file, where `context` or a chart shows them | yes | |
//! | how a split cuts (`size`, `by`, `data_name`) | yes | it decides what the partitions are |
//! | metrics that a chart probes | yes | |
//! | `resources`, `retries` and other settings | no | results repeat whatever the number of threads that libraries may start, and whoever runs them |
//! | time stamps, absolute paths, host, `-j`, descriptions, the order of YAML keys | no | they cannot be observed, or must not matter |
//! | the process's name | only in its path | a seed of its own for each process |

use super::failure::Failure;
use super::inputs::{Input, named};
use super::instance::Instance;
use super::interpreter::Interpreter;
use super::observed::Observed;
use super::{metrics, tree};
use crate::command;
use crate::digest::Digest;
use crate::plan_file::Work;

/// Lists what `instance` can observe now: `inputs` are those that it takes.
///
/// # Errors
/// If something of it cannot be read.
pub(super) fn list(
    instance: &Instance,
    inputs: &[Input],
    interpreter: Option<&Interpreter>,
) -> Result<Observed, Failure> {
    let plan = &instance.plan;
    let mut observed = Observed::default();
    observed.add("format", plan.version.to_string());
    observed.add("instance", instance.name.clone());
    if matches!(plan.work, Work::Python { .. }) || uses_seed(&plan.work) {
        let seed = instance.random_seed();
        observed.add("random_seed", seed.map_or_else(|| "none".to_owned(), |seed| seed.to_string()));
    }
    if shows_project(&plan.work) || plan.probes.is_some() {
        observed.add("project", plan.project.clone());
        plan.data.iter().for_each(|(name, path)| observed.add(format!("data_path {name}"), path.as_str()));
    }
    for (name, value) in &plan.parameters {
        observed.add(format!("parameter {name}"), value.to_string());
    }
    if let Some(opens) = &plan.opens {
        observed.add("split", serde_json::to_string(opens).unwrap_or_default());
    }
    for (name, value) in named(inputs) {
        observed.add(name, value.observed());
    }
    for path in &plan.settings.files {
        observed.add(format!("file {path}"), tree::digest(path)?.to_string());
    }
    for path in plan.data.values().filter(|_| plan.observes_data) {
        observed.add(format!("data {path}"), tree::digest(path)?.to_string());
    }
    match &plan.work {
        Work::Python { script, function, code, .. } => {
            observed.add(format!("code {script} {function}"), code.to_string());
        }
        Work::Shell { command, outputs } => {
            observed.add("command", command.clone());
            observed.add("outputs", serde_json::json!(outputs).to_string());
        }
        Work::Merge => observed.add("code", "none"),
        Work::DynamicChart { script } => {
            observed.add(format!("code {script}"), tree::digest(script)?.to_string());
        }
    }
    if let Some(interpreter) = interpreter {
        let packages = interpreter.packages_digest();
        observed.add("environment", format!("{}, packages {packages}", interpreter.version));
    }
    for probe in plan.probes.iter().flatten() {
        let digest = Digest::of(metrics::probed(instance, probe)?.to_string());
        observed.add(format!("metrics {} {}", probe.key, probe.instance), digest.to_string());
    }
    Ok(observed)
}

/// Whether the function is given a `context`, which names the project and its data file.
fn shows_project(work: &Work) -> bool {
    let Work::Python { takes, .. } = work else { return false };
    takes.as_ref().is_none_or(|names| {
        names.iter().any(|name| ["context", "data_paths", "project_id"].contains(&name.as_str()))
    })
}

fn uses_seed(work: &Work) -> bool {
    matches!(work, Work::Shell { command, .. } if command::uses_seed(command))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;
    use crate::plan_file::PlanFile;
    use crate::settings::Settings;

    #[test]
    fn another_format_is_another_key_and_other_resources_are_not() {
        let text = r#"{"version": 1, "project": "", "process": "a", "data_depth": 0, "work": "merge"}"#;
        let plan: PlanFile = serde_json::from_str(text).unwrap();
        let key = |plan: PlanFile| {
            list(&Instance::of(plan, "a", &Layout::new("build")).unwrap(), &[], None).unwrap().key()
        };
        assert_ne!(key(plan.clone()), key(PlanFile { version: 2, ..plan.clone() }));
        let settings: Settings = serde_json::from_str(
            r#"{"resources": {"cpus": [2], "memory": [1], "time": [1], "gpus": [1]}, "batch": 2, "on_failure": "drop",
                "retries": {"times": 2, "on": ["lost"], "wait": 1}, "cache": false, "always": true, "reuse": true}"#,
        )
        .unwrap();
        assert_eq!(key(plan.clone()), key(PlanFile { settings, ..plan }));
    }
}
