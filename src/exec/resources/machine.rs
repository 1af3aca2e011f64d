//! What this machine offers to the instances of a build.

use std::fs;
use std::num::NonZero;

use crate::variable::{MACHINE_CPUS, MACHINE_MEMORY};

/// What a machine has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::exec) struct Machine {
    /// Processor cores.
    pub cpus: u64,
    /// Memory in bytes.
    pub memory: u64,
    /// Devices, as `CUDA_VISIBLE_DEVICES` names them.
    pub devices: Vec<String>,
}

impl Machine {
    /// This machine, or what the environment says about it.
    pub(in crate::exec) fn here() -> Self {
        let cores = || std::thread::available_parallelism().map_or(1, NonZero::get) as u64;
        Self { cpus: MACHINE_CPUS.or(cores()), memory: MACHINE_MEMORY.or(memory()), devices: devices() }
    }
}

/// What Linux reports, or the control group allows; unbounded if neither is known.
fn memory() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let total = total.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    let limit =
        fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    let total = total.map_or(u64::MAX, |kib| kib.saturating_mul(1024));
    limit.map_or(total, |limit: u64| limit.min(total))
}

/// The devices that the environment leaves to us, or all that exist.
fn devices() -> Vec<String> {
    if let Ok(text) = std::env::var("CUDA_VISIBLE_DEVICES") {
        return text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    }
    let entries = fs::read_dir("/dev").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut numbers: Vec<u32> = names.filter_map(|name| name.strip_prefix("nvidia")?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers.iter().map(u32::to_string).collect()
}
