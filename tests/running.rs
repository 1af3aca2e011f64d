//! `expops run`: which tool builds what, what is said of it, and how it ends; and `expops exec` when it
//! is called by hand.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;

use crate::space::{Ran, Space, signal_group};

const PROJECT: &str = "
pipeline:
  process_adjlist: |
    make_rows cut
    cut train
    train whole
  processes:
    - name: make_rows
      command: 'seq 4 > {{ outputs.df }}'
      outputs: {df: rows.txt}
    - {name: cut, data_parallelism: {size: 2, data_name: df}}
    - name: train
      command: 'cat {{ inputs.df }} > {{ outputs.model }}'
      outputs: {model: model.txt}
    - name: whole
      data_aggregation: true
      command: 'cat {{ inputs.model }} > {{ outputs.all }}'
      outputs: {all: all.txt}
";

fn project() -> Space {
    let space = Space::new();
    space.write("expops.yaml", PROJECT);
    space
}

/// Runs expops where there is no Ninja, only what a system has.
fn without_ninja(space: &Space, arguments: &[&str]) -> Ran {
    let bin = space.path("bin");
    fs::create_dir_all(&bin).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    for program in ["make", "sh", "seq", "cat", "wc", "cp", "sleep", "python3", "echo", "touch"] {
        let found =
            std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.exists());
        if let Some(found) = found {
            let _ = std::os::unix::fs::symlink(found, bin.join(program));
        }
    }
    let mut command = space.command(env!("CARGO_BIN_EXE_expops"));
    command.env("PATH", bin).args(arguments).output().unwrap().into()
}

#[test]
fn under_ninja_and_make_with_progress() {
    let space = project();
    let ran = space.expops(&["run", "-j1"]).success();
    assert!(space.exists("build.ninja") && !space.exists("Makefile"), "{}{}", ran.out, ran.err);
    assert_eq!(space.read("build/whole/out/all.txt"), "1\n2\n3\n4\n");
    let space = project();
    let ran = without_ninja(&space, &["run", "-j1"]).success();
    assert_eq!(space.read("build/whole/out/all.txt"), "1\n2\n3\n4\n");
    let lines: Vec<_> = ran.out.lines().filter(|line| line.starts_with('[')).collect();
    assert_eq!(lines, ["[1/5] make_rows", "[2/5] cut", "[3/5] train p1", "[4/5] train p2", "[5/5] whole"]);
}

/// Runs a command on a terminal, and prints what it printed there.
const ON_A_TERMINAL: &str =
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

#[test]
fn on_a_terminal_one_line_tells_how_far_it_is() {
    for tool in ["ninja", "make"] {
        let space = project();
        space.set("TERM", Some("xterm"));
        space.edit("expops.yaml", "'cat {{ inputs.df }}", "'sleep 0.7; grep -v 3 {{ inputs.df }}");
        space.edit("expops.yaml", "'cat {{ inputs.model }}", "'sleep 0.7; exit 3; cat {{ inputs.model }}");
        let expops = env!("CARGO_BIN_EXE_expops");
        let ran =
            space.run("python3", &["-c", ON_A_TERMINAL, expops, "run", "-j1", "--with", tool]).failure();
        let drawn: Vec<&str> = ran.out.split("\r\x1b[K").collect();
        let is_drawn = |words: &[&str]| drawn.iter().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(
            is_drawn(&["\x1b[?7l[", "] train p1: 1 running, ", " ran, about ", " left\x1b[?7h"]),
            "{tool}: {drawn:?}"
        );
        assert!(is_drawn(&["] whole: 4 ran, 1 failed"]), "{tool}: {drawn:?}");
        // What else is printed has lines of its own, the summary is last, and no step has a line.
        assert!(is_drawn(&["error: whole: the command failed: exit status 3"]), "{tool}: {drawn:?}");
        let summary = drawn.last().unwrap();
        assert!(
            summary.starts_with("4 ran, 1 failed in ") && summary.contains("1 instance failed"),
            "{summary:?}"
        );
        assert!(!ran.out.lines().any(|line| line.starts_with('[')), "{tool}: {:?}", ran.out);
    }
}

#[test]
fn targets_dry_runs_and_folders() {
    for ninja in [true, false] {
        let space = Space::new();
        space.write("in here/expops.yaml", PROJECT);
        let run = |arguments: &[&str]| {
            let arguments = [&["run"], arguments].concat();
            if ninja { space.expops(&arguments) } else { without_ninja(&space, &arguments) }
        };
        run(&["in here", "-n"]).success();
        // Ninja makes folders even then.
        assert!(
            !space.exists("in here/build/make_rows/record.json")
                && !space.exists("in here/build/make_rows/.lock")
        );
        run(&["-C", "in here", "train@p2"]).success();
        assert!(
            space.exists("in here/build/train/p2/stamp") && !space.exists("in here/build/train/p1/stamp")
        );
        run(&["in here", "train"]).success();
        assert!(space.exists("in here/build/train/p1/stamp") && !space.exists("in here/build/whole/stamp"));
        assert_eq!(run(&["in here", "trian"]).status, 2);
        assert_eq!(run(&["nowhere/x"]).status, 2);
        assert_eq!(run(&["--no-such-flag"]).status, 2);
        space.edit("in here/expops.yaml", "size: 2", "size: 0");
        assert_eq!(run(&["in here"]).status, 2);
    }
}

#[test]
fn what_does_not_exist_is_told_before_anything_runs() {
    let space = project();
    for tool in ["ninja", "make"] {
        let ran = space.expops(&["run", "--with", tool, "trian"]);
        assert!(ran.failure().says("there is no process or instance `trian`; did you mean `train`?"));
        assert!(
            space.expops(&["run", "--with", tool, "train@p3"]).failure().says("`train@p1` and `train@p2`")
        );
    }
    assert!(space.expops(&["run", "--cpus", "0"]).failure().says("invalid value '0' for '--cpus <N>'"));
    assert!(!space.path("build/make_rows/stamp").exists());
    space.expops(&["run", "all"]).success();
}

#[test]
fn a_failure_can_be_read_and_the_rest_kept_going() {
    for ninja in [true, false] {
        let space = project();
        space.edit(
            "expops.yaml",
            "cat {{ inputs.df }} >",
            "echo some words; test {{ partition }} = 2 && cat {{ inputs.df }} >",
        );
        let run = |arguments: &[&str]| {
            if ninja { space.expops(arguments) } else { without_ninja(&space, arguments) }
        };
        let ran = run(&["run", "-k", "-j1"]);
        assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
        let all = ran.out.clone() + &ran.err;
        for words in
            ["error: train p1: the command failed: exit status 1", "some words", "log: build/train/p1/log"]
        {
            assert!(all.contains(words), "{words} {all}");
        }
        assert!(space.exists("build/train/p2/stamp") && !space.exists("build/train/p1/stamp"));
        space.edit("expops.yaml", "test {{ partition }} = 2 && ", "");
        run(&["run"]).success();
    }
}

#[test]
fn a_makefile_of_somebody_else_stays() {
    let space = project();
    space.write("Makefile", "all:\n\techo mine\n");
    without_ninja(&space, &["run"]).success();
    assert_eq!(space.read("Makefile"), "all:\n\techo mine\n");
    assert!(space.exists("build/expops.mk") && space.exists("build/whole/stamp"));
    space.edit("expops.yaml", "seq 4", "seq 6");
    let ran = without_ninja(&space, &["run"]).success();
    assert_eq!(space.read("build/whole/out/all.txt"), "1\n2\n3\n4\n5\n6\n", "{}", ran.out);
}

/// The processes whose working folder or command line is in `folder`.
fn alive(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let is_inside = fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        if is_inside {
            found.push(
                fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default().replace('\0', " "),
            );
        }
    }
    found.retain(|command| !command.is_empty());
    found
}

fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if is_there() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what}: waited in vain");
}

#[test]
fn interrupting_ends_everything() {
    for with in ["ninja", "make"] {
        for python in [true, false] {
            let space = Space::new();
            // `exec`, because dash loses a signal that comes while it starts a program.
            let work =
                if python { "{name: slow}" } else { "{name: slow, command: ': > started; exec sleep 300'}" };
            space.write(
                "expops.yaml",
                format!(
                    "scripts: {{main: m.py}}\npipeline:\n  process_adjlist: slow\n  processes: [{work}]\n"
                ),
            );
            space.write("m.py", "import time\nfrom expops.core import process\n@process()\ndef slow():\n    import os\n    open(os.environ['EXPOPS_PROJECT_ROOT'] + '/started', 'w')\n    time.sleep(300)\n");
            let mut command = space.command(env!("CARGO_BIN_EXE_expops"));
            command.args(["run", "--with", with]).stdout(Stdio::null()).stderr(Stdio::null());
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
            let mut child = command.spawn().unwrap();
            wait_for("the start", || space.exists("started"));
            // As a terminal does it: to the whole group.
            signal_group(&child, Signal::INT);
            assert_eq!(child.wait().unwrap().code(), Some(130), "{with} python: {python}");
            let folder = space.path(".").canonicalize().unwrap();
            wait_for("the end of all processes", || alive(&folder).is_empty());
            assert!(!space.exists("build/slow/stamp"));
        }
    }
}

#[test]
fn exec_by_hand() {
    let space = project();
    assert!(space.expops(&["exec", "train/p1"]).failure().says("there is no instance `train/p1`"));
    assert!(!space.exists("build/train"));
    space.expops(&["run"]).success();
    for wrong in
        ["nothing", "train", "train/p1/p1", "train/s1", "train/../../x", "train/p01", "../x", "/etc", ""]
    {
        let ran = space.expops(&["exec", wrong]);
        assert_eq!(ran.status, 1, "{wrong}: {}", ran.err);
        assert!(ran.says("error: ") && ran.says("help: ") && !ran.says("panicked"), "{wrong}: {}", ran.err);
    }
    space.expops(&["exec", "train/p2"]).success();
    space.edit("build/.expops/plan/train.json", "\"version\": 2", "\"version\": 9000");
    let ran = space.expops(&["exec", "train/p2"]).failure();
    assert!(
        ran.says("was written by another version of expops") && ran.says("run `expops compile` again"),
        "{}",
        ran.err
    );
    space.write("build/.expops/plan/train.json", "{");
    assert!(space.expops(&["exec", "train/p2"]).failure().says("cannot be read"));
    space.expops(&["run"]).success();
}
