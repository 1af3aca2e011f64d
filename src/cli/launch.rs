//! `expops task` and `expops launch`: the two processes on the far side of `expops exec` when a launcher is used.

use camino::Utf8PathBuf;
use clap::Args;

use super::ended::Ended;
use super::say;
use crate::exec::launcher;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// What is to be run, as `EXPOPS_REQUEST` names it
    #[arg(required = true)]
    tasks: Vec<Utf8PathBuf>,
}

pub(super) fn task(flags: &Flags) -> Ended {
    Ended::As(launcher::run_tasks(flags.tasks.iter().map(Utf8PathBuf::as_path), say::error))
}

pub(super) fn keep() -> Ended {
    match launcher::keep() {
        Ok(()) => Ended::Well,
        Err(error) => Ended::failed(&error.to_string()),
    }
}
