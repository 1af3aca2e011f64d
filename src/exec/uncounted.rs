//! Variables of the environment that are never a read. `docs/reads.md` lists them for users.

/// Variables that say where things are and who runs it: they never count, nor do [`THREADS`], nor what is the
/// node's. The runtime has the same list.
const NEVER: [&str; 6] = ["PATH", "HOME", "LANG", "LANGUAGE", "LD_PRELOAD", "LD_LIBRARY_PATH"];
const NEVER_PREFIXES: [&str; 4] = ["LC_", "MAKE", "NINJA", "EXPOPS_"];

/// Variables of the node, the session, the connection and the devices that a process is given: different in each run, or on
/// each machine. A task has those of its node.
const OF_THE_NODE: [&str; 26] = [
    "PWD",
    "OLDPWD",
    "SHLVL",
    "_",
    "TMPDIR",
    "TMP",
    "TEMP",
    "HOSTNAME",
    "SSH_AGENT_PID",
    "SSH_AUTH_SOCK",
    "SSH_CLIENT",
    "SSH_CONNECTION",
    "SSH_TTY",
    "XDG_RUNTIME_DIR",
    "XDG_SEAT",
    "XDG_SESSION_CLASS",
    "XDG_SESSION_ID",
    "XDG_SESSION_TYPE",
    "XDG_VTNR",
    "DBUS_SESSION_BUS_ADDRESS",
    "CUDA_VISIBLE_DEVICES",
    "GPU_DEVICE_ORDINAL",
    "HIP_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "ZE_AFFINITY_MASK",
];
/// What schedulers tell a job.
const OF_THE_JOB: [&str; 7] = ["SLURM", "SRUN_", "PMI_", "PMIX_", "HQ_", "PBS_", "LSB_"];
/// Every shell sets it itself.
const SHELLS_OWN: &str = "IFS";

/// Variables that tell numeric libraries how many threads to start; they are set for each
/// instance. The runtime has the same list.
pub(in crate::exec) const THREADS: [&str; 11] = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
];

/// Whether a variable can be a read.
pub(in crate::exec) fn may_count(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !NEVER.contains(&name)
        && name != SHELLS_OWN
        && !THREADS.contains(&name)
        && !is_of_the_node(name)
        && !NEVER_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        && !is_of_python(name)
}

/// Whether a variable belongs to the node or the job, not to the build.
pub(in crate::exec) fn is_of_the_node(name: &str) -> bool {
    OF_THE_NODE.contains(&name) || OF_THE_JOB.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether it is the interpreter's own, as `PYTHONPATH` is, and not `PYTHON_ENV`.
fn is_of_python(name: &str) -> bool {
    let rest = name.strip_prefix("PYTHON").unwrap_or_default();
    !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_and_the_manual_name_the_same_variables() {
        let (runtime, manual) = (
            concat!(
                include_str!("../python/expops_build/_watch.py"),
                include_str!("../python/expops_build/_seed.py")
            ),
            include_str!("../../docs/reads.md"),
        );
        for name in NEVER.iter().chain(&OF_THE_NODE).chain(&THREADS) {
            assert!(runtime.contains(&format!("\"{name}\"")), "{name}");
            assert!(manual.contains(&format!("`{name}`")), "{name}");
        }
        for prefix in NEVER_PREFIXES.iter().chain(&OF_THE_JOB) {
            assert!(runtime.contains(&format!("\"{prefix}\"")), "{prefix}");
            assert!(manual.contains(&format!("`{prefix}*`")), "{prefix}");
        }
    }

    #[test]
    fn names_of_the_closed_list_never_count() {
        for name in
            ["_", "PATH", "LC_ALL", "LD_PRELOAD", "PYTHONPATH", "EXPOPS_X", "MAKEFLAGS", "IFS", "", "1"]
        {
            assert!(!may_count(name), "{name}");
        }
        for name in ["_MODE", "LD_SCALE", "PYTHON_ENV", "PYTHON", "PYTHON3", "RATE", "rate"] {
            assert!(may_count(name), "{name}");
        }
    }
}
