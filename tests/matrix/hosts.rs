//! Builds of other kinds that take a project in, beside those of `examples/` (`tests/hosts.rs`) and what a Makefile may
//! have set (`tests/host_settings.rs`).

use std::fs;

use crate::space::{Ran, Space};

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

/// A project in `folder`.
fn project(folder: &str) -> Space {
    let space = Space::new();
    space.write(&format!("{folder}/expops.yaml"), PROJECT);
    space.write(&format!("{folder}/rows.csv"), "x\n1\n2\n3\n4\n");
    space
}

/// How many instances have ever started to run in a build folder.
fn executions(space: &Space, build: &str) -> usize {
    let journal = fs::read_to_string(space.path(build).join(".expops/journal")).unwrap_or_default();
    journal.lines().filter(|line| line.contains("\"event\":\"started\"")).count()
}

/// A host that builds the project in `folder` into `build`: it runs what has to, and what was wanted of it is right.
fn holds(space: &Space, folder: &str, build: &str, make: &dyn Fn() -> Ran) {
    make().success();
    let first = executions(space, build);
    assert!(first > 3);
    make().success();
    assert_eq!(executions(space, build), first);
    space.edit(&format!("{folder}/rows.csv"), "4\n", "4\n5\n6\n");
    make().success();
    assert!(executions(space, build) > first);
    assert_eq!(space.read(&format!("{build}/whole/out/all.txt")), "4\n4\n");
    space.edit(&format!("{folder}/expops.yaml"), "size: 2", "size: 3");
    make().success();
    assert_eq!(space.read(&format!("{build}/whole/out/all.txt")), "3\n3\n3\n");
    let last = executions(space, build);
    make().success();
    assert_eq!(executions(space, build), last);
}

#[test]
fn a_subninja_of_a_subninja() {
    let space = project("deep/an");
    let into = ["compile", "deep/an", "--root", ".", "--prefix", "an_", "-o", "deep/an/an.ninja"];
    space.expops(&into).success();
    space.write("deep/deep.ninja", "subninja deep/an/an.ninja\nrule copy\n  command = cp $in $out\nbuild deep/all.txt: copy deep/an/build/whole/out/all.txt\n");
    space.write(
        "build.ninja",
        "subninja deep/deep.ninja\nbuild build.ninja: phony deep/an/an.ninja\ndefault deep/all.txt\n",
    );
    let ninja = || space.run("ninja", &[]);
    holds(&space, "deep/an", "deep/an/build", &ninja);
    assert!(ninja().says("no work to do"));
    assert_eq!(space.read("deep/all.txt"), "3\n3\n3\n");
}

/// A program that a host is configured with; without it, its test is skipped with a word unless it has to be there.
fn is_there(program: &str) -> bool {
    let started = Space::new().command(program).arg("--version").output().is_ok();
    assert!(
        started || std::env::var_os("EXPOPS_TEST_FULL").is_none(),
        "{program} is not installed (tests/venv)"
    );
    if !started {
        eprintln!("{program} is not installed: skipped");
    }
    started
}

#[test]
fn cmake_with_both_generators() {
    if !is_there("cmake") {
        return;
    }
    for generator in ["Ninja", "Unix Makefiles"] {
        let space = Space::copy_of("examples/host-cmake");
        space.run("cmake", &["-G", generator, "-S", ".", "-B", "out"]).success();
        let build = || space.run("cmake", &["--build", "out"]).success();
        build();
        assert!(space.read("out/summary.txt").contains("data1: 2.0"), "{generator}");
        assert!(!build().says("ANALYSIS"), "{generator}");
        space.edit("simulate.c", "2.0 * x", "3.0 * x");
        build();
        assert!(space.read("out/summary.txt").contains("data1: 3.0"), "{generator}");
        assert!(!build().says("ANALYSIS") && !space.exists("analysis/build"), "{generator}");
    }
}

/// Meson has no file of ours to take in; it asks in every build, and expops decides by content.
#[test]
fn meson_asks_in_every_build() {
    if !is_there("meson") {
        return;
    }
    let space = project("an");
    space.write(
        "meson.build",
        "project('host')
custom_target('analysis', output: 'analysis.txt', capture: true, build_always_stale: true, build_by_default: true,
  command: [find_program('expops'), 'run', '--quiet', '--build-dir', meson.current_build_dir() / 'made',
            meson.current_source_dir() / 'an'])
",
    );
    space.run("meson", &["setup", "out"]).success();
    holds(&space, "an", "out/made", &|| space.run("ninja", &["-C", "out"]));
    assert!(!space.exists("an/build"));
}
