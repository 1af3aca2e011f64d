//! Environments: made once per content of their requirement files, never half.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;

use crate::space::{Space, TOOLS, Tool, signal_group};

/// One process in Python and one in the shell; each says whose interpreter it sees.
fn project(requirements: &str) -> Space {
    let space = Space::new();
    space.write(
        "expops.yaml",
        "
scripts: {main: src/model.py}
environment:
  main-env: {venv: [needs/requirements.txt]}
pipeline:
  process_adjlist: |
    ask
    tell
  processes:
    - name: ask
    - name: tell
      environment: main-env
      command: 'echo ran >> ran.log; python -c \"import sys; print(sys.prefix)\" > {{ outputs.prefix }}'
      outputs: {prefix: prefix.txt}
",
    );
    space.write(
        "src/model.py",
        "
import os, sys
from expops.core import process

@process()
def ask():
    with open(os.environ['EXPOPS_PROJECT_ROOT'] + '/ran.log', 'a') as log:
        log.write('ran\\n')
    try:
        import six
        version = six.__version__
    except ImportError:
        version = None
    return {'six': version, 'prefix': os.path.basename(sys.prefix)}
",
    );
    space.write("needs/requirements.txt", requirements);
    space
}

const VENV: &str = "build/.expops/environment/main-env/venv";

#[test]
fn once_per_content() {
    for tool in TOOLS {
        let space = project("");
        space.compile(tool).success();
        assert_eq!(space.ran(tool), ["ran", "ran"]);
        assert_eq!(space.read("build/ask/out/prefix.json").trim(), "\"venv\"");
        assert!(space.read("build/tell/out/prefix.txt").trim().ends_with(VENV));
        let made = space.time(&format!("{VENV}/pyvenv.cfg"));
        space.nothing_to_do(tool);
        assert_eq!(space.time(&format!("{VENV}/pyvenv.cfg")), made);
        // The same packages: a new environment, but nothing that a process could observe.
        let stamp = space.time("build/.expops/environment/main-env/stamp");
        space.write("needs/requirements.txt", "# a comment\n");
        assert_eq!(space.ran(tool), [""; 0], "{tool:?}");
        assert!(space.time(&format!("{VENV}/pyvenv.cfg")) > made);
        assert_eq!(space.time("build/.expops/environment/main-env/stamp"), stamp);
        space.nothing_to_do(tool);
        // A touched file makes nothing.
        let made = space.time(&format!("{VENV}/pyvenv.cfg"));
        space.write("needs/requirements.txt", "# a comment\n");
        assert_eq!(space.ran(tool), [""; 0], "{tool:?}");
        assert_eq!(space.time(&format!("{VENV}/pyvenv.cfg")), made);
    }
}

#[test]
fn packages_and_included_files() {
    let space = project("-r base.txt  # more there\n");
    space.write("needs/base.txt", "");
    space.compile(Tool::Ninja).success();
    space.ran(Tool::Ninja);
    assert_eq!(space.read("build/ask/out/six.json").trim(), "null");
    // A file that is only included: the next build that looks at the environment notices it.
    space.write("needs/base.txt", "six==1.16.0\n");
    space.write("needs/requirements.txt", "-r base.txt\n");
    let ran = space.build(Tool::Ninja, &[]);
    if ran.status != 0 && ran.says("NameResolution") {
        println!("skipped: there is no network");
        return;
    }
    ran.success();
    assert_eq!(space.read("build/ask/out/six.json").trim(), "\"1.16.0\"");
}

#[test]
fn explain_and_status_know_that_an_environment_would_be_made() {
    let space = project("# one\n# two\n");
    space.compile(Tool::Ninja).success();
    assert!(space.expops(&["status"]).success().says("environment main-env would be made"));
    assert!(space.expops(&["explain", "ask"]).success().says("`main-env` has not been made"));
    space.ran(Tool::Ninja);
    assert!(!space.expops(&["status"]).success().says("environment"));
    space.write("needs/requirements.txt", "# one\n# 2\n");
    assert!(space.expops(&["status"]).success().says("environment main-env would be made"));
    let text = space.expops(&["explain", "ask"]).success().out;
    for part in
        ["would run if the packages", "`main-env` would be made again", "line 2 was `# two`, is `# 2`"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_failure_of_pip_is_shown_and_leaves_nothing() {
    for tool in [Tool::Make] {
        let space = project("./no-such-package-here\n");
        space.compile(tool).success();
        let ran = space.build(tool, &[]).failure();
        for words in ["error: environment main-env: ", "pip install", "no-such-package-here", "log: build/"] {
            assert!(ran.says(words), "{words}: {}{}", ran.out, ran.err);
        }
        assert!(!space.exists(VENV) && !space.exists("build/.expops/environment/main-env/record.json"));
        assert!(!space.exists("build/ask/stamp"));
        space.build(tool, &[]).failure();
        space.write("needs/requirements.txt", "");
        assert_eq!(space.ran(tool), ["ran", "ran"]);
        space.nothing_to_do(tool);
    }
}

#[test]
fn killed_while_it_is_made() {
    for tool in [Tool::Ninja] {
        let space = project("");
        space.compile(tool).success();
        for pause in [50, 400, 1500] {
            let mut exec = space.command(env!("CARGO_BIN_EXE_expops"));
            exec.args(["exec", "--environment", "main-env"]).stdout(Stdio::null()).stderr(Stdio::null());
            std::os::unix::process::CommandExt::process_group(&mut exec, 0);
            let mut exec = exec.spawn().unwrap();
            std::thread::sleep(Duration::from_millis(pause));
            signal_group(&exec, Signal::KILL);
            exec.wait().unwrap();
        }
        assert_eq!(space.ran(tool), ["ran", "ran"]);
        space.nothing_to_do(tool);
        // Somebody deletes it.
        fs::remove_dir_all(space.path(VENV)).unwrap();
        fs::remove_file(space.path("build/.expops/environment/main-env/record.json")).unwrap();
        assert_eq!(space.ran(tool), [""; 0]);
        assert!(space.exists(&format!("{VENV}/bin/python")));
    }
}

#[test]
fn an_interpreter_by_its_path() {
    let space = project("");
    space.edit("expops.yaml", "environment:\n  main-env: {venv: [needs/requirements.txt]}\n", "");
    space.edit("expops.yaml", "      environment: main-env\n", "");
    let python = space.run("sh", &["-c", "command -v python3"]).success().out.trim().to_owned();
    std::os::unix::fs::symlink(python, space.path("mine")).unwrap();
    space.expops(&["compile", "--python", "./mine"]).success();
    assert_eq!(space.ran(Tool::Ninja), ["ran", "ran"]);
}
