//! Who can execute a generated file, and where they are.

use std::process::{Command, Stdio};

use crate::space::{Space, repository};

/// What an executor reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ninja,
    Make,
    Shell,
}

impl Kind {
    /// The format, as `expops compile` calls it.
    pub fn format(self) -> &'static str {
        match self {
            Self::Ninja => "ninja",
            Self::Make => "make",
            Self::Shell => "sh",
        }
    }

    /// What it says if there is nothing to do; a script looks at everything.
    pub fn nothing(self) -> &'static str {
        match self {
            // samurai: "nothing to do"
            Self::Ninja => " to do",
            // 3.81 writes `all'.
            Self::Make => "Nothing to be done for",
            Self::Shell => "",
        }
    }
}

/// One that is there.
#[derive(Clone, Debug)]
pub struct Executor {
    pub name: &'static str,
    pub kind: Kind,
    words: Vec<String>,
}

impl Executor {
    /// The command that builds in `space`.
    pub fn command(&self, space: &Space, flags: &[&str]) -> Command {
        let mut command = space.command(&self.words[0]);
        let file: &[&str] = if self.kind == Kind::Shell { &["build.sh"] } else { &[] };
        command.args(&self.words[1..]).args(file).args(flags).stdin(Stdio::null());
        command
    }
}

/// What stands first in the table; for a Ninja, the folder that `tests/venv` installs it into is named after it.
const ALL: [(&str, Kind, &[&str]); 9] = [
    ("Ninja 1.13", Kind::Ninja, &[]),
    ("Ninja 1.11", Kind::Ninja, &[]),
    ("Ninja 1.10", Kind::Ninja, &[]),
    ("samurai", Kind::Ninja, &["samu", "-j2"]),
    ("GNU Make", Kind::Make, &["make", "-j2"]),
    ("dash", Kind::Shell, &["dash"]),
    ("bash", Kind::Shell, &["bash"]),
    ("busybox sh", Kind::Shell, &["busybox", "sh"]),
    ("mksh", Kind::Shell, &["mksh"]),
];

/// Not every distribution has it.
const OPTIONAL: &str = "samurai";

/// All that are there. The others are skipped with a word, unless all have to be there.
pub fn found() -> Vec<Executor> {
    ALL.iter().filter_map(|(name, kind, words)| executor(name, *kind, words)).collect()
}

/// A Ninja that is too old for dependency files of several outputs.
pub fn older() -> Option<String> {
    executor("Ninja 1.9", Kind::Ninja, &[]).map(|executor| executor.words[0].clone())
}

fn executor(name: &'static str, kind: Kind, words: &[&str]) -> Option<Executor> {
    let words: Vec<_> = match words {
        [] => pip(name).into_iter().collect(),
        words => words.iter().map(|word| (*word).to_owned()).collect(),
    };
    let is_there = words.first().is_some_and(|program| can_start(program));
    if !is_there {
        let is_needed = std::env::var_os("EXPOPS_TEST_FULL").is_some() && name != OPTIONAL;
        assert!(!is_needed, "{name} is not installed (tests/venv and .ci/run do that)");
        eprintln!("{name} is not installed: skipped");
    }
    is_there.then_some(Executor { name, kind, words })
}

fn can_start(program: &str) -> bool {
    let started = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    started.is_ok()
}

/// A Ninja that pip has put into a folder of its own; older packages keep the program beside a script that starts it.
fn pip(name: &str) -> Option<String> {
    let folder = repository().join(".venv/executors").join(name.to_lowercase().replace(' ', "-"));
    let places = ["ninja/data/bin/ninja", "bin/ninja"].map(|place| folder.join(place));
    places.iter().find(|place| place.exists()).map(|place| place.display().to_string())
}
