//! `expops logs`: what instances printed.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::time::Duration;

use camino::Utf8Path;
use clap::Args;
use clap_complete::ArgValueCompleter;

use super::ended::Ended;
use super::{complete, failed, labels, location, look, say};
use crate::file;
use crate::layout::Folder;
use crate::lock::Lock;
use crate::output;
use crate::plan::Action;

/// How often a followed log is read.
const STEP: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops logs train@p2        what `train` printed in partition 2 when it last ran
  expops logs -f train@p2     the same, as long as it runs
  expops logs --failed        of all that failed")]
pub(super) struct Flags {
    /// Processes or instances [default: all]
    #[arg(add = ArgValueCompleter::new(complete::targets))]
    labels: Vec<String>,
    /// Only of those that failed last time
    #[arg(long)]
    failed: bool,
    /// Go on as long as the instance runs; of one instance
    #[arg(short, long)]
    follow: bool,
    #[command(flatten)]
    place: location::Folders,
}

pub(super) fn run(flags: &Flags) -> Ended {
    let (plan, layout) = match look::plan(&flags.place.place(), false) {
        Ok(planned) => planned,
        Err(ended) => return ended,
    };
    let mut all = match labels::all(&plan, &flags.labels) {
        Ok(all) => all,
        Err(ended) => return ended,
    };
    if flags.labels.is_empty() {
        all = plan.actions().collect();
    }
    let folder = |action: &Action| layout.folder(&action.instance);
    all.retain(|action| !flags.failed || failed::of(&folder(action)).is_some());
    if flags.follow && all.len() != 1 {
        say::error(&format!("one instance can be followed, and these are {}", all.len()));
        return Ended::Wrong;
    }
    let shown = all.iter().try_for_each(|action| show(action, &folder(action), all.len() > 1, flags.follow));
    shown.err().unwrap_or(Ended::Well)
}

fn show(action: &Action, folder: &Folder, with_name: bool, follow: bool) -> Result<(), Ended> {
    let log = folder.log();
    if with_name && log.exists() {
        println!("==> {} ({log})", action.label);
    }
    let mut shown = 0;
    while follow && is_running(folder) {
        shown = more(&log, shown)?;
        std::thread::sleep(STEP);
    }
    more(&log, shown).map(drop)
}

/// Whether an `exec` holds the lock of the instance.
fn is_running(folder: &Folder) -> bool {
    folder.lock().exists() && matches!(Lock::try_now(&folder.lock()), Ok(None))
}

/// Prints a log from byte `shown` on, and returns how many bytes have been shown. An error says how the command ends.
fn more(log: &Utf8Path, shown: u64) -> Result<u64, Ended> {
    let Ok(file) = file::open_regular(log) else { return Ok(shown) };
    let (from, bytes) =
        file::context(rest(file, shown), "read", log).map_err(|error| Ended::failed(&error.to_string()))?;
    let mut out = io::stdout().lock();
    match out.write_all(&bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(from + bytes.len() as u64),
        stopped => Err(Ended::As(output::status(stopped))),
    }
}

/// What is in a log from byte `shown` on, and where that is: a log that has become shorter is a new one.
fn rest(mut file: File, shown: u64) -> io::Result<(u64, Vec<u8>)> {
    let from = if file.metadata()?.len() < shown { 0 } else { shown };
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok((from, bytes))
}
