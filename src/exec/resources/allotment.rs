//! What one attempt may use.

use std::time::Duration;

use crate::settings::Settings;

/// What one attempt may use.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::exec) struct Allotment {
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// Processor cores, at least 1.
    pub cpus: u32,
    /// Memory, in bytes.
    pub memory: Option<u64>,
    /// Wall-clock time.
    pub time: Option<Duration>,
    /// How many devices.
    pub gpus: Option<u32>,
    /// The devices that it was given, as `CUDA_VISIBLE_DEVICES` names them.
    pub devices: Vec<String>,
    /// Whether it has the terminal, for a debugger.
    pub in_foreground: bool,
    /// Whether a child of a worker may run it only if it has not run another one before.
    pub is_fresh: bool,
}

impl Default for Allotment {
    fn default() -> Self {
        Self::of(&Settings::default(), 1)
    }
}

impl Allotment {
    /// What `settings` give to the attempt `attempt`, counted from 1.
    pub(in crate::exec) fn of(settings: &Settings, attempt: u32) -> Self {
        let resources = &settings.resources;
        Self {
            attempt,
            cpus: resources.cpus.at(attempt).unwrap_or(1),
            memory: resources.memory.at(attempt),
            time: resources.time.at(attempt).map(Duration::from_secs),
            gpus: resources.gpus.at(attempt),
            devices: Vec::new(),
            in_foreground: false,
            is_fresh: false,
        }
    }
}
