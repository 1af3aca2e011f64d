//! The journal of a build folder: what happened to which instance, when and where. One line of JSON for each event,
//! appended by every `exec`. For people: nothing that decides what runs reads it, and it can be deleted at any time.

mod build;

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use crate::file;

pub use build::{Build, RUN};

/// The longest line, in bytes: what one `write` appends atomically. Longer texts are cut; the whole text is in the log.
const LONGEST_LINE: usize = 4096;

/// The length at which the journal is rotated, in bytes. Two files are kept.
const FULL: u64 = 16 << 20;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The build in which it happened.
    pub build: Build,
    /// The instance, by its folder: `train/p2/s41`.
    pub instance: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What can happen to an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// It was up to date.
    Looked,
    /// Its code starts to run.
    Started {
        /// Which attempt it is, from 1.
        attempt: u32,
    },
    /// It has been dealt with.
    Ended(Ended),
}

/// How it ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ended {
    /// `ran`, `restored`, `dropped`, `skipped`, or a kind of failure.
    pub outcome: String,
    /// The kind of failure, also for what was dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What went wrong, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How long it waited for resources, or in a queue, in seconds.
    pub waited: f64,
    /// How long it ran, in seconds; for a result from the cache, how long the original run took.
    pub ran: f64,
    /// CPU seconds of the user's part; for a result from the cache, those of the original run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f64>,
    /// Peak memory in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// The host that the user's part ran on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The job on a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The last attempt.
    pub attempt: u32,
}

/// The journal in a file.
#[derive(Clone, Debug)]
pub struct Journal {
    path: Utf8PathBuf,
}

impl Journal {
    /// The journal in the file `path`, which need not exist.
    pub fn new(path: Utf8PathBuf) -> Self {
        Self { path }
    }

    /// Adds an event of the present build.
    ///
    /// # Errors
    /// If the file cannot be written. No build should fail because of that.
    pub fn add(&self, instance: &str, event: Event) -> io::Result<()> {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis());
        let at = u64::try_from(at).unwrap_or_default();
        let entry = Entry { at, build: Build::present(), instance: instance.to_owned(), event };
        let mut file = file::append_own(&self.path)?;
        // One write, so that lines of several processes do not mix.
        file.write_all(line(entry).as_bytes())?;
        if file.metadata()?.len() > FULL {
            fs::rename(&self.path, self.earlier())?;
        }
        Ok(())
    }

    /// All entries, oldest first. Unreadable lines are skipped: a machine may have died while writing one.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + use<> {
        let files =
            [self.earlier(), self.path.clone()].into_iter().filter_map(|path| file::open_regular(path).ok());
        let lines = files.flat_map(|file| BufReader::new(file).split(b'\n').map_while(Result::ok));
        lines.filter_map(|line| serde_json::from_slice(&line).ok())
    }

    /// The files that it consists of.
    pub fn files(&self) -> [Utf8PathBuf; 2] {
        [self.path.clone(), self.earlier()]
    }

    fn earlier(&self) -> Utf8PathBuf {
        Utf8Path::new(&format!("{}.1", self.path)).to_owned()
    }
}

/// Reads what is added to a journal from some moment on.
#[derive(Debug)]
pub struct Follower {
    journal: Journal,
    /// How many bytes of the file have been read.
    read: u64,
}

impl Follower {
    /// Starts at the end of the journal in the file `path`, which need not exist.
    pub fn at_end(path: Utf8PathBuf) -> Self {
        let read = fs::metadata(&path).map_or(0, |meta| meta.len());
        Self { journal: Journal::new(path), read }
    }

    /// What has been added since the last call.
    pub fn added(&mut self) -> Vec<Entry> {
        let mut bytes = Vec::new();
        let length = fs::metadata(&self.journal.path).map_or(0, |meta| meta.len());
        if length < self.read {
            // It was rotated meanwhile.
            read_from(&self.journal.earlier(), self.read, &mut bytes);
            self.read = 0;
        }
        let before = bytes.len();
        read_from(&self.journal.path, self.read, &mut bytes);
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.read += end.saturating_sub(before) as u64;
        bytes[..end]
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect()
    }
}

/// Appends the content of a file from an offset on, as far as it can be read.
fn read_from(path: &Utf8Path, offset: u64, bytes: &mut Vec<u8>) {
    let Ok(mut file) = file::open_regular(path) else { return };
    if file.seek(SeekFrom::Start(offset)).is_ok() {
        let _ = file.read_to_end(bytes);
    }
}

/// An entry as a line that is not too long: the message is the only text of unbounded length.
fn line(mut entry: Entry) -> String {
    let mut keep = LONGEST_LINE;
    loop {
        if let Event::Ended(Ended { message: Some(message), .. }) = &mut entry.event {
            cut(message, keep);
        }
        let text = serde_json::to_string(&entry).unwrap_or_default() + "\n";
        if text.len() <= LONGEST_LINE {
            return text;
        }
        if keep == 0 {
            return String::new();
        }
        // A character may take six in JSON.
        keep /= 2;
    }
}

/// Cuts a text to about `most` bytes.
fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> (tempfile::TempDir, Journal) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("journal")).unwrap();
        (folder, Journal::new(path))
    }

    #[test]
    fn lines_of_many_threads_do_not_mix_and_long_messages_are_cut() {
        let (_folder, journal) = journal();
        let message = "é\n\"".repeat(100_000);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (journal, message) = (&journal, &message);
                scope.spawn(move || {
                    for number in 0..50 {
                        let ended = Ended { message: Some(message.clone()), ..Ended::default() };
                        journal.add(&format!("fit/p{thread}{number}"), Event::Ended(ended)).unwrap();
                        journal.add("fit", Event::Looked).unwrap();
                    }
                });
            }
        });
        assert_eq!(journal.entries().count(), 800);
        let text = fs::read_to_string(&journal.path).unwrap();
        assert!(
            text.lines().all(|line| line.len() < LONGEST_LINE && serde_json::from_str::<Entry>(line).is_ok())
        );
    }

    #[test]
    fn a_torn_line_costs_itself_alone() {
        let (_folder, journal) = journal();
        journal.add("a", Event::Started { attempt: 1 }).unwrap();
        let whole = fs::read(&journal.path).unwrap();
        fs::write(&journal.path, [&whole[..whole.len() / 2], b"\n", &whole[..]].concat()).unwrap();
        let entries: Vec<_> = journal.entries().collect();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].event, Event::Started { attempt: 1 });
        assert_eq!(entries[0].build, Build::present());
    }

    #[test]
    fn who_follows_reads_what_is_added_once() {
        let (_folder, journal) = journal();
        journal.add("before", Event::Looked).unwrap();
        let mut follower = Follower::at_end(journal.path.clone());
        let mut added = || follower.added().into_iter().map(|entry| entry.instance).collect::<Vec<_>>();
        assert_eq!(added(), [""; 0]);
        journal.add("a", Event::Looked).unwrap();
        journal.add("b", Event::Looked).unwrap();
        assert_eq!(added(), ["a", "b"]);
        journal.add("c", Event::Looked).unwrap();
        fs::rename(&journal.path, journal.earlier()).unwrap();
        journal.add("d", Event::Looked).unwrap();
        assert_eq!(added(), ["c", "d"]);
        let whole = fs::read(&journal.path).unwrap();
        fs::write(&journal.path, [&whole[..], &whole[..9]].concat()).unwrap();
        assert_eq!(added(), [""; 0]);
    }

    #[test]
    fn it_has_a_bound() {
        let (_folder, journal) = journal();
        fs::write(&journal.path, vec![b'x'; usize::try_from(FULL).unwrap()]).unwrap();
        journal.add("a", Event::Looked).unwrap();
        journal.add("b", Event::Looked).unwrap();
        assert_eq!(journal.entries().map(|entry| entry.instance).collect::<Vec<_>>(), ["b"]);
        assert!(fs::metadata(&journal.path).unwrap().len() < LONGEST_LINE as u64);
    }
}
