//! `batch`: ready instances of a process share a job under a launcher; each has its own result, log and failure, and
//! all is as it is without.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::launchers::{bounded, launcher, soon};
use crate::space::{Ran, Space, Tool, signal_group};

/// Partitions, and how many of their instances may share a job.
#[derive(Clone, Copy)]
struct Sizes {
    all: usize,
    batch: usize,
}

const LARGE: Sizes = Sizes { all: 64, batch: 16 };
const SMALL: Sizes = Sizes { all: 12, batch: 4 };
const LONGEST: Duration = Duration::from_secs(60);

/// A launcher that writes down what it is called for, and how many tasks it gets.
const COUNTING: &str = "echo \"$(($# - 2)) $EXPOPS_LABEL\" >> called";

/// A layer of shell commands; `command` comes before the one that makes the output.
fn project(Sizes { all, batch }: Sizes, command: &str, more: &str) -> Space {
    let space = Space::new();
    space.write(
        "expops.yaml",
        format!(
            "pipeline:\n  process_adjlist: |\n    load split\n    split work\n    work report\n  processes:\n    \
             - name: load\n      command: seq 0 {all} > {{{{ outputs.rows }}}}\n      outputs: {{rows: rows.csv}}\n    \
             - name: split\n      data_parallelism: {{size: {all}, data_name: rows}}\n    \
             - name: work\n      batch: {batch}\n      resources: {{time: 1min}}\n{more}      \
             command: |\n        n=$(tail -n 1 {{{{ inputs.rows }}}}); echo \"log of $n\"\n        {command}\n        \
             echo $((n * n)) > {{{{ outputs.square }}}}\n      outputs: {{square: square.txt}}\n    \
             - name: report\n      data_aggregation: true\n      command: cat {{{{ inputs.square }}}} > {{{{ outputs.all }}}}\n      \
             outputs: {{all: all.txt}}\n"
        ),
    );
    launcher(&space, "launch", &format!("{COUNTING}\nexec \"$@\""));
    space
}

/// A build with more jobs than there are partitions.
fn command(space: &Space, tool: Tool) -> Command {
    let mut command = space.command(if tool == Tool::Ninja { "ninja" } else { "make" });
    command.arg("-j64").args(if tool == Tool::Ninja { &["-k", "0"][..] } else { &["-k"] });
    command.env("EXPOPS_LAUNCHER", space.path("launch"));
    command
}

fn build(space: &Space, tool: Tool) -> Ran {
    bounded(command(space, tool))
}

/// For each call of the launcher for `work`, how many tasks it got.
fn calls(space: &Space) -> Vec<usize> {
    let text = fs::read_to_string(space.path("called")).unwrap_or_default();
    let _ = fs::remove_file(space.path("called"));
    let work =
        text.lines().filter_map(|line| line.split_once(' ')).filter(|(_, label)| label.starts_with("work"));
    let counts = work.map(|(count, label)| {
        let count: usize = count.parse().unwrap();
        let others = format!(" and {} more", count - 1);
        assert_eq!(label.contains(&others), count > 1, "{label}: {count}");
        count
    });
    counts.collect()
}

/// Insists that so many tasks were given to the launcher in few calls.
#[track_caller]
fn insist_on_few(calls: &[usize], Sizes { all, batch }: Sizes) {
    assert_eq!(calls.iter().sum::<usize>(), all, "{calls:?}");
    assert!(calls.iter().all(|&count| count <= batch), "{calls:?}");
    assert!(calls.len() <= all / batch * 3, "{calls:?}");
}

/// The partitions that have no results.
fn missing(space: &Space) -> Vec<usize> {
    (1..=SMALL.all).filter(|number| !space.exists(&format!("build/work/p{number}/record.json"))).collect()
}

/// Builds with batches and without, and insists that it makes no difference.
fn it_makes_no_difference(sizes: Sizes, tool: Tool) {
    let space = project(sizes, "", "");
    space.compile(tool).success();
    let mut here = command(&space, tool);
    here.env_remove("EXPOPS_LAUNCHER");
    bounded(here).success();
    assert!(calls(&space).is_empty());
    let here = space.tree("build");
    fs::remove_dir_all(space.path("build")).unwrap();
    space.compile(tool).success();
    build(&space, tool).success();
    insist_on_few(&calls(&space), sizes);
    let there = space.tree("build");
    let names = [&there, &here].map(|tree| tree.keys().cloned().collect::<BTreeSet<_>>());
    assert!(names[0] == names[1], "{:?}", &names[0] ^ &names[1]);
    assert!(there == here);
    assert_eq!(space.read("build/work/p7/log"), "log of 7\n");
    space.nothing_to_do(tool);
}

#[test]
fn many_instances_that_share_a_job_make_what_each_makes_alone() {
    it_makes_no_difference(LARGE, Tool::Ninja);
}

#[test]
fn instances_share_a_job_under_make() {
    it_makes_no_difference(SMALL, Tool::Make);
}

#[test]
fn each_fails_alone_and_what_had_not_begun_goes_into_another_job() {
    // The eighth ends what runs the batch, once; the ninth only its own shell.
    let odd = "case $n in 7) exit 3;; 8) [ -e seen ] || { echo > seen; kill -9 $PPID; exit 1; };; 9) kill -9 $$;; esac";
    let space = project(SMALL, odd, "      retries: {times: 1, on: [lost]}\n");
    space.compile(Tool::Ninja).success();
    let ran = build(&space, Tool::Ninja).failure();
    assert_eq!(missing(&space), [7, 9], "{}", ran.out);
    assert!(ran.says("exit status 3") && ran.says("signal 9"), "{}", ran.out);
    assert_eq!(space.read("build/work/p8/log"), "expops: attempt 1\nlog of 8\nexpops: attempt 2\nlog of 8\n");
    assert_eq!(space.read("build/work/p9/log"), "log of 9\n");
    let first = calls(&space);
    assert!(first.len() <= 16, "{first:?}");
    space.edit("expops.yaml", "7) exit 3;;", "");
    space.edit("expops.yaml", "9) kill -9 $$;;", "");
    space.compile(Tool::Ninja).success();
    build(&space, Tool::Ninja).success();
    assert!(missing(&space).is_empty());
}

#[test]
fn what_is_lost_without_retries_is_one_failure() {
    let space = project(SMALL, "[ $n != 8 ] || [ -e seen ] || { echo > seen; kill -9 $PPID; exit 1; }", "");
    space.compile(Tool::Ninja).success();
    let ran = build(&space, Tool::Ninja).failure();
    assert_eq!(missing(&space), [8], "{}", ran.out);
    assert!(ran.says("left no whole result"), "{}", ran.out);
    calls(&space);
    build(&space, Tool::Ninja).success();
    assert_eq!(calls(&space), [1]);
}

#[test]
fn a_batch_outlives_whoever_started_it() {
    let space = project(SMALL, "", "");
    // The parent of the launcher is its keeper, whose parent has gathered the batch.
    let kill = "case $EXPOPS_LABEL in work*) mkdir once 2> /dev/null && \
                kill -9 \"$(sed 's/.*) //' /proc/$PPID/stat | cut -d ' ' -f 2)\";; esac";
    launcher(&space, "launch", &format!("{COUNTING}\n{kill}\nexec \"$@\""));
    space.compile(Tool::Ninja).success();
    let ran = build(&space, Tool::Ninja).failure();
    assert_eq!(missing(&space).len(), 1, "{}", ran.out);
    insist_on_few(&calls(&space), SMALL);
    build(&space, Tool::Ninja).success();
    assert_eq!(calls(&space), [1]);
}

#[test]
fn a_bad_launcher_is_an_error_of_each() {
    let space = project(SMALL, "", "");
    for (body, message) in
        [("exit 0", "exit status 0 and has run nothing"), ("exit 3", "exit status 3 and has run nothing")]
    {
        launcher(
            &space,
            "launch",
            &format!("case $EXPOPS_LABEL in work*) {COUNTING}; {body};; esac\nexec \"$@\""),
        );
        space.compile(Tool::Ninja).success();
        let ran = build(&space, Tool::Ninja).failure();
        assert!(ran.says(message), "{}", ran.out);
        assert_eq!(missing(&space).len(), SMALL.all);
        insist_on_few(&calls(&space), SMALL);
    }
}

#[test]
fn a_build_that_is_ended_ends_its_batches() {
    for signal in [Signal::INT, Signal::KILL] {
        let space = project(SMALL, "exec 9> lock; flock 9; echo > started; sleep 600", "");
        space.compile(Tool::Ninja).success();
        let mut ninja = command(&space, Tool::Ninja);
        ninja.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut ninja = ninja.spawn().unwrap();
        let files = |suffix: &str| {
            let names = fs::read_dir(space.path("build/.expops/batch/work")).into_iter().flatten().flatten();
            names.filter(|entry| entry.file_name().to_string_lossy().ends_with(suffix)).count()
        };
        let are_all_there = || space.exists("started") && files(".waits") == SMALL.all;
        assert!(soon(LONGEST, are_all_there), "it does not start");
        signal_group(&ninja, signal);
        assert!(soon(LONGEST, || files(".waits") + files(".runs") == 0), "{signal:?}");
        ninja.wait().unwrap();
        // Nothing of the batches is left, and no other task of theirs begins.
        fs::remove_file(space.path("started")).unwrap();
        assert!(
            soon(LONGEST, || fs::File::create(space.path("lock")).unwrap().try_lock().is_ok()),
            "{signal:?}"
        );
        std::thread::sleep(Duration::from_millis(300));
        assert!(!space.exists("started"), "{signal:?}");
        space.edit("expops.yaml", "exec 9> lock; flock 9; echo > started; sleep 600", "");
        space.compile(Tool::Ninja).success();
        build(&space, Tool::Ninja).success();
    }
}
