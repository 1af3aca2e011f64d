//! What wakes the compiler: a name that an import could mean, and no other file beside the scripts.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::space::{Space, TOOLS, Tool, of_one};

/// A project in `an/`, taken in by a build above it or built in its own folder; every call of expops is noted.
struct Watched {
    space: Space,
    tool: Tool,
    is_hosted: bool,
    /// What the last build said.
    said: RefCell<String>,
}

impl Watched {
    fn new(tool: Tool, is_hosted: bool) -> Self {
        let space = Space::new();
        space.write("an/expops.yaml", "scripts: {main: src/m.py}\nprocess_adjlist: a b\nprocesses:\n  - {name: a, files: [conf]}\n  - {name: b}\n");
        space.write("an/src/m.py", "from counted import ran\nimport helper, pkg.deep\n\ndef a():\n    ran('a')\n    return {'x': helper.f() + pkg.deep.f()}\n\ndef b(x):\n    ran('b')\n    return {'y': x}\n");
        space.write("an/src/helper.py", "import shelve\n\ndef f(): return getattr(shelve, 'MINE', 1)\n");
        space.write("an/src/pkg/deep.py", "def f(): return 1\n");
        space.write("an/conf/one", "1");
        let program = env!("CARGO_BIN_EXE_expops");
        let log = space.path("calls.log");
        space.write(
            "tools/bin/expops",
            format!("#!/bin/sh\necho \"$*\" >> '{}'\nexec '{program}' \"$@\"\n", log.display()),
        );
        fs::set_permissions(space.path("tools/bin/expops"), fs::Permissions::from_mode(0o755)).unwrap();
        let format = if tool == Tool::Make { "make" } else { "ninja" };
        let flags: &[&str] = match is_hosted {
            true => {
                &["compile", "an", "--root", ".", "--prefix", "an_", "-o", "an/an.txt", "--format", format]
            }
            false => &["compile", "an", "--format", format],
        };
        space.expops(flags).success();
        space.write("build.ninja", "subninja an/an.txt\nbuild build.ninja: phony an/an.txt\n");
        space.write("Makefile", "all: an_all\ninclude an/an.txt\n");
        Self { space, tool, is_hosted, said: RefCell::default() }
    }

    /// Builds; returns which instances ran, and how often expops was called to compile and for anything at all.
    fn build(&self) -> (Vec<String>, usize, usize) {
        for log in ["calls.log", "an/.ran.log"] {
            let _ = fs::remove_file(self.space.path(log));
        }
        let there: &[&str] = if self.is_hosted { &[] } else { &["-C", "an"] };
        let why: &[&str] = if self.tool == Tool::Ninja { &["-d", "explain"] } else { &[] };
        let built = self.space.build(self.tool, &[there, why].concat()).success();
        self.said.replace(built.out + &built.err);
        let read = |log| fs::read_to_string(self.space.path(log)).unwrap_or_default();
        let calls = read("calls.log");
        let compiled = calls.lines().filter(|call| call.split(' ').any(|word| word == "compile")).count();
        (read("an/.ran.log").lines().map(str::to_owned).collect(), compiled, calls.lines().count())
    }

    /// Does something, and expects instances to run, and the compiler to be called once or not.
    #[track_caller]
    fn after(&self, what: &str, change: impl FnOnce(&Space), expected: &[&str], compiles: bool) {
        change(&self.space);
        let (ran, compiled, _) = self.build();
        let of = format!("{what}, {:?}, hosted: {}", self.tool, self.is_hosted);
        assert_eq!(
            (ran, compiled),
            (expected.iter().map(|name| (*name).to_owned()).collect(), usize::from(compiles)),
            "{of}\n{}",
            self.said.borrow()
        );
        assert_eq!(self.build(), (Vec::new(), 0, 0), "once more after {of}\n{}", self.said.borrow());
    }
}

/// What editors, Python and people leave beside scripts.
const LITTER: [&str; 6] =
    [".m.py.swp", "m.py~", "4913", "__pycache__/m.cpython-311.pyc", "notes.txt", "pkg/.deep.py.swp"];

#[test]
fn names_of_modules_wake_the_compiler_and_other_files_do_not() {
    for (tool, is_hosted) in TOOLS.into_iter().flat_map(|tool| [(tool, false), (tool, true)]) {
        let project = Watched::new(tool, is_hosted);
        project.build();
        project.after("nothing", |_| (), &[], false);
        let litter = |space: &Space, act: &dyn Fn(&Space, &str)| {
            LITTER.iter().for_each(|name| act(space, &format!("an/src/{name}")));
        };
        project.after("litter", |space| litter(space, &|space, name| space.write(name, "1")), &[], false);
        let remove = |space: &Space, name: &str| fs::remove_file(space.path(name)).unwrap();
        project.after("litter is gone", |space| litter(space, &remove), &[], false);
        let new = |name: &'static str, text: &'static str| move |space: &Space| space.write(name, text);
        project.after("a module that nobody imports", new("an/src/more.py", ""), &[], true);
        project.after(
            "one that an import now means",
            new("an/src/shelve.py", "MINE = 5\n"),
            &["a", "b"],
            true,
        );
        project.after(
            "it is gone",
            |space| fs::remove_file(space.path("an/src/shelve.py")).unwrap(),
            &[],
            true,
        );
        project.after("one in a package", new("an/src/pkg/more.py", ""), &[], true);
        project.after(
            "a package hides a module",
            new("an/src/helper/__init__.py", "def f(): return 7\n"),
            &["a", "b"],
            true,
        );
        project.after("any file counts where all are declared", new("an/conf/.two", "1"), &["a"], true);
        project.after(
            "the stamps are gone",
            |space| fs::remove_dir_all(space.path("an/build/.expops/modules")).unwrap(),
            &[],
            true,
        );
        project.after(
            "a package is gone",
            |space| {
                space.edit("an/src/m.py", "import helper, pkg.deep", "import helper");
                space.edit("an/src/m.py", "pkg.deep.f()", "2");
                fs::remove_dir_all(space.path("an/src/pkg")).unwrap();
            },
            &["a", "b"],
            true,
        );
    }
}

#[test]
fn what_a_pipeline_is_made_from_is_never_overwritten() {
    let space = Space::new();
    space.write("expops.yaml", of_one("make"));
    space.write("s.py", "def make():\n    return {}\n");
    for name in ["expops.yaml", "./s.py"] {
        let before = space.read(name);
        let refused = space.expops(&["compile", "--force", "-o", name]).failure();
        assert!(refused.says("is what the pipeline is made from"), "{}", refused.err);
        assert_eq!(space.read(name), before);
    }
}

#[test]
fn what_is_no_file_is_never_replaced() {
    let space = Space::new();
    space.write("expops.yaml", "process_adjlist: a\nprocesses:\n  - {name: a, command: 'echo 1 > {{ outputs.x }}', outputs: {x: x}}\n");
    space.write("real.html", "old");
    space.link("page.html", "real.html");
    space.expops(&["report", "-o", "page.html"]).success();
    assert!(space.path("page.html").is_symlink() && space.read("real.html").contains("<html"));

    space.link("null", "/dev/null");
    let quiet = space.expops(&["report", "-o", "null"]).success();
    assert_eq!(quiet.out, "", "the page may be what is on the screen");
    let refused = space.expops(&["compile", "--force", "-o", "null"]).failure();
    assert!(refused.err.contains("it is not a file"), "{}", refused.err);
    assert!(space.path("null").is_symlink());
    assert!(space.expops(&["report", "-o", "-"]).success().out.contains("<html"));
    assert!(space.expops(&["compile", "--force", "-o", "-"]).failure().err.contains("it is not a file"));
    assert!(!space.exists("-"));

    space.run("mkfifo", &["pipe"]).success();
    let mut reader = space.command("cat").arg("pipe").stdout(std::process::Stdio::piped()).spawn().unwrap();
    space.expops(&["report", "-o", "pipe"]).success();
    let mut page = String::new();
    std::io::Read::read_to_string(reader.stdout.as_mut().unwrap(), &mut page).unwrap();
    reader.wait().unwrap();
    assert!(page.contains("</html>"));
    let refused = space.expops(&["compile", "--force", "-o", "pipe"]).failure();
    assert!(refused.err.contains("it is not a file"), "{}", refused.err);

    space.write("log", "before\n");
    space.run("sh", &["-c", "expops report -o /dev/stdout >> log"]).success();
    let log = space.read("log");
    assert!(log.starts_with("before\n<!doctype html>") && log.ends_with("</html>"));

    // A link with the usual name may come with somebody else's project.
    space.link("report.html", "log");
    space.expops(&["report"]).success();
    assert!(!space.path("report.html").is_symlink() && space.read("log") == log);
    space.link("made", "expops.yaml");
    let refused = space.expops(&["compile", "--force", "-o", "made"]).failure();
    assert!(refused.err.contains("is what the pipeline is made from"), "{}", refused.err);
    space.link("early", "nowhere");
    let refused = space.expops(&["compile", "-o", "early"]).failure();
    assert!(refused.err.contains("leads nowhere") && !space.exists("nowhere"), "{}", refused.err);
    space.write("d.csv", "a\n1\n2\n");
    space.write("parts/x", "");
    space.run("mkfifo", &["parts/p2.csv"]).success();
    let refused = space.run("expops-split", &["d.csv", "--size", "2", "--out", "parts"]).failure();
    assert!(refused.err.contains("it is not a file"), "{}", refused.err);
}

#[test]
fn what_a_script_of_a_command_imports_is_looked_for() {
    let space = Space::new();
    space.write("expops.yaml", "process_adjlist: a\nprocesses:\n  - {name: a, command: 'python3 src/t.py > {{ outputs.x }}', outputs: {x: x}}\n");
    space.write("src/t.py", "import json, beside\nimport made_later\n");
    space.write("src/beside.py", "");
    let warned = space.expops(&["compile"]).success();
    assert!(
        warned.err.contains("W007") && warned.err.contains("there is no module `made_later`"),
        "{}",
        warned.err
    );
    assert_eq!(warned.err.matches("W007").count(), 1);
    space.edit("expops.yaml", "outputs: {x: x}", "outputs: {x: x}, files: [src/made_later.py]");
    assert!(!space.expops(&["compile", "--root", ".", "--prefix", "x_"]).success().err.contains("W007"));
}

#[test]
fn a_name_that_a_package_has_is_no_missing_module() {
    let space = Space::new();
    space.write("expops.yaml", of_one("work"));
    space.write("s.py", "import pkg.a\n\ndef work():\n    return {'x': pkg.a.Base}\n");
    space.write("pkg/base.py", "class Base: pass\n");
    space.write("pkg/a.py", "from . import Base, base, os, VERSION\n");
    space.write("pkg/__init__.py", "import os\nfrom .base import Base\nVERSION = 1\n");
    assert!(!space.expops(&["compile"]).success().err.contains("W007"));
    space.write("pkg/__init__.py", "import os\nVERSION = 1\n");
    assert!(space.expops(&["compile"]).success().err.contains("there is no module `Base`"));
}

/// Neither removes what the other has begun to write.
#[test]
fn who_compiles_at_once_waits() {
    let space = Space::new();
    let names: Vec<_> = (0..40).map(|i| format!("a{i}")).collect();
    let entries: String = names
        .iter()
        .map(|name| {
            format!("  - {{name: {name}, command: 'echo > {{{{ outputs.x }}}}', outputs: {{x: x}}}}\n")
        })
        .collect();
    space
        .write("expops.yaml", format!("process_adjlist: |\n  {}\nprocesses:\n{entries}", names.join("\n  ")));
    for _ in 0..6 {
        let _ = std::fs::remove_dir_all(space.path("build"));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| space.expops(&["compile"]).success());
            }
        });
    }
}
