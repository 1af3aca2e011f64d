//! `expops task` and `expops launch`: the two processes on the far side of `expops exec` when a launcher is used. And
//! `expops orphans`, for when it has been killed.

use camino::Utf8PathBuf;
use clap::Args;

use super::ended::Ended;
use super::say;
use crate::exec::launcher;
use crate::process;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// What is to be run, as `EXPOPS_REQUEST` names it
    #[arg(required = true)]
    tasks: Vec<Utf8PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Orphans {
    /// What `exec` had started
    child: u32,
    /// When, in ticks since boot
    started: u64,
    /// Entries in the environment of what that has started
    entries: Vec<String>,
}

pub(super) fn end_orphans(orphans: &Orphans) -> Ended {
    process::kill_run(Some((orphans.child, orphans.started)), &orphans.entries);
    Ended::Well
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
