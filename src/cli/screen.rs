//! What `expops run` shows of a build: the build tool's lines without their noise, or one line of progress on a
//! terminal; and a summary at the end. Whatever the tool does not say comes from the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Read, Write as _};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{failed, say, told};
use crate::exec::{self, Places};
use crate::journal::{Ended, Entry, Event, Follower};
use crate::layout::Layout;
use crate::output;
use crate::plan::Plan;

/// How often the journal is read.
const STEP: Duration = Duration::from_millis(200);

/// What to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Display {
    /// The lines of the tool.
    Lines,
    /// One line, rewritten in place.
    OneLine,
    /// The events of the journal, as lines of JSON.
    Json,
    /// Only what went wrong.
    Failures,
}

impl Display {
    /// One line on a terminal, else lines.
    pub(super) fn fitting() -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|value| value == "dumb");
        if io::stdout().is_terminal() && !is_dumb { Self::OneLine } else { Self::Lines }
    }
}

/// A build on the screen.
pub(super) struct Screen<'p> {
    shown: Display,
    labels: BTreeMap<String, String>,
    layout: &'p Layout,
    journal: Follower,
    tally: Tally,
    start: Instant,
    /// The number of steps, if the tool itself does not count them.
    total: Option<usize>,
    step: (usize, usize, String),
    is_command: bool,
    /// The status since the standard output could not be written.
    unwritten: Option<u8>,
}

/// The states of a build's instances.
#[derive(Default)]
struct Tally {
    running: BTreeSet<String>,
    looked: usize,
    ended: BTreeMap<String, Ended>,
}

impl Tally {
    fn add(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Looked => self.looked += 1,
            Event::Started { .. } => {
                self.ended.remove(&entry.instance);
                self.running.insert(entry.instance.clone());
            }
            Event::Ended(ended) => {
                self.running.remove(&entry.instance);
                self.ended.insert(entry.instance.clone(), ended.clone());
            }
        }
    }

    fn with<'t>(&'t self, outcome: &'t str) -> impl Iterator<Item = &'t Ended> {
        self.ended.values().filter(move |ended| ended.outcome == outcome)
    }

    /// The instances that failed, or were left out because another failed.
    fn failed(&self) -> impl Iterator<Item = (&String, &Ended)> {
        let is_well = |ended: &Ended| ["ran", "restored", "skipped"].contains(&ended.outcome.as_str());
        self.ended.iter().filter(move |(_, ended)| !is_well(ended))
    }

    /// The counts for people: `3 ran, 1 from the cache`.
    fn counts(&self) -> Vec<String> {
        let all = [
            (self.with("ran").count(), "ran"),
            (self.with("restored").count(), "from the cache"),
            (self.failed().count(), "failed"),
            (self.with("skipped").count(), "skipped"),
        ];
        all.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
    }
}

impl<'p> Screen<'p> {
    /// The screen of a build that begins now. `total` is the number of its steps, if the tool does not count
    /// them.
    pub(super) fn new(shown: Display, plan: &Plan, layout: &'p Layout, total: Option<usize>) -> Self {
        Self {
            shown,
            labels: plan.actions().map(|action| (action.instance, action.label)).collect(),
            layout,
            journal: Follower::at_end(layout.journal()),
            tally: Tally::default(),
            start: Instant::now(),
            total,
            step: (0, 0, String::new()),
            is_command: false,
            unwritten: None,
        }
    }

    /// Shows what a tool prints into `out`, up to its end.
    pub(super) fn show(&mut self, out: impl Read) -> io::Result<()> {
        let (done, is_done) = channel::<()>();
        let screen = Mutex::new(self);
        let locked = || screen.lock().unwrap_or_else(PoisonError::into_inner);
        thread::scope(|scope| {
            let locked = &locked;
            scope.spawn(move || {
                while is_done.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
                    locked().tick();
                }
            });
            let shown = BufReader::new(out).lines().try_for_each(|line| {
                locked().line(&line?);
                Ok(())
            });
            drop(done);
            shown
        })
    }

    /// Reads what is new in the journal.
    fn tick(&mut self) {
        for entry in self.journal.added() {
            if self.shown == Display::Json {
                self.print(&(serde_json::to_string(&entry).unwrap_or_default() + "\n"));
            }
            self.tally.add(&entry);
        }
        self.draw();
    }

    /// Handles a line of the tool.
    fn line(&mut self, line: &str) {
        // When an edge fails, Ninja prints the file that was to be made, and on the next line the command.
        if std::mem::replace(&mut self.is_command, line.starts_with("FAILED: ")) || self.is_command {
            return;
        }
        let numbered = match (step(line), self.total) {
            (Some(step), None) => Some(step),
            (None, Some(total)) if total > 0 && !line.starts_with("make:") && !line.starts_with("make[") => {
                Some((self.step.0 + 1, total, line.to_owned()))
            }
            _ => None,
        };
        if let Some(step) = &numbered {
            self.step = step.clone();
        }
        match (self.shown, numbered) {
            (Display::Json, _) | (Display::Failures, Some(_)) => {}
            (Display::OneLine, Some(_)) => self.draw(),
            (_, Some((number, total, text))) => self.print(&format!("[{number}/{total}] {text}\n")),
            (_, None) => {
                self.clear();
                self.print(&format!("{line}\n"));
                self.draw();
            }
        }
    }

    /// Prints, until that fails: whoever started the build wants it all the same.
    fn print(&mut self, text: &str) {
        if self.unwritten.is_some() {
            return;
        }
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        if written.is_err() {
            self.unwritten = Some(output::status(written));
        }
    }

    /// The status if the standard output could not be written, which has been reported.
    pub(super) fn unwritten(&self) -> u8 {
        self.unwritten.unwrap_or(0)
    }

    fn clear(&mut self) {
        if self.shown == Display::OneLine {
            self.print("\r\x1b[K");
        }
    }

    /// Writes the one line: `[12/64] fit p3: 4 running, 1 failed, 2 min 3 s left`.
    fn draw(&mut self) {
        if self.shown != Display::OneLine || self.step.1 == 0 {
            return;
        }
        let (number, total, text) = &self.step;
        let running = Some(self.tally.running.len()).filter(|count| *count > 0);
        let running = running.map(|count| format!("{count} running"));
        let left = self.start.elapsed().as_secs_f64() / *number as f64 * total.saturating_sub(*number) as f64;
        let left = (number < total).then(|| format!("about {} left", told::seconds(left)));
        let told: Vec<_> = running.into_iter().chain(self.tally.counts()).chain(left).collect();
        // The terminal is told to cut a line that is too long, and not to wrap it.
        let line = format!("\r\x1b[K\x1b[?7l[{number}/{total}] {text}: {}\x1b[?7h", told.join(", "));
        self.print(&line);
    }

    /// Prints how the build went, if anything was done or looked at.
    pub(super) fn finish(&mut self, is_well: bool) {
        self.tick();
        self.clear();
        let (counts, time) = (self.tally.counts(), self.start.elapsed().as_secs_f64());
        if self.shown == Display::Json {
            self.print(&format!("{}\n", self.summary(is_well, time)));
            return;
        }
        if self.shown != Display::Failures {
            self.say_counts(counts, time);
        }
        self.list();
    }

    fn say_counts(&mut self, counts: Vec<String>, time: f64) {
        let looked = Some(self.tally.looked).filter(|count| *count > 0);
        let looked = looked.map(|count| format!("{count} up to date"));
        if counts.is_empty() {
            // The lines of the build tool look as if something had run.
            looked.iter().for_each(|looked| self.print(&format!("nothing ran, {looked}\n")));
            return;
        }
        let saved: f64 = self.tally.with("restored").map(|ended| ended.ran).sum();
        let saved = (saved >= 1.0).then(|| format!("the cache saved {}", told::seconds(saved)));
        let all: Vec<_> = counts.into_iter().chain(looked).chain(saved).collect();
        self.print(&format!("{} in {}\n", all.join(", "), told::seconds(time)));
    }

    /// Lists what failed, with the reason of each, where the project file names it, and its log.
    fn list(&self) {
        let labelled = self.tally.failed().map(|(instance, ended)| {
            (self.labels.get(instance).unwrap_or(instance).as_str(), instance.as_str(), ended)
        });
        if let Some(text) = failed::list(labelled, exec::MOST_FAILED, self.layout) {
            say::error(&text);
        }
    }

    fn summary(&self, is_well: bool, time: f64) -> serde_json::Value {
        let places = Places::read(self.layout);
        let failed = self.tally.failed().map(|(instance, ended)| {
            json!({"instance": instance, "place": places.of_process(instance), "ended": ended})
        });
        json!({
            "event": "finished",
            "well": is_well,
            "seconds": time,
            "ran": self.tally.with("ran").count(),
            "restored": self.tally.with("restored").count(),
            "skipped": self.tally.with("skipped").count(),
            "up_to_date": self.tally.looked,
            "failed": failed.collect::<Vec<_>>(),
        })
    }
}

/// Parses a line of progress from Ninja: `[3/8] fit p1`.
fn step(line: &str) -> Option<(usize, usize, String)> {
    let (numbers, text) = line.strip_prefix('[')?.split_once("] ")?;
    let (number, total) = numbers.split_once('/')?;
    Some((number.parse().ok()?, total.parse().ok()?, text.to_owned()))
}
