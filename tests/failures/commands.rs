//! `expops run`, `logs` and `debug`: what a person sees of what failed.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value as Json;

use super::project;
use crate::space::{Ran, Space, Tool};

const PROCESSES: &str = "    - {name: rows, data_parallelism: {size: 2}}
    - {name: fit}
    - {name: whole, data_aggregation: true}
";

const SCRIPT: &str = "
@process()
def rows():
    return [1, 0]

def fit(data, context):
    print('about to divide', data)
    seen = sorted(os.listdir())
    return {'y': 1 / data[0]}

def whole(y):
    return {'z': y}
";

fn failing() -> Space {
    project(Tool::Ninja, "rows fit\nfit whole", PROCESSES, SCRIPT)
}

#[test]
fn a_run_ends_with_counts_and_one_list_without_the_tools_noise() {
    for tool in ["ninja", "make"] {
        let space = failing();
        let ran = space.expops(&["run", "-k", "--with", tool]).failure();
        assert_eq!(ran.status, 1);
        assert!(!ran.says("FAILED:") && !ran.says("exec fit"), "{tool}: {}{}", ran.out, ran.err);
        let list = "error: 1 instance failed\n  fit p2: ZeroDivisionError: division by zero (raised)\n    --> expops.yaml:9:14\n    log: build/fit/p2/log\n";
        assert!(ran.err.contains(list), "{tool}: {}{}", ran.out, ran.err);
        let summary = ran.out.lines().find(|line| line.starts_with("2 ran, 1 failed in ")).is_some();
        assert!(summary, "{tool}: {}", ran.out);
        assert!(
            ran.out.lines().any(|line| line.starts_with('[') && line.ends_with("] fit p1")),
            "{}",
            ran.out
        );
        space.edit("src/main.py", "[1, 0]", "[1, 2]");
        let ran = space.expops(&["run", "--with", tool]).success();
        assert!(!ran.says("failed"), "{}{}", ran.out, ran.err);
        let ran = space.expops(&["run", "--with", tool]).success();
        assert!(!ran.says(" ran") && !ran.says(" in 0."), "nothing was done: {}", ran.out);
    }
}

#[test]
fn a_long_list_of_failures_is_cut_at_the_end_of_a_build_and_whole_for_who_asks() {
    let space = failing();
    space.edit("src/main.py", "[1, 0]", "[0] * 60");
    space.edit("expops.yaml", "size: 2", "size: 60");
    let ran = space.expops(&["run", "-k"]).failure();
    assert!(ran.says("60 instances failed") && ran.says("and 10 more"), "{}", ran.err);
    assert_eq!(ran.err.matches("ZeroDivisionError").count(), 50);
    let all = space.expops(&["status", "--failed"]);
    assert_eq!(all.out.matches("ZeroDivisionError").count(), 60);
}

/// The log of the last attempt is followed by one of all attempts.
#[test]
fn a_log_that_is_followed_shows_each_line_once() {
    let space = failing();
    space.edit("expops.yaml", "{name: fit}", "{name: fit, retries: 1}");
    let script = "print('about to divide', data)";
    let slow = "print('about to divide', data, flush=True)\n    __import__('time').sleep(0.7)\n    print('now', flush=True)";
    space.edit("src/main.py", script, slow);
    space.expops(&["compile"]).success();
    let mut build = space.command("ninja").args(["-k0"]).stdout(Stdio::null()).spawn().unwrap();
    while !space.exists("build/fit/p2/log") {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let followed = space.expops(&["logs", "-f", "fit@p2"]).success().out;
    build.wait().unwrap();
    assert_eq!(followed.matches("about to divide").count(), 2, "{followed}");
    assert_eq!(followed.matches("now").count(), 2, "{followed}");
    assert_eq!(followed.matches("Traceback").count(), 2, "{followed}");
}

#[test]
fn events_are_told_as_json() {
    let space = failing();
    let ran = space.expops(&["run", "-k", "--json"]).failure();
    let lines: Vec<Json> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |event: &str, instance: &str| {
        lines.iter().filter(|line| line["event"] == event && line["instance"] == instance).count()
    };
    for instance in ["rows", "fit/p1", "fit/p2"] {
        assert_eq!([told("started", instance), told("ended", instance)], [1, 1], "{}", ran.out);
    }
    let last = lines.last().unwrap();
    assert_eq!((&last["event"], &last["well"], &last["ran"]), (&"finished".into(), &false.into(), &2.into()));
    assert_eq!(last["failed"][0]["ended"]["kind"], "raised");
}

#[test]
fn logs_are_shown_of_one_of_all_and_of_what_failed() {
    let space = failing();
    space.expops(&["run", "-k"]).failure();
    let one = space.expops(&["logs", "fit@p1"]).success();
    assert_eq!(one.out, "about to divide [1]\n");
    let failed = space.expops(&["logs", "--failed"]).success().out;
    assert!(failed.starts_with("about to divide [0]\nTraceback"), "{failed}");
    let all = space.expops(&["logs"]).success().out;
    assert!(
        all.contains("==> fit p1 (build/fit/p1/log)\nabout to divide [1]\n") && all.contains("==> fit p2"),
        "{all}"
    );
    assert_eq!(space.expops(&["logs", "-f", "fit@p2"]).success().out, failed);
    assert_eq!(space.expops(&["logs", "-f", "fit"]).status, 2);
    assert_eq!(space.expops(&["logs", "fi"]).status, 2);
}

/// Runs `expops debug` and types `typed`.
fn debug(space: &Space, label: &str, typed: &str) -> Ran {
    let mut command = space.command(env!("CARGO_BIN_EXE_expops"));
    command.args(["debug", label]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn an_instance_runs_in_the_foreground_and_a_failure_opens_the_debugger() {
    let space = failing();
    space.expops(&["run", "-k"]).failure();
    let before = space.tree("build");
    let ran = debug(&space, "fit@p2", "p 'the row is', data[0]\nq\n").failure();
    assert!(
        ran.out.contains("about to divide [0]") && ran.out.contains("('the row is', 0)"),
        "{}{}",
        ran.out,
        ran.err
    );
    assert!(ran.err.contains("error: fit p2: ZeroDivisionError"), "{}", ran.err);
    space.edit("src/main.py", "    seen =", "    breakpoint()\n    seen =");
    space.expops(&["compile"]).success();
    let ran = debug(&space, "fit@p1", "p 'stopped at', data[0]\nc\n").success();
    assert!(
        ran.out.contains("('stopped at', 1)") && ran.err.contains("fit p1 ran to its end"),
        "{}{}",
        ran.out,
        ran.err
    );
    let after = space.tree("build");
    let changed: Vec<_> = before.keys().filter(|name| before.get(*name) != after.get(*name)).collect();
    assert!(changed.iter().all(|name| name.starts_with(".expops/")), "{changed:?}");
    assert_eq!(debug(&space, "fit", "").status, 2);
}

#[test]
fn after_a_bare_build_that_went_on_the_same_list_can_be_asked_for() {
    let processes = "    - {name: rows, data_parallelism: {size: 12}}
    - {name: fit}
    - {name: whole, data_aggregation: true}
    - {name: reader, command: 'cat more.csv > {{ outputs.o }}', outputs: {o: o.txt}}
    - {name: after, command: 'cat {{ inputs.o }} > {{ outputs.p }}', outputs: {p: p.txt}}
";
    let script = SCRIPT.replace("return [1, 0]", "return [0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0]");
    for (tool, name) in [(Tool::Ninja, "ninja"), (Tool::Make, "make")] {
        let space = project(tool, "rows fit\nfit whole\nreader after", processes, &script);
        let asked = |words: &[&str]| space.expops(words).success().out;
        assert_eq!(asked(&["status", "--failed"]), "nothing failed\n");
        let keep_going: &[&str] = if tool == Tool::Ninja { &["-k", "0"] } else { &["-k"] };
        space.build(tool, keep_going).failure();
        let list = asked(&["status", "--failed"]);
        let labels: Vec<_> =
            list.lines().filter(|line| line.contains("raised") || line.contains("(exit)")).collect();
        assert_eq!(labels.len(), 4, "{tool:?}: {list}");
        assert!(
            list.starts_with("4 instances failed\n  fit p1: ZeroDivisionError")
                && list.contains("  reader: ")
        );
        let logs = asked(&["logs", "--failed"]);
        for label in ["fit p1", "fit p4", "fit p12", "reader"] {
            assert!(logs.contains(&format!("==> {label} (")), "{tool:?}: {label}: {logs}");
        }
        assert_eq!(logs.matches("==> ").count(), 4, "{logs}");
        assert_eq!(space.expops(&["status", "--failed", "--exit-code"]).status, 1);
        // What `expops run` says at its end.
        let run = space.expops(&["run", "-k", "--with", name]).failure();
        assert!(run.err.contains(&format!("error: {list}")), "{tool:?}: {list}\n{}", run.err);
        space.write("more.csv", "1\n");
        space.build(tool, keep_going).failure();
        assert!(asked(&["status", "--failed"]).starts_with("3 instances failed\n"));
        space.edit("src/main.py", "1 / data[0]", "1 / (data[0] or 1)");
        space.build(tool, keep_going).success();
        assert_eq!(asked(&["status", "--failed"]), "nothing failed\n");
        // A failure before anything ran is one, too.
        for name in ["reader/values.json", "after/record.json"] {
            std::fs::remove_file(space.path(&format!("build/{name}"))).unwrap();
        }
        space.build(tool, &["after"]).failure();
        let list = asked(&["status", "--failed"]);
        assert!(list.starts_with("1 instance failed\n  after: "), "{tool:?}: {list}");
    }
}
