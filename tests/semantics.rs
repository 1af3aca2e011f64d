//! Sections 2, 3 and 6 of what is promised: real projects, built with real tools.

mod charts;
mod failures;
mod inputs;
mod layers;
mod runs;
mod shell;
mod splits;

use serde_json::Value as Json;

use crate::space::{Ran, Space, Tool};

/// What every script here begins with.
const IMPORTS: &str = "
import os, sys
from pathlib import Path
from expops.core import process, step, log_metric
";

/// A project with one script and this pipeline: `process_adjlist`, then `processes`.
#[track_caller]
fn project(adjacency: &str, processes: &str, script: &str) -> Space {
    configured("", adjacency, processes, script)
}

/// The same with more at the top of the project file.
#[track_caller]
fn configured(top: &str, adjacency: &str, processes: &str, script: &str) -> Space {
    let space = Space::new();
    let indented = |text: &str, by: usize| {
        let lines = text.trim_matches('\n').lines();
        lines.map(|line| format!("{}{line}\n", " ".repeat(by))).collect::<String>()
    };
    let pipeline = format!(
        "pipeline:\n  process_adjlist: |\n{}  processes:\n{}",
        indented(adjacency, 4),
        indented(processes, 4)
    );
    space.write(
        "expops.yaml",
        format!("metadata: {{name: test}}\nscripts: {{main: src/main.py}}\n{top}\n{pipeline}"),
    );
    space.write("src/main.py", format!("{IMPORTS}{script}"));
    space
}

/// Compiles and builds with Ninja.
#[track_caller]
fn built(space: Space) -> Space {
    space.compile(Tool::Ninja).success();
    space.build(Tool::Ninja, &[]).success();
    space
}

/// Compiles, and builds with Ninja what must fail.
#[track_caller]
fn failed(space: &Space) -> Ran {
    space.compile(Tool::Ninja).success();
    space.build(Tool::Ninja, &["-k", "0"]).failure()
}

/// The value of a key that is stored as JSON.
#[track_caller]
fn value(space: &Space, instance: &str, key: &str) -> Json {
    json(space, &format!("build/{instance}/out/{key}.json"))
}

/// A JSON file.
#[track_caller]
fn json(space: &Space, name: &str) -> Json {
    serde_json::from_str(&space.read(name)).unwrap()
}

/// Insists that the program said all of `texts`.
#[track_caller]
fn assert_says(ran: &Ran, texts: &[&str]) {
    for text in texts {
        assert!(ran.says(text), "{text:?} is not in:\n{}{}", ran.out, ran.err);
    }
}

/// Insists that the program said none of `texts`.
#[track_caller]
fn assert_silent_of(ran: &Ran, texts: &[&str]) {
    for text in texts {
        assert!(!ran.says(text), "{text:?} is in:\n{}{}", ran.out, ran.err);
    }
}
