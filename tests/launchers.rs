//! Launchers: what runs elsewhere comes back as it would be made here, to the byte; a launcher that does not do what it
//! should is an error, and nothing is lost or believed; nothing goes on behind a build that was ended.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::space::{Ran, Space, TOOLS, Tool, of_one, repository, signal_group};

/// How long one command of a test may take.
const LONGEST: Duration = Duration::from_secs(60);

/// Python and shell, a split, an aggregation; Python reads a file that nobody declared.
pub const PIPELINE: &str = r"
metadata: {name: launched}
scripts: {main: model.py}
pipeline:
  process_adjlist: |
    load split
    split fit
    split count
    fit report
    count report
  processes:
    - name: load
      command: cp data/rows.csv {{ outputs.rows }}
      outputs: {rows: rows.csv}
    - name: split
      data_parallelism: {size: 3, data_name: rows}
    - name: fit
      resources: {cpus: 2, memory: 300MB, time: 10min}
    - name: count
      command: wc -l < {{ inputs.rows }} > {{ outputs.lines }}
      outputs: {lines: lines.txt}
    - name: report
      data_aggregation: true
";

pub const MODEL: &str = r"
import os
import pathlib
import numpy as np
from expops.core import log_metric


def fit(rows):
    factor = int(pathlib.Path('data/factor.txt').read_text())
    numbers = [int(line) for line in rows.read_text().split()[1:]]
    log_metric('sum', sum(numbers) * factor)
    pathlib.Path('beside.txt').write_text(str(numbers))
    return {'sum': sum(numbers) * factor, 'array': np.arange(len(numbers)), 'threads': os.environ['OMP_NUM_THREADS']}


def report(sum, lines):
    return {'sum': sum, 'lines': {label: path.read_text() for label, path in lines.items()}}
";

/// A launcher that runs what it is given, and says so in `launched`.
const GOOD: &str = "echo \"$EXPOPS_LABEL\" >> launched\nexec \"$@\"";

pub fn project() -> Space {
    let space = Space::new();
    space.write("expops.yaml", PIPELINE);
    space.write("model.py", MODEL);
    let rows: String = (0..20).map(|row| format!("{row}\n")).collect();
    space.write("data/rows.csv", format!("x\n{rows}"));
    space.write("data/factor.txt", "3");
    space
}

/// Writes a launcher with this body; its arguments are the words behind `--`.
pub fn launcher(space: &Space, name: &str, body: &str) {
    space.write(name, format!("#!/bin/sh\n[ \"$1\" = -- ] || exit 99\nshift\n{body}\n"));
    fs::set_permissions(space.path(name), fs::Permissions::from_mode(0o755)).unwrap();
}

/// A build, with the launcher that is called `name` in the space.
fn command(space: &Space, tool: Tool, name: Option<&str>) -> Command {
    let mut command = match tool {
        Tool::Ninja => space.command("ninja"),
        Tool::Make => {
            let mut make = space.command("make");
            make.arg("-j2");
            make
        }
    };
    if let Some(name) = name {
        command.env("EXPOPS_LAUNCHER", space.path(name));
    }
    command
}

/// Runs a command that must not take longer than a test may.
#[track_caller]
pub fn bounded(mut command: Command) -> Ran {
    let [out, err] = [(); 2].map(|()| tempfile::NamedTempFile::new().unwrap());
    let [to_out, to_err] = [&out, &err].map(|file| file.reopen().unwrap());
    command.stdin(Stdio::null()).stdout(to_out).stderr(to_err).process_group(0);
    let mut child = command.spawn().unwrap();
    let is_over = soon(LONGEST, || child.try_wait().unwrap().is_some());
    let [out, err] = [&out, &err].map(|file| fs::read_to_string(file.path()).unwrap());
    if !is_over {
        signal_group(&child, Signal::KILL);
        panic!("{command:?} does not end\n{out}\n{err}");
    }
    Ran { status: child.wait().unwrap().code().unwrap_or(-1), out, err }
}

/// Whether something comes to be so in time.
pub fn soon(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if is_so() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn build(space: &Space, tool: Tool, name: Option<&str>) -> Ran {
    bounded(command(space, tool, name))
}

fn launched(space: &Space) -> Vec<String> {
    let text = fs::read_to_string(space.path("launched")).unwrap_or_default();
    let _ = fs::remove_file(space.path("launched"));
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

const ALL: [&str; 8] = ["count p1", "count p2", "count p3", "fit p1", "fit p2", "fit p3", "load", "report"];

#[test]
fn what_a_launcher_runs_is_the_same_and_only_what_is_not_there_is_launched() {
    let space = project();
    launcher(&space, "launch it", GOOD);
    space.compile(Tool::Ninja).success();
    build(&space, Tool::Ninja, None).success();
    let here = space.tree("build");
    assert_eq!(build(&space, Tool::Ninja, Some("launch it")).success().out, "ninja: no work to do.\n");
    for tool in TOOLS {
        fs::remove_dir_all(space.path("build")).unwrap();
        space.compile(tool).success();
        build(&space, tool, Some("launch it")).success();
        assert_eq!(launched(&space), ALL, "{tool:?}");
        let there = space.tree("build");
        assert_eq!(there.keys().collect::<Vec<_>>(), here.keys().collect::<Vec<_>>());
        let other: Vec<_> = there.iter().filter(|(name, bytes)| here[*name] != **bytes).collect();
        assert!(other.is_empty(), "{other:?}");
        space.nothing_to_do(tool);
        build(&space, tool, Some("launch it")).success();
        assert!(launched(&space).is_empty());
    }
    // What was read over there is known here; what comes from the cache is not launched.
    space.compile(Tool::Ninja).success();
    build(&space, Tool::Ninja, Some("launch it")).success();
    assert!(launched(&space).is_empty());
    space.write("data/factor.txt", "4");
    build(&space, Tool::Ninja, Some("launch it")).success();
    assert_eq!(launched(&space), ["fit p1", "fit p2", "fit p3", "report"]);
    space.write("data/factor.txt", "3");
    build(&space, Tool::Ninja, Some("launch it")).success();
    assert!(launched(&space).is_empty());
}

#[test]
fn on_a_scratch_disk_all_is_the_same() {
    let space = project();
    launcher(&space, "launch", &format!("export TMPDIR=\"$PWD/own\"; {GOOD}"));
    space.compile(Tool::Ninja).success();
    build(&space, Tool::Ninja, None).success();
    let here = space.tree("build");
    fs::create_dir_all(space.path("own")).unwrap();
    for scratch in ["$TMPDIR", space.path("own").to_str().unwrap()] {
        fs::remove_dir_all(space.path("build")).unwrap();
        space.compile(Tool::Ninja).success();
        let mut ninja = command(&space, Tool::Ninja, Some("launch"));
        ninja.env("EXPOPS_SCRATCH", scratch);
        bounded(ninja).success();
        assert_eq!(launched(&space), ALL);
        assert!(space.tree("build") == here);
        assert_eq!(fs::read_dir(space.path("own")).unwrap().count(), 0);
        space.write("data/factor.txt", "3 ");
        let mut ninja = command(&space, Tool::Ninja, Some("launch"));
        ninja.env("EXPOPS_SCRATCH", scratch);
        bounded(ninja).success();
        assert_eq!(launched(&space)[..3], ["fit p1", "fit p2", "fit p3"]);
        space.write("data/factor.txt", "3");
    }
    let mut ninja = command(&space, Tool::Ninja, Some("launch"));
    ninja.env("EXPOPS_SCRATCH", "/nowhere/at/all");
    space.edit("expops.yaml", "- name: fit", "- name: fit\n      on_failure: drop");
    space.write("data/factor.txt", "5");
    let ran = bounded(ninja).failure();
    assert!(ran.says("EXPOPS_SCRATCH: cannot make a folder in `/nowhere/at/all`"), "{}", ran.out);
    assert!(!space.exists("build/fit/p1/failed.json"), "no instance was left out");
}

/// A library in whose presence no file system has locks, and which says in `asked` that it was asked for one.
const NO_LOCKS: &str = r#"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int flock(int file, int operation) {
    (void)file, (void)operation;
    close(open(getenv("ASKED"), O_CREAT | O_WRONLY, 0600));
    errno = ENOSYS;
    return -1;
}
"#;

#[test]
fn without_locks_all_is_the_same() {
    let space = project();
    // The path of a library that is preloaded has no blanks.
    let own = tempfile::tempdir().unwrap();
    let [code, library, asked] = ["no_locks.c", "no_locks.so", "asked"].map(|name| own.path().join(name));
    fs::write(&code, NO_LOCKS).unwrap();
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &code]).status();
    assert!(made.unwrap().success());
    space.edit("expops.yaml", "- name: fit", "- name: fit\n      batch: 3");
    launcher(&space, "launch", GOOD);
    space.compile(Tool::Ninja).success();
    build(&space, Tool::Ninja, None).success();
    let here = space.tree("build");
    for tool in TOOLS {
        fs::remove_dir_all(space.path("build")).unwrap();
        let without = |tool: Tool| {
            let mut command = command(&space, tool, Some("launch"));
            command.env("LD_PRELOAD", &library).env("ASKED", &asked);
            bounded(command)
        };
        space.compile(tool).success();
        let ran = without(tool).success();
        assert!(fs::remove_file(&asked).is_ok(), "{tool:?}: nobody asked for a lock");
        assert!(ran.says("warning: ") && ran.says("lock"), "{tool:?}: {}{}", ran.out, ran.err);
        let called = launched(&space);
        let of = |name: &str| called.iter().filter(|label| label.starts_with(name)).count();
        assert_eq!((of("load"), of("count"), of("report")), (1, 3, 1), "{tool:?}: {called:?}");
        let mut there = space.tree("build");
        assert!(there.remove(".expops/no-locks").is_some(), "{tool:?}");
        let differ = |name: &&String| there.get(*name) != here.get(*name);
        let differing: Vec<_> = there.keys().chain(here.keys()).filter(differ).collect();
        assert!(differing.is_empty(), "{tool:?}: {differing:?}");
        without(tool).success();
        space.nothing_to_do(tool);
        assert!(launched(&space).is_empty(), "{tool:?}");
    }
}

#[test]
fn a_result_may_be_seen_late() {
    let space = project();
    // As on a file system that shows what others wrote after a while.
    let late = "here=$(dirname \"$EXPOPS_REQUEST\"); \"$@\"; mv \"$here/done.json\" \"$here/later\"\n\
                setsid sh -c 'sleep 1.5; mv \"$1/later\" \"$1/done.json\"' - \"$here\" > /dev/null 2>&1 &";
    launcher(&space, "launch", late);
    space.compile(Tool::Ninja).success();
    let ran = build(&space, Tool::Ninja, Some("launch")).failure();
    assert!(ran.says("load: the launcher") && ran.says("left no whole result"), "{}", ran.out);
    let mut patient = command(&space, Tool::Ninja, Some("launch"));
    patient.env("EXPOPS_LATENCY", "50");
    bounded(patient).success();
    space.nothing_to_do(Tool::Ninja);
}

/// How many partitions there are where many are needed.
const MANY: usize = 300;

#[test]
fn many_looks_launch_nothing() {
    let space = Space::new();
    space.write(
        "expops.yaml",
        format!(
            "pipeline:\n  process_adjlist: |\n    load split\n    split work\n  processes:\n    - name: load\n      \
             command: seq 0 {MANY} > {{{{ outputs.rows }}}}\n      outputs: {{rows: rows.csv}}\n    - name: split\n      \
             data_parallelism: {{size: {MANY}, data_name: rows}}\n    - name: work\n      \
             command: echo ran >> .ran.log; cp {{{{ inputs.rows }}}} {{{{ outputs.copy }}}}\n      outputs: {{copy: copy.csv}}\n"
        ),
    );
    launcher(&space, "launch", GOOD);
    space.compile(Tool::Ninja).success();
    space.set("EXPOPS_FSYNC", Some("0"));
    // Making them there would take minutes.
    let mut here = space.command("ninja");
    here.args(["-j4", "--quiet"]);
    Ran::from(here.output().unwrap()).success();
    assert_eq!(space.logged().len(), MANY);
    let looks = |space: &Space| space.read("build/.expops/journal").matches("\"event\":\"looked\"").count();
    let before = looks(&space);
    let ran = build(&space, Tool::Ninja, Some("launch")).success();
    assert_eq!((ran.out.as_str(), looks(&space)), ("ninja: no work to do.\n", before));
    // Without its notes, Ninja has everything looked at.
    fs::remove_file(space.path(".ninja_log")).unwrap();
    let mut ninja = command(&space, Tool::Ninja, Some("launch"));
    ninja.args(["-j4", "--quiet"]);
    Ran::from(ninja.output().unwrap()).success();
    assert!(looks(&space) >= before + MANY, "{} after {before}", looks(&space));
    assert!(launched(&space).is_empty());
    assert_eq!(space.logged().len(), MANY, "nothing ran again");
}

#[test]
fn a_launcher_is_told_what_is_needed() {
    let space = project();
    let told = "for name in LABEL CPUS MEMORY_MB TIME_S GPUS ATTEMPT; do eval echo \"$name=\\$EXPOPS_$name\"; done > \
                \"told $EXPOPS_LABEL\"; cat \"$EXPOPS_INPUTS\" > \"in $EXPOPS_LABEL\"; cat \"$EXPOPS_OUTPUTS\" > \
                \"out $EXPOPS_LABEL\"; [ -f \"$EXPOPS_REQUEST\" ] || exit 98; exec \"$@\"";
    launcher(&space, "launch", told);
    space.compile(Tool::Ninja).success();
    build(&space, Tool::Ninja, Some("launch")).success();
    let fit = "LABEL=fit p2\nCPUS=2\nMEMORY_MB=287\nTIME_S=600\nGPUS=\nATTEMPT=1\n";
    assert_eq!(space.read("told fit p2"), fit);
    let rows = space.read("in count p2");
    let rows = rows.trim_end();
    assert!(fs::read_to_string(rows).unwrap().starts_with("x\n"), "{rows}");
    assert!(space.read("out count p2").ends_with("/out/lines.txt\n"));
}

#[test]
fn the_launcher_can_be_named_when_the_build_is_started() {
    let space = project();
    launcher(&space, "launch", GOOD);
    let path = space.path("launch");
    space.expops(&["run", "--launcher", path.to_str().unwrap()]).success();
    assert_eq!(launched(&space), ALL);
    let ran = space.expops(&["run", "--launcher", "/no/such/program", "--force", "load"]).failure();
    assert!(
        ran.says("the launcher `/no/such/program` cannot be started: there is no such program"),
        "{}",
        ran.err
    );
}

#[test]
fn a_bad_launcher_is_an_error_and_the_next_build_goes_on() {
    let space = project();
    let bad = [
        ("exit 0", "ended with exit status 0 and has run nothing"),
        (
            "echo a word; echo error: no partition of this name; echo; echo help; exit 3",
            "ended with exit status 3 and has run nothing: error: no partition of this name",
        ),
        ("kill -9 $$", "was killed by signal 9 and has run nothing"),
        // It dies half way, and what it has started with it.
        (
            "\"$@\" & sleep 0.3; kill -9 $!; exit 0",
            "ended with exit status 0: what it had started left no whole result",
        ),
        // What was made is cut short, or gone, before it comes back.
        ("\"$@\"; echo > \"$(cat \"$EXPOPS_OUTPUTS\")\"", "left no whole result"),
        ("\"$@\"; rm \"$(cat \"$EXPOPS_OUTPUTS\")\"; exit 1", "left no whole result"),
        // The end of another run.
        ("cp old \"$(dirname \"$EXPOPS_REQUEST\")/done.json\"", "and has run nothing"),
    ];
    space.edit("expops.yaml", "command: cp", "command: sleep 0.6; cp");
    launcher(&space, "launch", "\"$@\"; cp \"$(dirname \"$EXPOPS_REQUEST\")/done.json\" old");
    space.compile(Tool::Ninja).success();
    let mut first = command(&space, Tool::Ninja, Some("launch"));
    first.arg("build/load/record.json");
    bounded(first).success();
    let stamp = space.read("build/load/stamp");
    for (body, message) in bad {
        launcher(&space, "launch", body);
        space.write("data/rows.csv", "x\n1\n2\n3\n");
        let ran = build(&space, Tool::Ninja, Some("launch")).failure();
        assert!(ran.says(message), "{body}: {}", ran.out);
        assert_eq!(space.read("build/load/stamp"), stamp, "{body}");
    }
    assert!(build(&space, Tool::Ninja, Some("launch")).failure().says("load"));
    launcher(&space, "launch", GOOD);
    build(&space, Tool::Ninja, Some("launch")).success();
    assert_eq!(launched(&space), ALL);
    assert_eq!(space.read("build/load/out/rows.csv"), "x\n1\n2\n3\n");
}

#[test]
fn a_launcher_that_runs_nothing_is_no_failure_of_the_task() {
    let space = project();
    space.edit("expops.yaml", "- name: fit", "- name: fit\n      on_failure: drop\n      retries: 2");
    space.compile(Tool::Ninja).success();
    let ends = ["echo; echo no partition of this name >&2; exit 3", "exit 0", "kill -9 $$"];
    for end in ends {
        let odd = format!("case $EXPOPS_LABEL in fit*) {end};; esac");
        launcher(&space, "launch", &format!("echo \"$EXPOPS_LABEL\" >> launched\n{odd}\nexec \"$@\""));
        let mut ninja = command(&space, Tool::Ninja, Some("launch"));
        ninja.args(["-k", "0"]);
        let ran = bounded(ninja).failure();
        assert!(ran.says("launch` ") && ran.says(" and has run nothing"), "{end}: {}", ran.out);
        assert!(ran.says("help: EXPOPS_LAUNCHER names it"), "{end}: {}", ran.out);
        assert_eq!(ran.says("has run nothing: no partition of this name"), end == ends[0], "{}", ran.out);
        let mut labels = launched(&space);
        labels.retain(|label| label.starts_with("fit"));
        assert_eq!(labels, ["fit p1", "fit p2", "fit p3"], "{end}: it is not tried again");
        for name in ["fit/p1/stamp", "fit/p1/failed.json", "report/record.json"] {
            assert!(!space.exists(&format!("build/{name}")), "{end}: {name}");
        }
    }
    launcher(&space, "launch", GOOD);
    build(&space, Tool::Ninja, Some("launch")).success();
    assert_eq!(launched(&space), ["fit p1", "fit p2", "fit p3", "report"]);
}

#[test]
fn a_launcher_may_run_a_task_twice_or_talk_or_fail_and_the_result_counts() {
    let space = project();
    space.edit("expops.yaml", "command: cp", "command: echo ran >> .ran.log; sleep 0.3; cp");
    let odd = [
        "\"$@\"; \"$@\"",
        "\"$@\" & \"$@\"; wait",
        // Whoever it waits for, the first has ended then.
        "\"$@\" & sleep 0.2; \"$@\"",
        "\"$@\"; exit 77",
        "head -c 5000000 /dev/zero | tr '\\0' x; \"$@\"; head -c 5000000 /dev/zero >&2",
    ];
    for (number, body) in odd.iter().enumerate() {
        launcher(&space, "launch", body);
        space.write("data/rows.csv", format!("x\n{number}\n2\n3\n"));
        space.compile(Tool::Ninja).success();
        let _ = fs::remove_file(space.path(".ran.log"));
        build(&space, Tool::Ninja, Some("launch")).success();
        assert_eq!(space.logged(), ["ran"], "{body}");
        assert_eq!(space.read("build/load/out/rows.csv"), format!("x\n{number}\n2\n3\n"), "{body}");
    }
}

#[test]
fn what_fails_over_there_fails_here_with_the_same_words() {
    let space = project();
    launcher(&space, "launch", GOOD);
    space.edit("model.py", "factor = int", "raise ValueError('no') if len(rows.read_text()) else int");
    space.edit("expops.yaml", "wc -l", "echo before; exit 3; wc -l");
    space.compile(Tool::Ninja).success();
    let lines = |ran: &Ran| {
        let lines = ran.out.lines().filter(|line| !line.starts_with('[') && !line.starts_with("FAILED"));
        // Run folders have a new name each time.
        let plain =
            |line: &str| line.split(".run-").map(|part| part.get(6..).unwrap_or(part)).collect::<String>();
        let mut lines: Vec<_> = lines.map(plain).collect();
        lines.sort();
        lines
    };
    let mut here = command(&space, Tool::Ninja, None);
    here.args(["-k", "0"]);
    let here = bounded(here).failure();
    let mut there = command(&space, Tool::Ninja, Some("launch"));
    there.args(["-k", "0"]);
    let there = bounded(there).failure();
    assert!(there.says("ValueError: no") && there.says("exit status 3"), "{}", there.out);
    assert_eq!(lines(&there), lines(&here));
    assert!(space.read("build/count/p1/log").contains("before"));
}

#[test]
fn a_task_that_takes_too_long_is_ended() {
    let space = project();
    launcher(&space, "launch", GOOD);
    // The shell does not go on when what it waits for is killed.
    let late = "resources: {time: 1s}\n      command: sleep 600; echo 1 > {{ outputs.rows }} #";
    space.edit("expops.yaml", "command: cp", late);
    space.compile(Tool::Ninja).success();
    let ran = build(&space, Tool::Ninja, Some("launch")).failure();
    assert!(ran.says("it took longer than its `time`"), "{}", ran.out);
}

/// Starts a build whose `load` holds the lock on `lock` as long as it or a child of it lives.
fn held(space: &Space, body: &str, patience: &str) -> Child {
    space.edit("expops.yaml", "command: cp", "command: exec 9> lock; flock 9; echo > started; sleep 600; cp");
    launcher(space, "launch", body);
    space.compile(Tool::Ninja).success();
    let mut ninja = command(space, Tool::Ninja, Some("launch"));
    ninja.env("EXPOPS_PATIENCE", patience).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let child = ninja.spawn().unwrap();
    assert!(soon(LONGEST, || space.exists("started")), "it does not start");
    child
}

/// Whether the lock comes free.
fn is_free(path: &Path) -> bool {
    let lock = fs::File::create(path).unwrap();
    soon(LONGEST, || lock.try_lock().is_ok())
}

#[test]
fn nothing_goes_on_behind_a_build_that_was_ended() {
    for (signal, body) in
        [(Signal::INT, "\"$@\""), (Signal::TERM, "exec \"$@\""), (Signal::KILL, "\"$@\"; true")]
    {
        let space = project();
        let mut ninja = held(&space, body, "600");
        signal_group(&ninja, signal);
        assert!(is_free(&space.path("lock")), "{signal:?}");
        ninja.wait().unwrap();
        space.edit("expops.yaml", "exec 9> lock; flock 9; echo > started; sleep 600; ", "");
        space.compile(Tool::Ninja).success();
        build(&space, Tool::Ninja, None).success();
    }
}

/// The tool does not notice that the `expops run` above it is gone.
#[test]
fn nothing_goes_on_behind_an_expops_run_that_was_killed() {
    let space = project();
    space.edit("expops.yaml", "command: cp", "command: exec 9> lock; flock 9; echo > started; sleep 600; cp");
    launcher(&space, "launch", GOOD);
    let mut run = space.command("expops");
    run.args(["run", "-j1", "--launcher", "./launch"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = run.spawn().unwrap();
    assert!(soon(LONGEST, || space.exists("started")), "it does not start");
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(is_free(&space.path("lock")));
    assert_eq!(launched(&space), ["load"]);
}

/// A project of one process that was built by a launcher with this body.
fn launched_by(body: &str) -> Space {
    let space = Space::new();
    space.write("expops.yaml", of_one("work"));
    space.write("s.py", "from expops.core import process\n\n@process()\ndef work():\n    return {'x': 1}\n");
    launcher(&space, "launch", body);
    space.compile(Tool::Ninja).success();
    build(&space, Tool::Ninja, Some("launch")).success();
    space
}

#[test]
fn the_time_in_a_queue_is_no_time_of_work() {
    let space = launched_by("sleep 2; exec \"$@\"");
    let journal = space.read("build/.expops/journal");
    let last = |name: &str| -> f64 {
        let rest = journal.rsplit_once(&format!("\"{name}\":")).unwrap().1;
        rest.split([',', '}']).next().unwrap().parse().unwrap()
    };
    let (waited, ran) = (last("waited"), last("ran"));
    assert!(waited >= 1.9, "{journal}");
    assert!(ran > 0.0 && ran < waited, "{journal}");
}

#[test]
fn a_launcher_that_hangs_after_its_task_holds_nothing_up() {
    let space = launched_by("\"$@\"; sleep 600");
    assert_eq!(space.read("build/work/out/x.json").trim(), "1");
}

/// The folder is gone when the value is read.
#[test]
fn a_value_that_names_the_scratch_folder_is_an_error() {
    let space = Space::new();
    let elsewhere = tempfile::tempdir().unwrap();
    space.write("expops.yaml", of_one("work"));
    let script = "import os\nfrom expops.core import process\n\n@process()\ndef work():\n    \
                  return {'x': os.path.abspath('beside.txt')}\n";
    space.write("s.py", script);
    launcher(&space, "launch", GOOD);
    space.compile(Tool::Ninja).success();
    let mut ninja = command(&space, Tool::Ninja, Some("launch"));
    ninja.env("EXPOPS_SCRATCH", elsewhere.path());
    let ran = bounded(ninja).failure();
    assert!(ran.says("`x` holds the path"), "{}", ran.out);
}

#[test]
fn a_task_ends_when_its_build_is_no_more_to_be_seen() {
    let space = project();
    // The launcher is no better than the build: it leaves the task alone.
    let mut ninja = held(&space, "setsid \"$@\"", "1");
    signal_group(&ninja, Signal::KILL);
    ninja.wait().unwrap();
    assert!(is_free(&space.path("lock")));
}

/// What a task asks for is what the build has, whatever the node has; else its result would be another's, or be made again
/// in every build.
#[test]
fn a_variable_that_a_task_asks_for_has_the_value_of_the_build() {
    let space = Space::new();
    let names = ["HOST", "HOSTNAME", "XDG_DATA_HOME", "SSH_KEY", "OF_BUILD", "OF_NODE"];
    let asked = names.map(|name| format!("${{{name}-none}}")).join(" ");
    let yaml = "scripts: {main: s.py}\npipeline:\n  process_adjlist: python shell\n  processes:\n    - name: python\n    \
                - name: shell\n      outputs: {x: x}\n      command: echo ";
    space.write("expops.yaml", format!("{yaml}{asked} > {{{{ outputs.x }}}}\n"));
    let script = format!(
        "import os\nfrom expops.core import process\n\n@process()\ndef python():\n    \
         return {{'x': ' '.join(os.environ.get(name, 'none') for name in {names:?})}}\n"
    );
    space.write("s.py", script);
    let on_node = names.map(|name| format!("{name}=node")).join(" ");
    launcher(&space, "launch", &format!("unset OF_BUILD; env {on_node} \"$@\""));
    space.compile(Tool::Ninja).success();
    let run = |name: Option<&str>| {
        let mut ninja = command(&space, Tool::Ninja, name);
        for name in names {
            ninja.env_remove(name);
        }
        for name in ["HOST", "HOSTNAME", "XDG_DATA_HOME", "SSH_KEY", "OF_BUILD"] {
            ninja.env(name, "build");
        }
        bounded(ninja).success().out
    };
    run(Some("launch"));
    let expected = "build node build build build none";
    assert_eq!(space.read("build/shell/out/x").trim(), expected);
    assert_eq!(space.read("build/python/out/x.json").trim(), format!("{expected:?}"));
    for name in [Some("launch"), None] {
        assert_eq!(run(name), "ninja: no work to do.\n");
    }
}

#[test]
fn no_launcher_is_named_in_what_is_compiled() {
    let space = project();
    let compiled = |name: Option<&str>| {
        let mut command = space.command("expops");
        command.arg("compile");
        name.map(|name| command.env("EXPOPS_LAUNCHER", name));
        bounded(command).success();
        (space.read("build.ninja"), space.tree("build"))
    };
    assert!(compiled(None) == compiled(Some("slurm")));
    assert!(repository().join("examples/launchers").is_dir());
}
