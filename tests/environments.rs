//! Environments: made once per content of their requirement files, never half.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;

mod changed;

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
      command: 'echo ran >> .ran.log; python -c \"import sys; print(sys.prefix)\" > {{ outputs.prefix }}'
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
    with open(os.environ['EXPOPS_PROJECT_ROOT'] + '/.ran.log', 'a') as log:
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

fn without_environment() -> Space {
    let space = project("");
    space.edit("expops.yaml", "environment:\n  main-env: {venv: [needs/requirements.txt]}\n", "");
    space.edit("expops.yaml", "      environment: main-env\n", "");
    space
}

#[test]
fn an_interpreter_by_its_path() {
    let space = without_environment();
    let python = space.run("sh", &["-c", "command -v python3"]).success().out.trim().to_owned();
    std::os::unix::fs::symlink(python, space.path("mine")).unwrap();
    space.expops(&["compile", "--python", "./mine"]).success();
    assert_eq!(space.ran(Tool::Ninja), ["ran", "ran"]);
}

/// As `flit install --symlink` makes it; no list of the installation knows what is there.
#[test]
fn a_package_that_is_a_link_is_looked_at() {
    let space = Space::new();
    space.write("expops.yaml", crate::space::of_one("work"));
    space.write("s.py", "import mine\n\ndef work():\n    return {'x': mine.f()}\n");
    let python = space.run("sh", &["-c", "command -v python3"]).success().out.trim().to_owned();
    space.run(&python, &["-m", "venv", "--without-pip", "v"]).success();
    let folder =
        space.run("sh", &["-c", "echo v/lib/python3*/site-packages"]).success().out.trim().to_owned();
    space.link(&format!("{folder}/mine"), "../../../../away/mine");
    for value in ["1", "2"] {
        space.write("away/mine/__init__.py", format!("def f():\n    return {value}\n"));
        space.expops(&["compile", "--python", "v/bin/python3"]).success();
        space.build(Tool::Ninja, &[]).success();
        assert_eq!(space.read("build/work/out/x.json").trim(), value);
        space.nothing_to_do(Tool::Ninja);
        space.tick();
    }
}

/// A file of an installed package that somebody edits, and a module that somebody copied beside the packages.
#[test]
fn edits_of_installed_packages_are_seen_when_compiling() {
    let space = Space::new();
    space.write("expops.yaml", crate::space::of_one("work"));
    space.write(
        "s.py",
        "import bare, kept, stray\n\ndef work():\n    return {'x': [kept.f(), stray.f(), bare.f()]}\n",
    );
    let python = space.run("sh", &["-c", "command -v python3"]).success().out.trim().to_owned();
    space.run(&python, &["-m", "venv", "--without-pip", "v"]).success();
    let folder =
        space.run("sh", &["-c", "echo v/lib/python3*/site-packages"]).success().out.trim().to_owned();
    let module = |value: &str| format!("def f():\n    return {value}\n");
    let result = |kept: &str, stray: &str, bare: &str| {
        space.expops(&["compile", "--python", "v/bin/python3"]).success();
        space.build(Tool::Ninja, &[]).success();
        let made: Vec<String> = serde_json::from_str(&space.read("build/work/out/x.json")).unwrap();
        assert_eq!(made, [kept, stray, bare]);
        space.nothing_to_do(Tool::Ninja);
        space.tick();
    };
    space.write(&format!("{folder}/kept/__init__.py"), module("'a'"));
    space.write(&format!("{folder}/stray.py"), module("'b'"));
    space.write(
        &format!("{folder}/kept-1.dist-info/METADATA"),
        "Metadata-Version: 2.1\nName: kept\nVersion: 1\n",
    );
    let digest = "sha256=c8u3IhSyhu37hcGRjJ4eqdzfjR3-PqguN71RBlXYgPo";
    let record = format!("kept/__init__.py,{digest},28\nkept-1.dist-info/RECORD,,\n");
    space.write(&format!("{folder}/kept-1.dist-info/RECORD"), record);
    // Built from a folder, by a tool that notes no digests.
    let install_bare = |value: &str| {
        let notes = format!("{folder}/bare-1.dist-info");
        space.write(&format!("{folder}/bare.py"), module(value));
        space.write(&format!("{notes}/METADATA"), "Metadata-Version: 2.1\nName: bare\nVersion: 1\n");
        space.write(&format!("{notes}/direct_url.json"), r#"{"url": "file:///bare", "dir_info": {}}"#);
        space.write(&format!("{notes}/RECORD"), "bare.py,,\nbare-1.dist-info/RECORD,,\n");
    };
    install_bare("'x'");
    result("a", "b", "x");
    let packages = || space.read("build/.expops/interpreter");
    let before = packages();
    // The same content, written again.
    space.write(&format!("{folder}/kept/__init__.py"), module("'a'"));
    result("a", "b", "x");
    assert_eq!(packages(), before);
    space.write(&format!("{folder}/kept/__init__.py"), module("'c'"));
    result("c", "b", "x");
    space.write(&format!("{folder}/stray.py"), module("'d'"));
    result("c", "d", "x");
    install_bare("'y'");
    result("c", "d", "y");
}

/// As for every other program that is started there: an instance runs elsewhere.
#[test]
fn a_relative_folder_of_pythonpath_is_that_of_whoever_builds() {
    for workers in ["1", "0"] {
        let space = Space::new();
        space.write("expops.yaml", crate::space::of_one("work"));
        space.write("s.py", "import mt\n\ndef work():\n    return {'x': mt.f()}\n");
        space.write("pkg/mt.py", "def f():\n    return 1\n");
        space.set("PYTHONPATH", Some("pkg"));
        space.set("EXPOPS_WORKERS", Some(workers));
        space.compile(Tool::Ninja).success();
        for value in ["1", "2"] {
            space.write("pkg/mt.py", format!("def f():\n    return {value}\n"));
            space.build(Tool::Ninja, &[]).success();
            assert_eq!(space.read("build/work/out/x.json").trim(), value);
            space.nothing_to_do(Tool::Ninja);
            space.tick();
        }
    }
}

/// As pyenv has it: `python3` is a script that looks for a file in one folder after another, and then starts the
/// interpreter that the file names.
#[test]
fn what_finds_the_interpreter_is_neither_run_nor_read_by_an_instance() {
    for tool in TOOLS {
        let space = without_environment();
        space.set("EXPOPS_WORKERS", Some("0"));
        let real = space.run("sh", &["-c", "command -v python3"]).success().out.trim().to_owned();
        let climb =
            "folder=$PWD; while [ -n \"$folder\" ]; do [ -e \"$folder/.wanted\" ]; folder=${folder%/*}; done";
        stand_in(&space, "python3", &format!("{climb}\necho started >> \"$SHIM_LOG\"\nexec {real} \"$@\""));
        let log = space.path("started").display().to_string();
        space.set("SHIM_LOG", Some(&log));
        space.compile(tool).success();
        assert_eq!(space.ran(tool), ["ran", "ran"]);
        for again in ["ask", ".expops/cache"] {
            fs::remove_dir_all(space.path("build").join(again)).unwrap();
        }
        fs::remove_file(&log).unwrap();
        assert_eq!(space.ran(tool), ["ran"], "{tool:?}");
        assert!(!space.exists("started"));
        let record = space.read("build/ask/record.json");
        assert!(!record.contains(".wanted"), "{record}");
    }
}

/// The project, with what is written for its environment.
fn with_environment(environment: &str) -> Space {
    let space = project("");
    space.edit(
        "expops.yaml",
        "main-env: {venv: [needs/requirements.txt]}",
        &format!("main-env: {environment}"),
    );
    space
}

/// Puts a program in front of all others.
fn stand_in(space: &Space, name: &str, script: &str) {
    space.write(&format!("tools/bin/{name}"), format!("#!/bin/sh\n{script}\n"));
    let path = space.path(&format!("tools/bin/{name}"));
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

const NO_UV: &str = "exit 1";

#[test]
fn the_interpreter_is_the_same_whether_uv_is_installed_or_not() {
    let stamp = |uv: &str| {
        let space = with_environment("{uv: [needs/requirements.txt]}");
        stand_in(&space, "uv", uv);
        space.compile(Tool::Ninja).success();
        assert_eq!(space.ran(Tool::Ninja), ["ran", "ran"]);
        let called = fs::read_to_string(space.path("called")).unwrap_or_default();
        (space.read("build/.expops/environment/main-env/stamp"), called)
    };
    let (without, _) = stamp(NO_UV);
    let (with, called) = stamp("echo \"$@\" >> called");
    assert_eq!(without, with);
    // It is asked to install packages, and nothing else.
    let words = |line: &str| line.split(' ').next().unwrap().to_owned();
    let asked: Vec<_> = called.lines().map(words).filter(|word| word != "--version").collect();
    assert_eq!(asked, ["pip"], "{called}");
}

#[test]
fn a_version_of_python_is_honoured_or_refused() {
    let space = with_environment("{venv: [needs/requirements.txt], python: 3.12}");
    stand_in(&space, "python3.12", "echo asked >> asked; exec python3 \"$@\"");
    space.compile(Tool::Ninja).success();
    assert_eq!(space.ran(Tool::Ninja), ["ran", "ran"]);
    assert!(space.exists("asked"));
    let space = with_environment("{venv: [needs/requirements.txt], python: \"3.99\"}");
    let line = space.read("expops.yaml").lines().position(|line| line.contains("3.99")).unwrap() + 1;
    let ran = space.expops(&["run"]).failure();
    let place = format!("--> expops.yaml:{line}:3");
    for words in ["environment main-env", "`python3.99`", "it is not installed", &place] {
        assert!(ran.says(words), "{words}: {}{}", ran.out, ran.err);
    }
}

#[test]
fn a_lock_of_uv_needs_uv() {
    let space = with_environment("{uv: [uv.lock]}");
    stand_in(&space, "uv", NO_UV);
    space.write("pyproject.toml", "[project]\nname = \"a\"\nversion = \"1\"\n");
    space.write("uv.lock", "version = 1\n");
    let ran = space.expops(&["run"]).failure();
    for words in ["`uv` is not installed, and only it can read `uv.lock`", "uv export", "--> expops.yaml:4:3"]
    {
        assert!(ran.says(words), "{words}: {}{}", ran.out, ran.err);
    }
    assert!(!space.exists(VENV));
}

/// The program `uv`, which `tests/run` fetches.
fn uv() -> Option<std::path::PathBuf> {
    let fetched = crate::space::repository().join(".venv/uv/bin/uv");
    let is_there = fetched.exists();
    assert!(is_there || std::env::var_os("EXPOPS_TEST_FULL").is_none(), "there is no `.venv/uv/bin/uv`");
    is_there.then_some(fetched)
}

/// A wheel of the package `tiny`, in a version.
fn wheel(space: &Space, version: &str) {
    let script = "
import sys, zipfile
version = sys.argv[1]
info = f'tiny-{version}.dist-info/'
with zipfile.ZipFile(f'tiny-{version}-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('tiny.py', f'VERSION = {version!r}\\n')
    wheel.writestr(info + 'METADATA', f'Metadata-Version: 2.1\\nName: tiny\\nVersion: {version}\\n')
    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: a test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(info + 'RECORD', '')
";
    space.run("python3", &["-c", script, version]).success();
}

/// The project of `uv` that needs a version of it, locked.
fn locked(space: &Space, version: &str) {
    wheel(space, version);
    space.write(
        "pyproject.toml",
        format!(
            "[project]\nname = \"science\"\nversion = \"0.1\"\nrequires-python = \">=3.9\"\ndependencies = [\"tiny\"]\n\
             [tool.uv.sources]\ntiny = {{ path = \"tiny-{version}-py3-none-any.whl\" }}\n"
        ),
    );
    let mut lock = space.command("uv");
    lock.args(["lock", "--offline", "--quiet"]).env("UV_PYTHON_DOWNLOADS", "never");
    let output = lock.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_project_of_uv_is_installed_as_its_lock_says() {
    let Some(uv) = uv() else { return println!("skipped: there is no uv") };
    let space = with_environment("{uv: [pyproject.toml]}");
    space.edit(
        "src/model.py",
        "        import six\n        version = six.__version__",
        "        import tiny\n        version = tiny.VERSION",
    );
    stand_in(&space, "uv", &format!("UV_OFFLINE=1 exec '{}' \"$@\"", uv.display()));
    locked(&space, "1.0");
    space.compile(Tool::Ninja).success();
    assert_eq!(space.ran(Tool::Ninja), ["ran", "ran"]);
    assert_eq!(space.read("build/ask/out/six.json").trim(), "\"1.0\"");
    space.nothing_to_do(Tool::Ninja);
    locked(&space, "2.0");
    assert_eq!(space.ran(Tool::Ninja), ["ran", "ran"]);
    assert_eq!(space.read("build/ask/out/six.json").trim(), "\"2.0\"");
    space.nothing_to_do(Tool::Ninja);
    assert!(!fs::read_dir(space.path(".")).unwrap().any(|entry| entry.unwrap().file_name() == ".venv"));
}

/// Its code is a source of the build already.
#[test]
fn the_project_itself_can_be_a_package_of_its_environment() {
    for tool in TOOLS {
        let space = project("-e .\n");
        space.write("pyproject.toml", "[project]\nname = \"mine\"\nversion = \"1\"\n");
        space.compile(tool).success();
        let command = if tool == Tool::Ninja { "ninja" } else { "make" };
        space.run(command, &["-n"]).success();
    }
}

/// What `--find-links` leads to is installed as from an index, and says nothing of where it came from.
#[test]
fn a_wheel_that_is_built_again_under_its_version_counts() {
    let space = project("-f ../wheels\n--no-index\ntiny\n-r more.txt\n");
    space.write("needs/more.txt", "");
    fs::create_dir(space.path("wheels")).unwrap();
    space.write("src/model.py", "import tiny\n\ndef ask():\n    return {'x': tiny.VERSION}\n");
    space.set("UV_OFFLINE", Some("1"));
    let build_wheel = |value: &str| {
        let make = format!(
            "import base64, hashlib, zipfile\n\
             text = {value:?}\n\
             digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()\n\
             info = 'tiny-1.0.dist-info/'\n\
             with zipfile.ZipFile('wheels/tiny-1.0-py3-none-any.whl', 'w') as wheel:\n    \
             wheel.writestr('tiny.py', text)\n    \
             wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n')\n    \
             wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: a test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n    \
             wheel.writestr(info + 'RECORD', f'tiny.py,sha256={{digest}},{{len(text)}}\\n{{info}}RECORD,,\\n')\n"
        );
        space.run("python3", &["-c", &make]).success();
    };
    space.edit("expops.yaml", "    - name: ask\n", "    - {name: ask, environment: main-env}\n");
    for value in ["a", "b"] {
        build_wheel(&format!("VERSION = '{value}'"));
        space.expops(&["run"]).success();
        assert_eq!(space.read("build/ask/out/x.json").trim(), format!("\"{value}\""));
        space.tick();
    }
    fs::remove_file(space.path("needs/more.txt")).unwrap();
    assert!(space.expops(&["run"]).failure().says("needs/more.txt"));
}

/// Quoted and escaped names, variables, a mark at the beginning, line ends of Windows: as pip reads them.
#[test]
fn whatever_pip_reads_in_a_requirement_file_is_followed() {
    for tool in TOOLS {
        let space = project("\u{feff}-f ../wheels\r\n--no-index\r\n-r ${WHICH}\\ c.txt\r\n");
        space.edit("src/model.py", "        import six\n", "        import tiny as six\n");
        space.edit("src/model.py", "six.__version__", "six.VERSION");
        fs::create_dir(space.path("wheels")).unwrap();
        for version in ["1.0", "2.0"] {
            wheel(&space, version);
        }
        space.run("sh", &["-c", "mv *.whl wheels"]).success();
        space.write("needs/b c.txt", "tiny==1.0\n");
        space.write("needs/d c.txt", "tiny==1.0\n");
        let installed = || space.read("build/ask/out/six.json").trim().replace('"', "");
        let build = |which: &str| {
            space.set("WHICH", Some(which));
            space.compile(tool).success();
            space.build(tool, &[]).success();
        };
        build("b");
        assert_eq!(installed(), "1.0", "{tool:?}");
        space.nothing_to_do(tool);
        space.write("needs/b c.txt", "tiny==2.0\n");
        space.build(tool, &[]).success();
        assert_eq!(installed(), "2.0", "{tool:?}");
        build("d");
        assert_eq!(installed(), "1.0", "{tool:?}: the variable has changed");
        space.nothing_to_do(tool);
        if tool == Tool::Make {
            continue; // Each environment takes seconds.
        }
        // A file that is only named from now on.
        space.write("needs/e.txt", "tiny==1.0\n");
        space.write("needs/requirements.txt", "-f ../wheels\n--no-index\n--requirement='e.txt'");
        space.build(tool, &[]).success();
        space.write("needs/e.txt", "tiny==${VERSION}\n");
        space.set("VERSION", Some("2.0"));
        space.build(tool, &[]).success();
        assert_eq!(installed(), "2.0", "{tool:?}: a file that was not named before");
    }
}

#[test]
fn what_cannot_be_followed_in_a_requirement_file_is_named() {
    let space = project("-r ${EXPOPS_TEST_UNSET}.txt\n");
    let told = space.expops(&["run"]).failure();
    assert!(told.says("`needs/requirements.txt` names it; pip puts in the value of"), "{}", told.err);
    space.write("needs/requirements.txt", "-c https://example.org/limits.txt\n");
    let told = space.compile(Tool::Ninja).success();
    assert!(told.says("W010") && told.says("`https://example.org/limits.txt`"), "{}", told.err);
}
