//! Which build an `exec` belongs to: one run of the nearest build tool above it. So a bare `ninja` has builds, too.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::process::{self, Life, Process};

/// Prefixes of the names of programs that count as build tools.
const TOOLS: [&str; 7] = ["ninja", "make", "gmake", "samu", "n2", "siso", "expops"];

/// The variable that names the process of the `expops run` above a build tool.
pub const RUN: &str = "EXPOPS_RUN";

/// How far up to look: build tools start a shell, which starts `exec`, perhaps through a few wrappers.
const FARTHEST: usize = 16;

/// One run of a build tool.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Build {
    /// The name of the tool's process: `ninja`.
    pub tool: String,
    /// Its process id.
    pub process: u32,
    /// When it was started, in ticks since boot: this distinguishes two processes with the same id.
    pub started: u64,
}

impl Build {
    /// The build that this process is part of.
    pub fn present() -> Self {
        static PRESENT: OnceLock<Build> = OnceLock::new();
        PRESENT.get_or_init(find).clone()
    }

    /// Whether it is a run of a build tool, and not merely whatever started this process.
    pub fn is_of_a_tool(&self) -> bool {
        TOOLS.iter().any(|tool| self.tool.starts_with(tool))
    }

    /// Whether the build of this process has ended: the tool, or the `expops run` that started it.
    pub fn is_over() -> bool {
        !Self::present().is_running() || Self::has_lost_its_run()
    }

    /// Whether an `expops run` started the tool and has ended: the tool lives on if that is killed.
    pub fn has_lost_its_run() -> bool {
        std::env::var(RUN).is_ok_and(|run| process::life(&run) == Life::Ended)
    }

    /// Whether an `expops run` started the tool.
    pub fn is_of_a_run() -> bool {
        std::env::var_os(RUN).is_some()
    }

    /// Whether it is still running; a zombie is not.
    pub fn is_running(&self) -> bool {
        Process::read(self.process).is_some_and(|process| process.started == self.started)
    }
}

/// The nearest build tool above this process, or else the nearest process above it that is not a shell.
fn find() -> Build {
    let own = std::process::id();
    let mut above = Vec::new();
    let mut id = Process::read(own).map_or(0, |process| process.parent);
    while id > 1 && above.len() < FARTHEST {
        let Some(process) = Process::read(id) else { break };
        let next = process.parent;
        above.push(Build { tool: process.name, process: id, started: process.started });
        id = next;
    }
    let found = above.iter().find(|build| build.is_of_a_tool()).or(above.first()).cloned();
    found.unwrap_or(Build { tool: String::new(), process: own, started: 0 })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_build_runs_as_long_as_its_process() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::read(child.id()).unwrap();
        let build = Build { tool: process.name, process: child.id(), started: process.started };
        assert!(build.is_running());
        assert_eq!(process.parent, std::process::id());
        assert!(!Build { started: build.started + 1, ..build.clone() }.is_running());
        child.kill().unwrap();
        while build.is_running() {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(!build.is_running());
    }

    #[test]
    fn one_process_has_one_build() {
        assert_eq!(Build::present(), find());
        assert_ne!(Build::present().process, 0);
    }
}
