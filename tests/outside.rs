//! A build folder outside the project: the sources stay as they are, and commands find one from the other.

use std::fs;

use crate::space::Space;

const PROJECT: &str = "
process_adjlist: |
  rows cut
  cut count
  count whole
processes:
  - {name: rows, command: 'cat rows.csv > {{ outputs.df }}', outputs: {df: rows.csv}, files: [rows.csv]}
  - {name: cut, data_parallelism: {size: 2, data_name: df}}
  - {name: count, command: 'wc -l < {{ inputs.df }} > {{ outputs.n }}', outputs: {n: n.txt}}
  - {name: whole, data_aggregation: true, command: 'cat {{ inputs.n }} > {{ outputs.all }}', outputs: {all: all.txt}}
";

fn project() -> Space {
    let space = Space::new();
    space.write("p/expops.yaml", PROJECT);
    space.write("p/rows.csv", "x\n1\n2\n3\n4\n");
    space
}

/// The names in the project's folder.
fn sources(space: &Space) -> Vec<String> {
    let entries = walkdir::WalkDir::new(space.path("p")).sort_by_file_name().into_iter().flatten();
    entries.map(|entry| entry.path().strip_prefix(space.path("p")).unwrap().display().to_string()).collect()
}

#[test]
fn each_tool_builds_there_and_leaves_the_sources_alone() {
    for (format, program, file) in [("ninja", "ninja", "build.ninja"), ("make", "make", "Makefile")] {
        let space = project();
        let absolute = space.path("abs").display().to_string();
        for build in ["../out", "../deep/er", &absolute] {
            let before = sources(&space);
            let output = format!("{build}/{file}");
            let made = ["-C", "p", "compile", "--format", format, "--build-dir", build, "-o", &output];
            space.expops(&made).success();
            let tool = || space.run(program, &["-C", "p", "-f", &output]).success();
            tool();
            let all = space.path("p").join(build).join("whole/out/all.txt");
            assert_eq!(fs::read_to_string(&all).unwrap(), "3\n3\n", "{format} {build}");
            let quiet = tool();
            assert!(quiet.says("no work to do") || quiet.says("Nothing to be done"), "{}", quiet.out);
            // The tool makes its own file again.
            space.edit("p/expops.yaml", "size: 2", "size: 4");
            tool();
            assert_eq!(fs::read_to_string(&all).unwrap(), "2\n2\n2\n2\n", "{format} {build}");
            space.edit("p/expops.yaml", "size: 4", "size: 2");
            assert_eq!(sources(&space), before, "{format} {build}");
            let text = fs::read_to_string(space.path("p").join(&output)).unwrap();
            assert!(build == absolute || !text.contains(space.path("").to_str().unwrap()), "{text}");
        }
    }
}

#[test]
fn commands_find_the_project_from_there_and_the_folder_by_its_variable() {
    let space = project();
    space.expops(&["run", "p", "--build-dir", "../out"]).success();
    assert_eq!(sources(&space), ["", "expops.yaml", "rows.csv"]);
    for folder in ["out", "out/count/p1"] {
        let told = space.expops(&["-C", folder, "explain", "count p1"]).success();
        assert!(told.says("count p1: is up to date"), "{folder}: {}", told.out);
    }
    assert!(space.expops(&["-C", "p", "explain", "count p1"]).success().says("would run"));
    let named = |build: &str| {
        let mut command = space.command(env!("CARGO_BIN_EXE_expops"));
        let output = command.args(["-C", "p", "explain", "count p1"]).env("EXPOPS_BUILD_DIR", build).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    assert!(named("../out").contains("is up to date"));
    assert!(named(space.path("out").to_str().unwrap()).contains("is up to date"));
    // Both together may be moved; one of them alone is not taken for what it was.
    fs::create_dir(space.path("moved")).unwrap();
    for name in ["p", "out"] {
        fs::rename(space.path(name), space.path("moved").join(name)).unwrap();
    }
    assert!(space.expops(&["-C", "moved/out", "explain", "count p1"]).success().says("is up to date"));
    fs::rename(space.path("moved/out"), space.path("lonely")).unwrap();
    assert!(space.expops(&["-C", "lonely", "explain", "count p1"]).failure().says("there is no project"));
}

/// Linux takes 128 KiB in one argument and 2 MiB in all. Paths of nearly 4,000 letters stand for thousands of partitions.
#[test]
fn a_command_is_as_long_as_its_inputs_and_a_program_takes_a_list_of_what_is_too_much() {
    const PARTS: usize = 48;
    let deep = format!("../{}", vec!["d".repeat(250); 14].join("/"));
    for (format, program, file) in [("ninja", "ninja", "build.ninja"), ("make", "make", "Makefile")] {
        let space = project();
        let rows: String = (0..PARTS).map(|row| format!("{row}\n")).collect();
        space.write("p/rows.csv", format!("x\n{rows}"));
        space.edit("p/expops.yaml", "size: 2", &format!("size: {PARTS}"));
        space.expops(&["-C", "p", "compile", "--format", format, "--build-dir", &deep]).success();
        let build = || space.run(program, &["-C", "p", "-f", file, "-j4"]);
        build().success();
        let out = space.path("p").join(&deep).join("whole/out");
        assert_eq!(fs::read_to_string(out.join("all.txt")).unwrap(), "2\n".repeat(PARTS), "{format}");

        let many = vec!["{{ inputs.n }}"; 16].join(" ");
        space.edit("p/expops.yaml", "cat {{ inputs.n }}", &format!("cat {many}"));
        let failed = build().failure();
        assert!(
            failed.says("2 MB") && failed.says("{{ inputs.NAME | list_file }}"),
            "{format}: {}",
            failed.err
        );

        let lists = "sort -u {{ inputs.n | list_file }} {{ inputs.n | list_file }} | xargs cat";
        space.edit("p/expops.yaml", &format!("cat {many}"), lists);
        build().success();
        assert_eq!(fs::read_to_string(out.join("all.txt")).unwrap(), "2\n".repeat(PARTS), "{format}");
    }
}

#[test]
fn a_folder_that_holds_the_project_is_none() {
    let space = project();
    let above = space.path(".").canonicalize().unwrap().display().to_string();
    for build in [".", "..", "../..", "/", &above] {
        let ran = space.expops(&["compile", "p", "--build-dir", build]);
        assert_eq!(ran.status, 2, "{build}");
        assert!(ran.says("holds the project"), "{build}: {}", ran.err);
    }
    assert_eq!(sources(&space), ["", "expops.yaml", "rows.csv"]);
}
