//! What is believed: nothing that was not looked at. Damage of every kind is found and made again; who knows better can
//! have it run again.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use crate::space::{Ran, Space, TOOLS, Tool};

const PROJECT: &str = "
scripts: {main: src/model.py}
process_adjlist: |
  make use
processes:
  - {name: make, parameters: {start: 1}}
  - {name: use}
  - {name: plot, code: plot, probe_paths: {m: make}}
";

const SCRIPT: &str = "
from counted import ran
from expops.core import log_metric
from expops.reporting import chart

def make(start):
    ran('make')
    log_metric('start', start)
    open('note.txt', 'w').write('noted')
    return {'x': start, 'all': {1, 2}}

def use(x):
    ran('use')
    return {'y': x + 1}

@chart()
def plot(metrics):
    ran('plot')
    open('plot.svg', 'w').write(str(metrics))
";

fn project() -> Space {
    let space = Space::new();
    space.write("expops.yaml", PROJECT);
    space.write("src/model.py", SCRIPT);
    space
}

fn name(tool: Tool) -> &'static str {
    if tool == Tool::Ninja { "ninja" } else { "make" }
}

fn run(space: &Space, tool: Tool, more: &[&str]) -> Ran {
    let _ = fs::remove_file(space.path("ran.log"));
    space.expops(&[&["run", "--with", name(tool)], more].concat())
}

/// The files that instances made.
fn made(space: &Space) -> Vec<String> {
    let tree = space.tree("build");
    let is_made =
        |name: &&String| ["/out/", "/files/", "metrics.json"].iter().any(|part| name.contains(part));
    tree.keys().filter(is_made).cloned().collect()
}

#[test]
fn whatever_is_deleted_emptied_or_edited_comes_back() {
    for tool in TOOLS {
        let space = project();
        run(&space, tool, &[]).success();
        let (before, names) = (space.tree("build"), made(&space));
        assert!(names.len() >= 6, "{names:?}");
        // Each file under one of the tools: a build takes a second.
        let mine = |i: usize| i.is_multiple_of(2) == (tool == Tool::Ninja);
        for (i, name) in names.iter().enumerate().filter(|(i, _)| mine(*i)) {
            let path = if name.starts_with("build") { name.clone() } else { format!("build/{name}") };
            let content = fs::read(space.path(&path)).unwrap();
            let damaged = match i % 3 {
                0 => None,
                1 => Some(Vec::new()),
                _ => Some(content.iter().map(|byte| byte ^ 1).collect::<Vec<_>>()),
            };
            fs::remove_file(space.path(&path)).unwrap();
            damaged.iter().for_each(|bytes| fs::write(space.path(&path), bytes).unwrap());
            space.expops(&["status", "--exit-code"]).failure();
            run(&space, tool, &[]).success();
            assert!(fs::read(space.path(&path)).unwrap() == content, "{tool:?}: {path}");
            space.expops(&["status", "--exit-code"]).success();
        }
        let after = space.tree("build");
        let same = names.iter().all(|name| before.get(name) == after.get(name));
        assert!(same);
    }
}

#[test]
fn an_exec_that_never_ran_is_met() {
    for tool in TOOLS {
        let space = project();
        run(&space, tool, &[]).success();
        space.write(
            "lost.sh",
            "#!/bin/sh\ncase \"$*\" in *--shared*) ;; exec*' make') exit 0 ;; esac\nexec expops \"$@\"\n",
        );
        space.run("chmod", &["+x", "lost.sh"]).success();
        space.edit("expops.yaml", "start: 1", "start: 5");
        let _ = fs::remove_file(space.path("ran.log"));
        space.edit("src/model.py", "return {'y': x + 1}", "return {'y': x + 2}");
        let lost = space.command(name(tool)).env("EXPOPS", "./lost.sh").output().unwrap();
        let lost = Ran::from(lost).failure();
        assert!(lost.says("its upstream `make` was made under another plan"), "{}{}", lost.out, lost.err);
        space.build(tool, &[]).success();
        assert_eq!(space.read("build/use/out/y.json").trim(), "7", "{tool:?}");
    }
}

#[test]
fn who_knows_better_has_it_run_again() {
    for tool in TOOLS {
        let space = project();
        run(&space, tool, &[]).success();
        run(&space, tool, &[]).success();
        assert_eq!(space.logged(), [""; 0]);
        run(&space, tool, &["--force", "make"]).success();
        assert_eq!(space.logged(), ["make"]);
        run(&space, tool, &[]).success();
        assert_eq!(space.logged(), [""; 0]);
        let wrong = run(&space, tool, &["--force", "mak"]);
        assert!(wrong.status == 2 && wrong.says("did you mean `make`?"), "{}", wrong.err);
    }
}

#[test]
fn always_runs_in_every_build_and_cache_false_stays_out_of_the_cache() {
    for tool in TOOLS {
        let space = project();
        space.edit("expops.yaml", "{name: make,", "{name: make, always: true,");
        space.edit("expops.yaml", "{name: use}", "{name: use, cache: false}");
        run(&space, tool, &[]).success();
        assert_eq!(space.logged(), ["make", "plot", "use"]);
        let _ = fs::remove_file(space.path("ran.log"));
        space.build(tool, &[]).success();
        assert_eq!(space.logged(), ["make"], "{tool:?}");
        fs::remove_dir_all(space.path("build/use")).unwrap();
        fs::remove_dir_all(space.path("build/plot")).unwrap();
        assert_eq!(space.ran(tool), ["make", "use"], "{tool:?}: the picture comes from the cache");
    }
}

#[test]
fn what_does_not_repeat_is_named() {
    let space = project();
    space.edit("src/model.py", "'all': {1, 2}", "'all': {1, 2}, 'now': __import__('time').time_ns()");
    run(&space, Tool::Ninja, &[]).success();
    let before = space.tree("build/make");
    let ran = space.expops(&["check", "--repeat", "make", "use"]).failure();
    assert!(
        ran.says("make: differs in key `now`\n") && ran.says("use: the same twice"),
        "{}{}",
        ran.out,
        ran.err
    );
    assert!(space.tree("build/make") == before);
}

#[test]
fn two_builds_at_once_share_and_clean_waits_for_neither() {
    let space = project();
    space.edit("src/model.py", "    ran('make')", "    ran('make')\n    __import__('time').sleep(2)");
    space.compile(Tool::Make).success();
    space.compile(Tool::Ninja).success();
    let start =
        |program: &str| space.command(program).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut builds = [start("ninja"), start("make")];
    for _ in 0..200 {
        if space.exists("ran.log") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let refused = space.expops(&["clean"]).failure();
    assert!(refused.says("a build is under way in `build`"), "{}", refused.err);
    builds.iter_mut().for_each(|build| assert!(build.wait().unwrap().success()));
    assert_eq!(space.logged(), ["make", "plot", "use"], "each instance is run by one of them");
    space.expops(&["clean", "-q"]).success();
}

#[test]
fn links_in_a_build_folder_are_not_followed() {
    let space = project();
    run(&space, Tool::Ninja, &[]).success();
    for (name, link) in [
        ("use", "build/use"),
        ("out", "build/use/out"),
        ("lock", "build/use/.lock"),
        ("log", "build/use/log"),
    ] {
        let outside = space.path(&format!("outside-{name}"));
        let path = space.path(link);
        let _ = fs::remove_dir_all(&path);
        let _ = fs::remove_file(&path);
        if name == "lock" || name == "log" {
            fs::write(&outside, "mine").unwrap();
        } else {
            fs::create_dir(&outside).unwrap();
        }
        symlink(&outside, &path).unwrap();
        let _ = space.expops(&["exec", "use"]);
        let _ = run(&space, Tool::Ninja, &["--force", "use"]);
        if outside.is_dir() {
            assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "{link}");
        } else {
            assert_eq!(fs::read_to_string(&outside).unwrap(), "mine", "{link}");
        }
        let _ = fs::remove_file(&path);
        run(&space, Tool::Ninja, &[]).success();
    }
}

#[test]
fn the_key_of_a_team_reaches_nobody() {
    let space = project();
    space.edit(
        "src/model.py",
        "    ran('use')",
        "    import os\n    print(sorted(os.environ))\n    ran('use')",
    );
    let build = |key: &str| {
        let mut command = space.command("expops");
        command.args(["run"]).env("EXPOPS_CACHE_KEY", key).env("EXPOPS_CACHE_DIR", space.path("cache"));
        Ran::from(command.output().unwrap()).success()
    };
    build("a-secret-of-many-words");
    assert!(space.read("build/use/log").contains("PATH"));
    for folder in ["build", "cache"] {
        for (name, content) in space.tree(folder) {
            let found = String::from_utf8_lossy(&content).contains("a-secret-of");
            assert!(
                !found && !String::from_utf8_lossy(&content).contains("EXPOPS_CACHE_KEY'"),
                "{folder}/{name}"
            );
        }
    }
    let again = |key: &str| {
        let _ = fs::remove_file(space.path("ran.log"));
        let _ = fs::remove_dir_all(space.path("build"));
        build(key);
        space.logged()
    };
    assert_eq!(again("a-secret-of-many-words"), [""; 0]);
    assert_eq!(again("another"), ["make", "plot", "use"]);
}
