//! A project's life under one executor.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::executors::{Executor, Kind};
use super::pipelines::{Edit, Pipeline};
use crate::space::{Ran, Space, signal_group};

/// The steps, as the table names them.
pub const STEPS: [&str; 12] = [
    "build",
    "null",
    "touch",
    "dry run",
    "row edit",
    "restored",
    "partition added",
    "removed",
    "one fails",
    "repaired",
    "stamp deleted",
    "interrupted",
];
/// How long a build that was interrupted may take to end.
const LONGEST_END: Duration = Duration::from_secs(60);
/// Stands in the table where nothing is counted.
const UNCOUNTED: &str = "·";

/// What was there after a step: each file of the build folder with its content.
type Tree = BTreeMap<String, Vec<u8>>;

/// What happened.
pub struct Walk<'a> {
    space: Space,
    pipeline: &'a Pipeline,
    executor: &'a Executor,
    /// How many instances ran in each step.
    pub cells: Vec<String>,
    trees: Vec<(&'static str, Tree)>,
    counted: usize,
}

impl<'a> Walk<'a> {
    /// Takes a pipeline through all steps.
    pub fn through(pipeline: &'a Pipeline, executor: &'a Executor) -> Self {
        let space = (pipeline.make)();
        let mut walk = Self { space, pipeline, executor, cells: Vec::new(), trees: Vec::new(), counted: 0 };
        walk.space.expops(&["compile", "--format", executor.kind.format()]).success();
        walk.unchanged();
        walk.edited();
        walk.failed();
        walk.lost();
        assert_eq!(walk.cells.len(), STEPS.len());
        assert!(!walk.space.exists("pwned"));
        walk
    }

    /// The first build, and builds of what is the same.
    fn unchanged(&mut self) {
        self.step();
        assert!(self.cells[0] != "0");
        self.null();
        let data = self.space.read(self.pipeline.row.0);
        self.space.write(self.pipeline.row.0, data);
        self.step();
    }

    /// Edits, and what undoes them.
    fn edited(&mut self) {
        let (row, more) = (self.pipeline.row, self.pipeline.more);
        self.edit(row);
        self.dry_run();
        self.step();
        self.undo(row);
        self.step();
        self.edit(more);
        self.step();
        self.undo(more);
        self.step();
    }

    /// An instance of one partition fails; what does not depend on it is built where the executor can go on.
    fn failed(&mut self) {
        let broken = self.pipeline.broken;
        self.edit(broken);
        let flags: &[&str] = match self.executor.kind {
            Kind::Ninja => &["-k0"],
            Kind::Make => &["-k"],
            Kind::Shell => &[],
        };
        self.build(flags).failure();
        self.count();
        self.undo(broken);
        self.step();
    }

    /// A stamp is gone, and a build is interrupted after an edit.
    fn lost(&mut self) {
        fs::remove_file(self.space.path(self.pipeline.stamp)).unwrap();
        self.step();
        self.edit(self.pipeline.row);
        self.interrupt();
        self.build(&[]).success();
        self.trees.push(("interrupted", self.space.tree("build")));
        self.cells.push(UNCOUNTED.to_owned());
        self.says_nothing();
    }

    fn edit(&self, (file, old, new): Edit) {
        self.space.edit(file, old, new);
    }

    fn undo(&self, (file, old, new): Edit) {
        self.space.edit(file, new, old);
    }

    /// Builds without an error, counts what ran, and keeps what was made.
    fn step(&mut self) {
        self.build(&[]).success();
        self.count();
        self.trees.push((STEPS[self.cells.len() - 1], self.space.tree("build")));
    }

    fn null(&mut self) {
        self.says_nothing();
        self.count();
    }

    #[track_caller]
    fn says_nothing(&self) {
        let ran = self.build(&[]).success();
        assert!(ran.says(self.executor.kind.nothing()), "{}: {}{}", self.executor.name, ran.out, ran.err);
    }

    /// What would run is told, and nothing is made; a script has no such flag.
    fn dry_run(&mut self) {
        if self.executor.kind == Kind::Shell {
            self.cells.push(UNCOUNTED.to_owned());
            return;
        }
        let before = self.space.tree("build");
        let ran = self.build(&["-n"]).success();
        assert!(!ran.says(self.executor.kind.nothing()), "{}: {}", self.executor.name, ran.out);
        assert!(self.space.tree("build") == before, "{}: a dry run made something", self.executor.name);
        self.count();
    }

    /// Starts a build and sends it what Ctrl-C does.
    fn interrupt(&self) {
        let mut command = self.executor.command(&self.space, &[]);
        let mut child = command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(150));
        signal_group(&child, Signal::INT);
        ended(&mut child, self.executor.name);
    }

    fn build(&self, flags: &[&str]) -> Ran {
        let output = self.executor.command(&self.space, flags).output();
        output.unwrap_or_else(|error| panic!("{}: {error}", self.executor.name)).into()
    }

    /// Notes how many instances have started to run since the last time.
    fn count(&mut self) {
        let journal = |name| fs::read_to_string(self.space.path(name)).unwrap_or_default();
        let all = journal("build/.expops/journal.1") + &journal("build/.expops/journal");
        let started = all.lines().filter(|line| line.contains("\"event\":\"started\"")).count();
        self.cells.push((started - self.counted).to_string());
        self.counted = started;
    }

    /// After each step there was the same as in `first`.
    pub fn same_bytes(&self, first: &Self, name: &str) {
        assert_eq!(self.trees.len(), first.trees.len());
        for ((step, tree), (_, expected)) in self.trees.iter().zip(&first.trees) {
            let names = tree.keys().chain(expected.keys());
            let differ: Vec<_> = names.filter(|file| tree.get(*file) != expected.get(*file)).collect();
            assert!(differ.is_empty(), "{name}: {step} of {}: {differ:?} differ", self.pipeline.name);
        }
    }
}

/// Waits for the end of a process, but not for ever.
fn ended(child: &mut Child, name: &str) {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > LONGEST_END {
            signal_group(child, Signal::KILL);
            child.wait().unwrap();
            panic!("{name} goes on after it was interrupted");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
