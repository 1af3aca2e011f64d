//! Workers: an instance that a worker runs is what it is after a cold start, to the byte; a worker that does not
//! work costs a cold start; none is left over.

#![cfg(target_os = "linux")]

mod ends;
mod kills;
mod libraries;
mod reuse;
mod same;

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::space::{Ran, Space, repository};

/// How long one command of a test may take.
const LONGEST: Duration = Duration::from_secs(120);

/// A space whose workers end with the test, as they do with their build folder.
fn space() -> Space {
    Space::new()
}

/// The project file of processes that are functions of `model.py`.
fn pipeline(adjacency: &str, processes: &str) -> String {
    let lines: String = adjacency.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "metadata: {{name: workers}}\nscripts: {{main: model.py}}\npipeline:\n  process_adjlist: |\n{lines}  \
         processes:\n{processes}"
    )
}

/// A command with workers, or without.
fn command(space: &Space, program: &str, with: bool) -> Command {
    let mut command = space.command(program);
    command.env("EXPOPS_WORKERS", if with { "1" } else { "0" });
    command.env_remove("EXPOPS_WORKER_IDLE").env_remove("EXPOPS_WORKER_WAIT");
    command
}

fn fixture(name: &str) -> String {
    fs::read_to_string(repository().join("tests/workers").join(name)).unwrap()
}

/// What `edit` changes about the command, one way or the other.
fn build(space: &Space, with: bool, edit: impl Fn(&mut Command)) -> Ran {
    let mut ninja = command(space, "ninja", with);
    ninja.args(["-k", "0"]);
    edit(&mut ninja);
    bounded(ninja)
}

/// Runs a command that must not take longer than a test may.
#[track_caller]
fn bounded(mut command: Command) -> Ran {
    let [out, err] = [(); 2].map(|()| tempfile::NamedTempFile::new().unwrap());
    let [to_out, to_err] = [&out, &err].map(|file| file.reopen().unwrap());
    let mut child = command.stdin(Stdio::null()).stdout(to_out).stderr(to_err).spawn().unwrap();
    let start = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.code().unwrap_or(-1),
            None if start.elapsed() < LONGEST => std::thread::sleep(Duration::from_millis(5)),
            None => {
                child.kill().unwrap();
                break -1;
            }
        }
    };
    let [out, err] = [&out, &err].map(|file| fs::read_to_string(file.path()).unwrap());
    assert!(start.elapsed() < LONGEST, "{command:?} does not end\n{out}\n{err}");
    Ran { status, out, err }
}

/// All logs and outputs, without what is new in each run.
fn results(space: &Space) -> BTreeMap<String, String> {
    let root = space.path("build");
    let mut found = BTreeMap::new();
    for entry in walkdir::WalkDir::new(&root).into_iter().map(Result::unwrap) {
        let name = entry.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        if entry.file_type().is_file() && !name.starts_with(".expops") {
            let text = plain(&String::from_utf8_lossy(&fs::read(entry.path()).unwrap()));
            let text = if name.ends_with("why.json") { unmeasured(&text) } else { text };
            found.insert(name, text);
        }
    }
    found
}

/// A text without the lines of `why.json` that say how long something took and what it used.
fn unmeasured(text: &str) -> String {
    let is_measured = |line: &&str| {
        let line = line.trim_start();
        ["\"ran\":", "\"cpu\":", "\"memory\":"].iter().any(|name| line.starts_with(name))
    };
    text.lines().filter(|line| !is_measured(line)).map(|line| format!("{line}\n")).collect()
}

/// A text without addresses, the names of run folders, and whether there were workers.
fn plain(text: &str) -> String {
    let text = &text.replace("'EXPOPS_WORKERS': '0'", "'EXPOPS_WORKERS': '1'");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = [rest.find("0x"), rest.find(".run-")].into_iter().flatten().min() {
        let is_address = rest[at..].starts_with("0x");
        let (before, after) = rest.split_at(at + if is_address { 2 } else { 5 });
        out.push_str(before);
        rest = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        // The name of the project's folder can have `0x` in it, and is shorter.
        if is_address && after.len() - rest.len() < 8 {
            rest = after;
        }
    }
    out + rest
}

/// Builds cold and warm, and insists that there is no difference. Returns what came of it.
#[track_caller]
fn same(space: &Space, edit: impl Fn(&mut Command)) -> BTreeMap<String, String> {
    same_in(space, edit, |_| true)
}

/// The same for the files whose names are wanted.
#[track_caller]
fn same_in(
    space: &Space,
    edit: impl Fn(&mut Command),
    is_wanted: impl Fn(&str) -> bool,
) -> BTreeMap<String, String> {
    let [cold, warm] = [false, true].map(|with| {
        let _ = fs::remove_dir_all(space.path("build"));
        let mut compile = command(space, env!("CARGO_BIN_EXE_expops"), with);
        compile.arg("compile");
        bounded(compile).success();
        let ran = build(space, with, &edit);
        (plain(&ran.out), results(space))
    });
    for name in cold.1.keys().chain(warm.1.keys()).filter(|name| is_wanted(name)) {
        let [cold, warm] =
            [&cold, &warm].map(|one| one.1.get(name).map(String::as_str).unwrap_or("(missing)"));
        let different: Vec<_> = cold.lines().zip(warm.lines()).filter(|(cold, warm)| cold != warm).collect();
        assert!(cold == warm, "{name}:\n{different:#?}\n{}\n{}", cold.len(), warm.len());
    }
    let sorted = |text: &str| {
        let mut lines: Vec<_> =
            text.lines().filter(|line| !line.starts_with('[')).map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&cold.0), sorted(&warm.0));
    warm.1
}

/// Takes away what has been built, and nothing else: workers end with their build folder.
fn unbuild(space: &Space) {
    for entry in fs::read_dir(space.path("build")).unwrap().flatten() {
        if entry.file_name() != ".expops" {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
    let _ = fs::remove_dir_all(space.path("build/.expops/cache"));
}

/// The workers of the space's build: the leaders of their sessions.
fn workers(space: &Space) -> Vec<u32> {
    let place = fs::canonicalize(space.path(".")).unwrap();
    let place = place.to_str().unwrap();
    let is_worker = |pid: &u32| {
        let text = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&text);
        line.contains(place) && line.contains("--worker") && session(*pid) == Some(*pid)
    };
    processes().into_iter().filter(is_worker).collect()
}

/// All processes that have to do with the space: children of workers, too.
fn leftovers(space: &Space) -> Vec<(u32, String)> {
    let place = fs::canonicalize(space.path(".")).unwrap();
    let line = |pid: u32| {
        let read = |name| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let folder = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
        let text = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
        (text.contains(place.to_str().unwrap()) || folder.starts_with(&place)).then_some((pid, text))
    };
    processes()
        .into_iter()
        .filter(|pid| state(*pid).is_some_and(|state| state != 'Z'))
        .filter_map(line)
        .collect()
}

fn processes() -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn stat(pid: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(stat.rsplit(')').next()?.split_whitespace().map(str::to_owned).collect())
}

fn state(pid: u32) -> Option<char> {
    stat(pid)?.first()?.chars().next()
}

fn session(pid: u32) -> Option<u32> {
    stat(pid)?.get(3)?.parse().ok()
}

/// Waits until `is_so`, a long time: a loaded machine is slow.
#[track_caller]
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn signal(name: &str, pids: &[u32]) {
    let words = pids.iter().map(u32::to_string);
    Command::new("kill").arg(format!("-{name}")).args(words).output().unwrap();
}
