//! What distinguishes one worker from another: everything that an instance can see and that cannot be changed in a
//! child.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;

use crate::digest::Digest;
use crate::exec::interpreter::Interpreter;
use crate::file;
use crate::plan_file::{PlanFile, Work};
use crate::script::{Preloaded, libraries_in_order};

/// Variables that differ between instances: each child gets its own.
const OWN: [&str; 8] =
    ["PWD", "OLDPWD", "_", "SHLVL", "MFLAGS", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_TASK_PID"];

/// Prefixes of other such variables.
const OWN_PREFIXES: [&str; 5] = ["MAKE", "GNUMAKE", "NINJA", "SLURM_STEP", "EXPOPS"];

/// The fields of `/proc/self/status` that a child inherits.
const STATUS: [&str; 16] = [
    "Umask",
    "Uid",
    "Gid",
    "Groups",
    "SigBlk",
    "SigIgn",
    "CapInh",
    "CapPrm",
    "CapEff",
    "CapBnd",
    "CapAmb",
    "NoNewPrivs",
    "Seccomp",
    "Cpus_allowed",
    "Mems_allowed",
    "THP_enabled",
];

/// A kind of worker.
pub(in crate::exec) struct Kind {
    /// The folder of the runtime.
    pub(super) runtime: Utf8PathBuf,
    /// The folders of the project's modules.
    pub(super) folders: Vec<Utf8PathBuf>,
    /// Modules to import ahead, and the names taken from each, by library.
    pub(super) libraries: Vec<Preloaded>,
    /// Threads that libraries may start.
    pub(super) cpus: u32,
    /// The process.
    pub(super) process: String,
    /// The process, if one child may run several of its instances.
    pub(super) reuse: Option<String>,
    version: String,
    packages: Digest,
}

impl Kind {
    /// The kind for the instances of a process.
    pub(in crate::exec) fn new(
        plan: &PlanFile,
        interpreter: &Interpreter,
        runtime: &Utf8Path,
        folders: &[Utf8PathBuf],
        cpus: u32,
    ) -> Self {
        let none = BTreeMap::new();
        let imports = match &plan.work {
            Work::Python { libraries, .. } => libraries,
            _ => &none,
        };
        Self {
            runtime: runtime.to_owned(),
            folders: folders.to_vec(),
            libraries: libraries_in_order(imports)
                .into_iter()
                .filter(|(library, _)| *library != "matplotlib" || !reads_settings(&plan.settings.files))
                .collect(),
            cpus,
            process: plan.process.clone(),
            reuse: plan.settings.reuse.then(|| plan.process.clone()),
            version: interpreter.version.clone(),
            packages: interpreter.packages_digest(),
        }
    }

    /// The digest of the kind, for a worker that is started as `command` would be.
    pub(super) fn key(&self, command: &Command, environment: &BTreeMap<String, String>) -> Digest {
        let shared: BTreeMap<_, _> = environment.iter().filter(|(name, _)| !is_own(name)).collect();
        let link = |name| fs::read_link(format!("/proc/self/ns/{name}")).unwrap_or_default();
        let namespaces = ["mnt", "pid", "user", "net", "ipc", "uts", "time"].map(link);
        let read = |path| file::read_proc(path).unwrap_or_default();
        let status = read("/proc/self/status");
        let status = status.lines().filter(|line| STATUS.iter().any(|name| line.starts_with(name)));
        let key = json!({
            "program": command.get_program().to_string_lossy(),
            "environment": shared,
            "expops": env!("CARGO_PKG_VERSION"),
            "runtime": self.runtime,
            "libraries": self.libraries,
            "cpus": self.cpus,
            "python": self.version,
            "packages": self.packages,
            "boot": read("/proc/sys/kernel/random/boot_id"),
            "namespaces": namespaces,
            "status": status.collect::<Vec<_>>(),
            "limits": read("/proc/self/limits"),
            "scheduling": scheduling(&read("/proc/self/stat")),
            "slack": read("/proc/self/timerslack_ns"),
            "core": read("/proc/self/coredump_filter"),
            "root": fs::read_link("/proc/self/root").unwrap_or_default(),
            "oom": read("/proc/self/oom_score_adj"),
        });
        Digest::of(key.to_string())
    }
}

/// Whether one of the inputs is matplotlib's settings file, which is read from the working folder on import.
fn reads_settings(files: &[Utf8PathBuf]) -> bool {
    files.iter().any(|file| file.file_name() == Some("matplotlibrc"))
}

fn is_own(name: &str) -> bool {
    OWN.contains(&name) || OWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The 19th, 40th and 41st field of `/proc/PID/stat`, niceness, priority and policy: see proc(5).
fn scheduling(stat: &str) -> [&str; 3] {
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<_> = after_name.split_whitespace().collect();
    [19, 40, 41].map(|number| fields.get(number - 3).copied().unwrap_or_default())
}

/// The environment that `command` would be started with; `None` if it is not text.
pub(super) fn environment(command: &Command) -> Option<BTreeMap<String, String>> {
    let mut all: BTreeMap<_, _> = std::env::vars_os().collect();
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => all.insert(name.to_owned(), value.to_owned()),
            None => all.remove(name),
        };
    }
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    all.into_iter().map(text).collect()
}

/// Whether all variables mean the same for every instance: a relative path depends on the folder that each runs in.
pub(super) fn is_shared(environment: &BTreeMap<String, String>) -> bool {
    let path = environment.get("PYTHONPATH").map(String::as_str).unwrap_or_default();
    path.is_empty() || path.split(':').all(|folder| folder.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheduling_is_read_behind_any_name() {
        let stat = "7 (a b) c)) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 -5 1 0 9 10 \
                    24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 0 3 42";
        assert_eq!(scheduling(stat), ["-5", "0", "3"]);
    }
}
