//! The part of the environment that goes along with a task. Some launchers pass the environment on and some do not:
//! either way a task gets the build's, except for what belongs to the node or to the job.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Prefixes of variables that describe the node, the job or the connection.
const OWN_PREFIXES: [&str; 8] = ["SLURM", "SRUN", "PMI", "HQ_", "SSH_", "XDG_", "PBS_", "LSB_"];

/// Other variables of this kind.
const OWN: [&str; 12] = [
    "TMPDIR",
    "TMP",
    "TEMP",
    "HOSTNAME",
    "HOST",
    "CUDA_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "GPU_DEVICE_ORDINAL",
    "PWD",
    "OLDPWD",
    "SHLVL",
    "_",
];

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

/// The environment that `command` would get, and the variables that it must not get.
pub(super) fn of(command: &Command) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let mut sent: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| !is_own(name))
        .collect();
    let mut removed: BTreeSet<String> = TOLD.map(str::to_owned).into();
    for (name, value) in command.get_envs() {
        let name = name.to_string_lossy().into_owned();
        match value {
            Some(value) => drop(sent.insert(name, value.to_string_lossy().into_owned())),
            None => drop(removed.insert(name)),
        }
    }
    sent.retain(|name, _| !removed.contains(name));
    (sent, removed)
}

fn is_own(name: &str) -> bool {
    OWN.contains(&name) || OWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
