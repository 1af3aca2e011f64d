//! Tasks that share a job, as their keeper sees them: it takes those that no other batch has, runs them as one order,
//! writes down what became of it, and ends when nobody waits for that any more.

use std::fs;
use std::io;
use std::thread;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::order::{Order, Word};
use crate::file::{self, FileError};
use crate::layout::run as run_files;
use crate::lock::{Held, is_held};

/// The lists that a launcher gets, and the file of each in a run folder. That of a batch is beside its lock.
const LISTS: [(&str, &str); 2] =
    [("EXPOPS_INPUTS", run_files::INPUTS), ("EXPOPS_OUTPUTS", run_files::OUTPUTS)];

/// How often to look whether somebody still waits for a batch.
const LOOK: Duration = Duration::from_millis(20);

/// One that waits for a batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Member {
    /// The file whose lock it holds as long as it waits.
    pub lock: Utf8PathBuf,
    pub order: Order,
}

/// Those who are to share a job, at least one.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Batch {
    /// The file whose lock the keeper holds as long as the batch runs.
    pub lock: Utf8PathBuf,
    pub members: Vec<Member>,
}

/// A batch that runs.
pub(super) struct Running {
    pub order: Order,
    mark: Mark,
    _held: Held,
}

/// The locks of the members.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Waiting(Vec<Utf8PathBuf>);

/// What a run folder says of the batch that its task is in.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The file whose lock its keeper holds.
    pub lock: Utf8PathBuf,
    pub members: Waiting,
}

impl Mark {
    /// That of a task, if it is in a batch.
    pub(super) fn read(run: &Utf8Path) -> Option<Self> {
        serde_json::from_slice(&file::read_regular(run.join(run_files::BATCH)).ok()?).ok()
    }

    /// Marks a task; returns whether it was in no batch.
    fn write(&self, run: &Utf8Path) -> io::Result<bool> {
        let mut file = tempfile::NamedTempFile::new_in(run)?;
        serde_json::to_writer(&mut file, self)?;
        match file.persist_noclobber(run.join(run_files::BATCH)) {
            Ok(_) => Ok(true),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.error),
        }
    }

    /// What became of the batch, if it has ended and its keeper knows.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        serde_json::from_slice(&file::read_regular(beside(&self.lock, run_files::VERDICT)).ok()?).ok()
    }

    /// Whether its keeper is alive.
    pub(super) fn is_kept(&self) -> bool {
        is_held(&self.lock).unwrap_or(false)
    }
}

/// What became of a batch.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Verdict {
    pub word: Word,
    /// Whether any of its tasks had begun.
    pub has_begun: bool,
}

impl Batch {
    /// Takes the members that are in no other batch; `None` if there are none.
    pub(super) fn take(self) -> io::Result<Option<Running>> {
        let held = Held::new(self.lock.clone()).map_err(io::Error::other)?;
        let waiting = Waiting(self.members.iter().map(|member| member.lock.clone()).collect());
        let mark = Mark { lock: self.lock, members: waiting };
        let mut taken = Vec::new();
        for order in self.members.into_iter().map(|member| member.order) {
            if order.runs.iter().map(|run| mark.write(run)).all(|is_free| is_free.unwrap_or(false)) {
                taken.push(order);
            }
        }
        let Some(mut order) = combined(&taken) else { return Ok(None) };
        for (variable, name) in LISTS {
            let all = order.runs.iter().map(|run| file::read_regular_text(run.join(name)));
            let path = beside(&mark.lock, name);
            fs::write(&path, all.collect::<io::Result<String>>()?)?;
            order.told.insert(variable.to_owned(), path.into_string());
        }
        Ok(Some(Running { order, mark, _held: held }))
    }
}

/// A file of a batch.
fn beside(lock: &Utf8Path, name: &str) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{lock}.{name}"))
}

/// Removes the files of a batch.
fn remove(lock: &Utf8Path) -> Result<(), FileError> {
    [run_files::INPUTS, run_files::OUTPUTS, run_files::VERDICT]
        .iter()
        .try_for_each(|name| file::remove(&beside(lock, name)))
}

/// Removes what the keeper of a batch left if it was killed.
///
/// # Errors
/// If something cannot be removed.
pub(super) fn sweep(lock: &Utf8Path) -> Result<(), FileError> {
    if is_held(lock)? { Ok(()) } else { remove(lock) }
}

/// One order for several, which need the same: they run one after another.
fn combined(orders: &[Order]) -> Option<Order> {
    let (first, others) = orders.split_first()?;
    let (mut all, mut time) = (first.clone(), first.need.time);
    for other in others {
        all.runs.extend(other.runs.iter().cloned());
        time = time.zip(other.need.time).map(|(sum, more)| sum.saturating_add(more));
    }
    all.need.time = time;
    let others = others.len();
    if others > 0 {
        let label = all.told.get("EXPOPS_LABEL").cloned().unwrap_or_default();
        let nonce = all.name.rsplit('.').next().unwrap_or_default();
        all.name = format!("{label} +{others}.{nonce}");
        let requests: Vec<String> =
            all.runs.iter().map(|run| run.join(run_files::TASK).into_string()).collect();
        let told = [
            ("EXPOPS_LABEL", format!("{label} and {others} more")),
            ("EXPOPS_TIME_S", time.map(|time| time.to_string()).unwrap_or_default()),
            ("EXPOPS_REQUEST", requests.join("\n")),
        ];
        all.told.extend(told.map(|(name, value)| (name.to_owned(), value)));
    }
    Some(all)
}

impl Waiting {
    /// Whether somebody still waits.
    pub(super) fn is_anybody(&self) -> bool {
        self.0.iter().any(|lock| is_held(lock).unwrap_or(false))
    }

    /// Returns when nobody waits any more.
    pub(super) fn wait_until_gone(&self) {
        while self.is_anybody() {
            thread::sleep(LOOK);
        }
    }
}

impl Running {
    pub(super) fn members(&self) -> Waiting {
        self.mark.members.clone()
    }

    /// Tells the members what became of it, and waits until all have heard.
    pub(super) fn tell(self, word: Word) -> io::Result<()> {
        let has_begun = self.order.has_begun();
        let mut file = tempfile::NamedTempFile::new_in(self.mark.lock.parent().unwrap_or(&self.mark.lock))?;
        serde_json::to_writer(&mut file, &Verdict { word, has_begun })?;
        file.persist(beside(&self.mark.lock, run_files::VERDICT))?;
        self.mark.members.wait_until_gone();
        remove(&self.mark.lock).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::exec::runners::launcher::chosen::Launcher;
    use crate::exec::runners::launcher::order::Need;

    fn order(run: &str, time: Option<u64>) -> Order {
        let told = [("EXPOPS_LABEL", format!("fit {run}")), ("EXPOPS_TIME_S", String::new())];
        Order {
            launcher: Launcher::Program(vec!["launch".to_owned()]),
            program: "expops".to_owned(),
            runs: vec![run.into()],
            told: told.map(|(name, value)| (name.to_owned(), value)).into(),
            name: format!("fit {run}.{run}{run}"),
            need: Need { cpus: 2, memory: Some(10), time, gpus: None },
            patience: 120,
        }
    }

    #[test]
    fn tasks_in_a_batch_have_the_time_of_all_and_the_rest_of_one() {
        let told = |order: &Order| order.told.clone().into_iter().collect::<BTreeMap<_, _>>();
        let alone = combined(&[order("a", Some(60))]).unwrap();
        assert_eq!((alone.need.time, told(&alone)), (Some(60), told(&order("a", None))));
        assert_eq!(alone.name, "fit a.aa");
        let three = [order("a", Some(60)), order("b", Some(60)), order("c", Some(60))];
        let three = combined(&three).unwrap();
        assert_eq!(three.need, Need { cpus: 2, memory: Some(10), time: Some(180), gpus: None });
        assert_eq!(three.words(), ["expops", "task", "a/task.json", "b/task.json", "c/task.json"]);
        assert_eq!(
            (three.name.as_str(), three.told["EXPOPS_LABEL"].as_str()),
            ("fit a +2.aa", "fit a and 2 more")
        );
        assert_eq!(three.told["EXPOPS_REQUEST"], "a/task.json\nb/task.json\nc/task.json");
        assert!(combined(&[]).is_none());
        assert_eq!(combined(&[order("a", None), order("b", None)]).unwrap().need.time, None);
    }

    #[test]
    fn a_task_is_in_one_batch_only() {
        let folder = tempfile::tempdir().unwrap();
        let here = Utf8Path::from_path(folder.path()).unwrap();
        let run = here.join("run");
        fs::create_dir(&run).unwrap();
        for name in [run_files::INPUTS, run_files::OUTPUTS] {
            fs::write(run.join(name), "one\n").unwrap();
        }
        let member = Member { lock: here.join("member"), order: order(run.as_str(), None) };
        let batch = |name: &str| Batch { lock: here.join(name), members: vec![member.clone()] };
        let first = batch("first").take().unwrap().unwrap();
        assert!(batch("second").take().unwrap().is_none());
        let mark = Mark::read(&run).unwrap();
        assert_eq!(mark.lock, here.join("first"));
        sweep(&mark.lock).unwrap();
        assert!(mark.is_kept() && mark.verdict().is_none() && beside(&mark.lock, run_files::INPUTS).exists());
        first.tell(Word::default()).unwrap();
        assert!(!mark.is_kept());
        assert_eq!(fs::read_dir(here).unwrap().count(), 1, "no lock and no list is left");
    }
}
