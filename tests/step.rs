//! One edit, and what runs after it: `expops status` says before the build what it would do, and is held
//! to it.

use std::fs;

use serde_json::Value;

use crate::space::{Space, Tool};

/// Processes that run and do not log their names: splits without code, charts that a page draws, and one
/// that is renamed.
const SILENT: [&str; 5] = ["cut", "fan", "inner", "page", "rest"];

/// Builds, expects exactly `expected` to run, and compares what `status` said before.
#[track_caller]
pub fn step(space: &Space, tool: Tool, what: &str, expected: &[&str]) {
    let wrong = wrong(space, tool, expected);
    assert!(wrong.is_empty(), "{tool:?}: {what}:\n{}", wrong.join("\n"));
}

/// What was wrong with a step.
#[track_caller]
fn wrong(space: &Space, tool: Tool, expected: &[&str]) -> Vec<String> {
    let status = space.expops(&["status", "--json", "--exit-code"]);
    let said: Value =
        serde_json::from_str(&status.out).unwrap_or_else(|_| panic!("{}{}", status.out, status.err));
    let ran = space.ran(tool);
    let mut wrong = Vec::new();
    if ran != expected {
        wrong.push(format!("ran {ran:?} instead of {expected:?}"));
    }
    for process in said.as_array().unwrap() {
        let name = process["process"].as_str().unwrap();
        let count = |key: &str| process[key].as_u64().unwrap();
        let executed = ran.iter().filter(|line| line.split(' ').next() == Some(name)).count() as u64;
        let least = if SILENT.contains(&name) { 0 } else { count("would_run") };
        if executed < least || count("would_run") + count("may_run") < executed {
            wrong.push(format!("status said {process:#}, {executed} ran"));
        }
    }
    space.nothing_to_do(tool);
    let status = space.expops(&["status", "--exit-code"]);
    if status.status != 0 {
        wrong.push(format!("status says after it:\n{}{}", status.out, status.err));
    }
    wrong
}

/// An edit: a file, a text that stands in it once, and what to write instead. Where the old text is empty,
/// the file is a new one.
pub type Edit<'a> = (&'a str, &'a str, &'a str);

/// An edit and what it runs, and its nearest neighbour, which runs nothing.
pub type Pair<'a> = (Edit<'a>, &'a str, Edit<'a>);

/// Holds a project to `pairs`. Each edit is undone where its neighbour is made: neither runs anything.
#[track_caller]
pub fn hold(space: &Space, tool: Tool, pairs: &[Pair<'_>]) {
    hold_compiled(space, tool, pairs, || ());
}

/// The same, where a build does not notice by itself that it has to compile.
#[track_caller]
pub fn hold_compiled(space: &Space, tool: Tool, pairs: &[Pair<'_>], compile: impl Fn()) {
    let mut failed = Vec::new();
    let mut hold = |what: String, expected: &str| {
        compile();
        let wrong = wrong(space, tool, &split(expected));
        failed.extend(wrong.into_iter().map(|wrong| format!("{what}: {wrong}")));
    };
    for (edit, expected, neighbour) in pairs {
        let old = change(space, edit);
        hold(format!("{edit:?}"), expected);
        undo(space, edit, old);
        let old = change(space, neighbour);
        hold(format!("{edit:?} undone, {neighbour:?}"), "");
        undo(space, neighbour, old);
    }
    hold("everything undone".to_owned(), "");
    assert!(failed.is_empty(), "{tool:?}:\n{}", failed.join("\n"));
}

/// What is listed, sorted.
pub fn split(list: &str) -> Vec<&str> {
    let mut words: Vec<_> = list.split(", ").filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words
}

/// Makes an edit; returns what the file said before, if it was there.
#[track_caller]
pub fn change(space: &Space, (file, old, new): &Edit<'_>) -> Option<String> {
    if old.is_empty() {
        assert!(!space.exists(file), "{file} is there");
        space.write(file, new);
        return None;
    }
    let text = space.read(file);
    assert_eq!(text.matches(old).count(), 1, "{file}: {old:?}");
    space.write(file, text.replace(old, new));
    Some(text)
}

/// Undoes an edit.
pub fn undo(space: &Space, (file, ..): &Edit<'_>, before: Option<String>) {
    match before {
        Some(text) => space.write(file, text),
        None => fs::remove_file(space.path(file)).unwrap(),
    }
}
