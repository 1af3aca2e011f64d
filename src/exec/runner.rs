//! How the Python of an instance comes to run: in an interpreter of its own, or as a child of a worker that has
//! imported the libraries. What it makes is the same, byte for byte; a worker that does not work costs a cold start.

use std::io::Write as _;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use super::allotment::Allotment;
use super::attempt::Attempt;
use super::child;
use super::exit::Exit;
use super::failure::Failure;
use super::instance::Instance;
use super::interpreter::Interpreter;
use super::worker::{self, Kind};
use crate::file;

/// Who runs it.
pub(super) enum Runner {
    /// An interpreter that is started for it.
    Cold,
    /// A child of a worker of this kind.
    Warm(Kind),
}

impl Runner {
    /// The runner for an instance.
    pub(super) fn of(
        instance: &Instance,
        interpreter: Option<&Interpreter>,
        runtime: &Utf8Path,
        folders: &[Utf8PathBuf],
        allotment: &Allotment,
    ) -> Self {
        let is_off = std::env::var_os("EXPOPS_WORKERS").is_some_and(|value| value == "0");
        match interpreter {
            Some(interpreter) if !is_off => {
                Self::Warm(Kind::new(&instance.plan, interpreter, runtime, folders, allotment.cpus))
            }
            _ => Self::Cold,
        }
    }

    /// Runs `command`, which starts Python for one request, within what `allotment` gives it, with stdout and stderr in the
    /// file `log`. `again` undoes what a run that came to nothing has left.
    pub(super) fn run(
        &self,
        command: &mut Command,
        log: &Utf8Path,
        allotment: &Allotment,
        again: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<Exit, Failure> {
        let Self::Warm(kind) = self else { return child::run(command, log, allotment) };
        match worker::run(command, kind, log, allotment)? {
            Attempt::Ended(exit) => Ok(exit),
            Attempt::Refused => child::run(command, log, allotment),
            Attempt::Failed(why) => {
                again()?;
                let mut output = child::new_log(log)?;
                let line = format!("expops: no worker: {why}; Python is started anew\n");
                file::context(output.write_all(line.as_bytes()), "write", log)?;
                child::run_into(command, output, allotment)
            }
        }
    }
}
