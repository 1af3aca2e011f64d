//! Where ready instances of a process that is run in batches find each other: a folder in which each has a file that it
//! holds locked, as in the account. Whoever finds nobody else at it gathers those who wait, and starts a keeper for
//! them. All wait for their own result, and none depends on another: if the one that gathers dies, the next one
//! takes over; if it dies later, the keeper goes on.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::thread;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::batch::{Batch, Mark, Member, Verdict, sweep};
use super::keeper::{self, Work};
use super::order::{Order, Word};
use super::task::Task;
use crate::exec::failure::Failure;
use crate::file;
use crate::journal::Build;
use crate::layout::run as run_files;
use crate::lock::{Held, Lock, is_held};
use crate::settings::FailureKind;

/// How often to look.
const LOOK: Duration = Duration::from_millis(50);

/// A batch is complete when nobody has come for so long, and no later than after the second time.
const QUIET: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(5);

/// How long to wait for the end of a batch when the build has ended: its launcher is killed before that.
const LAST: Duration = Duration::from_secs(12);

/// The suffixes of the files of those who wait, and of batches that run.
const WAITS: &str = "waits";
const RUNS: &str = "runs";

/// The queue of a process.
pub(in crate::exec) struct Queue {
    /// Its folder.
    pub folder: Utf8PathBuf,
    /// The build folder, which it is in.
    pub build: Utf8PathBuf,
    /// How many may share a job.
    pub most: usize,
}

/// What the file of one that waits says.
#[derive(Serialize, Deserialize)]
struct Ticket {
    build: Build,
    order: Order,
}

impl Ticket {
    /// Whether both can be in one job.
    fn fits(&self, other: &Self) -> bool {
        let attempt = |ticket: &Self| ticket.order.told.get("EXPOPS_ATTEMPT").cloned();
        self.build == other.build
            && self.order.launcher == other.order.launcher
            && self.order.need == other.order.need
            && attempt(self) == attempt(other)
    }
}

impl Queue {
    /// Waits until the task is done, or its batch has ended without it. In the latter case the word is that of the
    /// launcher. Returns early if `is_over`.
    ///
    /// # Errors
    /// If the folder cannot be read or written, or no keeper can be started.
    pub(super) fn wait(
        &self,
        order: Order,
        task: &Task,
        is_done: impl Fn() -> bool,
        is_over: impl Fn() -> bool,
    ) -> Result<Word, Failure> {
        file::insist_on_no_links(&self.build, &self.folder.join(WAITS))?;
        file::create_folder(&self.folder)?;
        let own = Ticket { build: Build::present(), order };
        let mut round = 0;
        loop {
            let held = self.enter(&own, &format!("{}-{round}", task.nonce))?;
            let word = self.attend((&held, &own), task, &is_done, &is_over)?;
            drop(held);
            if let Some(word) = word {
                wait_for_end(&task.run, is_over());
                return Ok(word);
            }
            file::remove(&task.run.join(run_files::BATCH))?;
            round += 1;
        }
    }

    /// The word is `None` if the batch has ended before it was the task's turn.
    fn attend(
        &self,
        (held, own): (&Held, &Ticket),
        task: &Task,
        is_done: impl Fn() -> bool,
        is_over: impl Fn() -> bool,
    ) -> Result<Option<Word>, Failure> {
        loop {
            let mark = Mark::read(&task.run);
            // In this order: what a batch has done is there before the verdict, and that before its keeper ends.
            let is_kept = mark.as_ref().is_some_and(Mark::is_kept);
            let verdict = mark.as_ref().and_then(Mark::verdict);
            if is_over() || is_done() {
                return Ok(Some(Word::default()));
            }
            match (mark, verdict) {
                (_, Some(Verdict { word, has_begun })) => {
                    // If another task ended the job before it was this one's turn, that is no failure of this one.
                    let is_next = has_begun && !task.run.join(run_files::CLAIM).exists();
                    return Ok((!is_next).then_some(word));
                }
                (Some(_), None) if !is_kept => {
                    return Ok(Some(Word { kind: Some(FailureKind::Lost), ..Word::default() }));
                }
                (Some(_), None) => thread::sleep(LOOK),
                (None, None) => match Lock::try_now(&self.folder.join("gather"))? {
                    Some(_gather) if Mark::read(&task.run).is_none() => self.lead(held, own, &is_over)?,
                    _ => thread::sleep(LOOK),
                },
            }
        }
    }

    /// Exclusive access: nobody else enters or counts meanwhile.
    fn alone(&self) -> Result<Lock, Failure> {
        Ok(Lock::wait(&self.folder.join("lock"))?)
    }

    fn enter(&self, ticket: &Ticket, name: &str) -> Result<Held, Failure> {
        let text = serde_json::to_string(ticket).map_err(|error| Failure::new(error.to_string()))?;
        let _alone = self.alone()?;
        let held = Held::new(self.folder.join(format!("{name}.{WAITS}")))?;
        file::context(fs::write(held.path(), text), "write", held.path())?;
        Ok(held)
    }

    /// Gathers those who wait, and starts a keeper for them.
    fn lead(&self, held: &Held, own: &Ticket, is_over: impl Fn() -> bool) -> Result<(), Failure> {
        let members = self.gather(held, own, &is_over)?;
        if is_over() {
            return Ok(());
        }
        let failed = |why: String| Failure::new(format!("cannot start the launcher: {why}"));
        let work = Work::Batch(Batch { lock: held.path().with_extension(RUNS), members });
        let mut keeper = keeper::start(&work).map_err(|error| failed(error.to_string()))?;
        let mut said = String::new();
        let heard = keeper.stdout.take().map_or(Ok(0), |output| BufReader::new(output).read_line(&mut said));
        match heard {
            Ok(1..) => Ok(()),
            Ok(0) => {
                let _ = keeper.wait();
                Err(failed("its keeper has ended".to_owned()))
            }
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Those who wait and fit into one job with `own`, which comes first.
    fn gather(&self, held: &Held, own: &Ticket, is_over: impl Fn() -> bool) -> Result<Vec<Member>, Failure> {
        let start = Instant::now();
        let (mut count, mut last) = (0, start);
        loop {
            let members = self.waiting(held, own)?;
            if members.len() > count {
                (count, last) = (members.len(), Instant::now());
            }
            let is_complete =
                count >= self.most || last.elapsed() >= QUIET || start.elapsed() >= LONGEST || is_over();
            if is_complete {
                return Ok(members.into_iter().take(self.most).collect());
            }
            thread::sleep(LOOK);
        }
    }

    fn waiting(&self, held: &Held, own: &Ticket) -> Result<Vec<Member>, Failure> {
        let _alone = self.alone()?;
        let mut members = vec![Member { lock: held.path().to_owned(), order: own.order.clone() }];
        let entries = file::context(self.folder.read_dir_utf8(), "read", &self.folder)?.flatten();
        for path in entries.map(camino::Utf8DirEntry::into_path) {
            match path.extension() {
                Some(RUNS) => drop(sweep(&path)),
                Some(WAITS) if path != held.path() && is_held(&path)? => {
                    let text = file::read_regular_text(&path).unwrap_or_default();
                    let other = serde_json::from_str::<Ticket>(&text).ok().filter(|other| other.fits(own));
                    let free =
                        other.filter(|other| other.order.runs.iter().all(|run| Mark::read(run).is_none()));
                    members.extend(free.map(|other| Member { lock: path, order: other.order }));
                }
                _ => {}
            }
        }
        Ok(members)
    }
}

/// The last one to leave a batch waits for its keeper, so that nothing goes on behind a build; if the build was ended,
/// all do, while others may be about to leave.
fn wait_for_end(run: &Utf8Path, is_over: bool) {
    let Some(mark) = Mark::read(run) else { return };
    let start = Instant::now();
    while (is_over || !mark.members.is_anybody()) && mark.is_kept() && start.elapsed() < LAST {
        thread::sleep(LOOK);
    }
}
