//! `expops logs`: what instances printed.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use camino::Utf8Path;
use clap::Args;
use clap_complete::ArgValueCompleter;

use super::ended::Ended;
use super::{complete, failed, labels, location, look, say};
use crate::file;
use crate::layout::Folder;
use crate::layout::run::ATTEMPT;
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
    let mut shown = Shown::default();
    while follow && is_running(folder) {
        shown.more(&log)?;
        std::thread::sleep(STEP);
    }
    shown.more(&log)
}

/// Whether an `exec` holds the lock of the instance.
fn is_running(folder: &Folder) -> bool {
    folder.lock().exists() && matches!(Lock::try_now(&folder.lock()), Ok(None))
}

/// What has been shown of a log that may grow, and be replaced: each attempt has a file of its own, and the last one is
/// followed by one with all of them.
#[derive(Default)]
struct Shown {
    /// The file, which may have another name by now, and its number.
    file: Option<(File, u64)>,
    /// The last bytes of it that were shown.
    tail: Vec<u8>,
}

/// How many bytes are kept to find the place again.
const TAIL: usize = 4096;

impl Shown {
    /// Prints what is new. An error says how the command ends.
    fn more(&mut self, log: &Utf8Path) -> Result<(), Ended> {
        let bytes =
            file::context(self.rest(log), "read", log).map_err(|error| Ended::failed(&error.to_string()))?;
        let mut out = io::stdout().lock();
        let stopped = out.write_all(&bytes).and_then(|()| out.flush());
        stopped.map_err(|error| Ended::As(output::status(Err(error))))
    }

    fn rest(&mut self, log: &Utf8Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if let Some((file, _)) = &mut self.file {
            file.read_to_end(&mut bytes)?;
            self.keep_tail(&bytes);
        }
        let Ok(mut file) = file::open_regular(log) else { return Ok(bytes) };
        let number = file::number(&file.metadata()?);
        if self.file.as_ref().is_none_or(|(_, last)| *last != number) {
            let mut new = Vec::new();
            file.read_to_end(&mut new)?;
            let new = new.split_off(self.place_in(&new));
            self.tail.clear();
            self.keep_tail(&new);
            self.file = Some((file, number));
            bytes.extend(new);
        }
        Ok(bytes)
    }

    fn keep_tail(&mut self, shown: &[u8]) {
        self.tail.extend(shown);
        self.tail.drain(..self.tail.len().saturating_sub(TAIL));
    }

    /// Up to where a new file has been shown under another name.
    fn place_in(&self, bytes: &[u8]) -> usize {
        let found = bytes.starts_with(ATTEMPT.as_bytes()).then(|| memchr::memmem::rfind(bytes, &self.tail));
        found.flatten().map_or(0, |at| at + self.tail.len())
    }
}
