//! The environment of a task. Some launchers pass an environment on and some do not: either way a task has the build's, and
//! of the node's only what cannot be a read, so that whatever it asks for is what the build looks at later.

use std::collections::BTreeMap;
use std::process::Command;

use crate::exec::uncounted;

/// Where a node has its things, if the build does not say it.
const PLACES: [&str; 3] = ["PATH", "HOME", "LD_LIBRARY_PATH"];

/// The variables that tell a launcher about a task.
pub(super) const TOLD: [&str; 9] = [
    "EXPOPS_LABEL",
    "EXPOPS_CPUS",
    "EXPOPS_MEMORY_MB",
    "EXPOPS_TIME_S",
    "EXPOPS_GPUS",
    "EXPOPS_ATTEMPT",
    "EXPOPS_REQUEST",
    "EXPOPS_INPUTS",
    "EXPOPS_OUTPUTS",
];

/// What `command` would get from the build.
pub(super) fn sent(command: &Command) -> BTreeMap<String, String> {
    let mut sent: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| !uncounted::is_of_the_node(name) && !TOLD.contains(&name.as_str()))
        .collect();
    for (name, value) in command.get_envs() {
        let name = name.to_string_lossy().into_owned();
        match value {
            Some(value) => drop(sent.insert(name, value.to_string_lossy().into_owned())),
            None => drop(sent.remove(&name)),
        }
    }
    sent
}

/// Gives `command`, on a node, what was sent and what is the node's own.
pub(super) fn give(command: &mut Command, sent: &BTreeMap<String, String>) {
    let own = std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(stays));
    command.env_clear().envs(own).envs(sent);
}

fn stays(name: &str) -> bool {
    uncounted::is_of_the_node(name) || PLACES.contains(&name)
}
