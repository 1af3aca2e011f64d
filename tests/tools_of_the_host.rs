//! What a build tool does by itself to what it has made: `ninja -t clean`, and what it deletes when it is interrupted while
//! the compiler runs. The next build goes on, and runs nothing that is known.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::random::Random;
use crate::space::{Space, TOOLS, Tool, signal_group};

/// How often the compiler is interrupted under each tool, in a host and without one.
fn interruptions() -> u64 {
    std::env::var("EXPOPS_TEST_INTERRUPTIONS").map_or(3, |count| count.parse().unwrap())
}

/// How long a build may take to end that got a signal.
const LONGEST_END: Duration = Duration::from_secs(60);

/// Instances that have ever started to run.
fn executions(space: &Space, build: &str) -> usize {
    let journal = fs::read_to_string(space.path(build).join(".expops/journal")).unwrap_or_default();
    journal.lines().filter(|line| line.contains("\"event\":\"started\"")).count()
}

/// All files below a folder.
fn files(space: &Space, folder: &str) -> BTreeSet<String> {
    let entries = walkdir::WalkDir::new(space.path(folder)).into_iter().flatten();
    entries
        .filter(|entry| !entry.file_type().is_dir())
        .map(|entry| entry.path().display().to_string())
        .collect()
}

/// What is expensive, or what others need to go on.
const KEPT: [&str; 5] = ["cache", "environment", "plan", "python", "modules"];

#[test]
fn after_ninja_t_clean_nothing_runs_and_nothing_of_value_is_gone() {
    let space = Space::copy_of("tests/emit/layers");
    space.expops(&["compile"]).success();
    space.run("ninja", &[]).success();
    let (tree, ran) = (space.tree("build"), executions(&space, "build"));
    let kept = KEPT.map(|name| files(&space, &format!("build/.expops/{name}")));
    assert!(ran > 10 && kept.iter().all(|files| !files.is_empty()));
    let made = space.time("build/.expops/environment/main,20env/stamp");
    space.run("ninja", &["-t", "clean"]).success();
    assert!(!space.exists("build/total/stamp") && !space.exists("build/total/record.json"));
    assert!(KEPT.map(|name| files(&space, &format!("build/.expops/{name}"))) == kept);
    assert!(space.exists("build/.expops/interpreter") && space.exists("build.ninja"));
    space.run("ninja", &[]).success();
    assert_eq!(executions(&space, "build"), ran);
    assert_eq!(space.time("build/.expops/environment/main,20env/stamp"), made);
    assert!(space.tree("build") == tree);
    space.nothing_to_do(Tool::Ninja);
}

const PROJECT: &str = "
process_adjlist: |
  load cut
  cut count
  count whole
processes:
  - {name: load, command: 'cat rows.csv > {{ outputs.rows }}', outputs: {rows: rows.csv}, files: [rows.csv]}
  - {name: cut, data_parallelism: {size: 2, data_name: rows}}
  - {name: count, command: 'wc -l < {{ inputs.rows }} > {{ outputs.n }}', outputs: {n: n.txt}}
  - {name: whole, data_aggregation: true, command: 'cat {{ inputs.n }} > {{ outputs.all }}', outputs: {all: all.txt}}
";

/// A project in `an/`, in a host or by itself, compiled for a tool.
fn project(tool: Tool, is_hosted: bool) -> Space {
    let space = Space::new();
    space.write("an/expops.yaml", PROJECT);
    space.write("an/rows.csv", "x\n1\n2\n3\n4\n");
    let format = if tool == Tool::Make { "make" } else { "ninja" };
    let flags: &[&str] = match is_hosted {
        true => &["compile", "an", "--root", ".", "--prefix", "an_", "-o", "an/an.txt", "--format", format],
        false => &["compile", "an", "--format", format],
    };
    space.expops(flags).success();
    space.write("build.ninja", "subninja an/an.txt\nbuild build.ninja: phony an/an.txt\n");
    space.write("Makefile", "all: an_all\ninclude an/an.txt\n");
    space
}

/// Starts a build, sends it a signal after `delay`, and waits for its end.
fn interrupted(space: &Space, tool: Tool, there: &[&str], signal: Signal, delay: Duration) {
    let program = if tool == Tool::Make { "make" } else { "ninja" };
    let mut command = space.command(program);
    command.args(there).process_group(0);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(delay);
    signal_group(&child, signal);
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > LONGEST_END {
            signal_group(&child, Signal::KILL);
            child.wait().unwrap();
            panic!("{program} goes on after {signal:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    // What is left of it must not run beside the next build.
    signal_group(&child, Signal::KILL);
}

#[test]
fn an_interrupted_compile_never_bricks_a_build() {
    let signals = [Signal::INT, Signal::TERM, Signal::KILL];
    for (tool, is_hosted) in TOOLS.into_iter().flat_map(|tool| [(tool, false), (tool, true)]) {
        let mut dice = Random(0x5EED_0011 + 2 * tool as u64 + u64::from(is_hosted));
        let space = project(tool, is_hosted);
        let there: &[&str] = if is_hosted { &[] } else { &["-C", "an"] };
        space.build(tool, there).success();
        // How long the compiler takes when it has something to do.
        space.edit("an/expops.yaml", "size: 2", "size: 4");
        let start = Instant::now();
        space.build(tool, there).success();
        let duration = start.elapsed();
        let mut parts = (4, 2);
        for round in 0..interruptions() {
            space.edit("an/expops.yaml", &format!("size: {}", parts.0), &format!("size: {}", parts.1));
            parts = (parts.1, parts.0);
            let signal = signals[usize::try_from(dice.below(3)).unwrap()];
            let delay = duration.mul_f64(dice.below(1000) as f64 / 1000.0);
            interrupted(&space, tool, there, signal, delay);
            let what = format!("{tool:?}, hosted: {is_hosted}, round {round}, {signal:?} after {delay:?}");
            assert!(!is_hosted || space.exists("an/an.txt"), "{what}: what the host includes is gone");
            let ran = space.build(tool, there);
            assert_eq!(ran.status, 0, "{what}\n{}{}", ran.out, ran.err);
            let expected = format!("{}\n", 4 / parts.0 + 1).repeat(parts.0);
            assert_eq!(space.read("an/build/whole/out/all.txt"), expected, "{what}");
            let ran = space.build(tool, there).success();
            assert!(ran.says("no work to do") || ran.says("Nothing to be done"), "{what}\n{}", ran.out);
        }
    }
}
