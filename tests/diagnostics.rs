//! `tests/diagnostics/*.yaml` against the `.out` beside each: all that `expops compile` says of it. With
//! `EXPOPS_BLESS=1` the outputs are rewritten.

use std::path::PathBuf;
use std::{env, fs};

use crate::space::{Space, repository};

/// The files in `folder` of the repository that end in `extension`.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join(folder)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|other| other == extension));
    files.sort();
    files
}

#[test]
fn every_golden_file() {
    let space = Space::copy_of("tests/diagnostics");
    // Not every file system can hold its name.
    space.write("a|b.csv", "");
    let mut wrong = Vec::new();
    for input in files("tests/diagnostics", "yaml") {
        let name = input.file_name().unwrap().to_str().unwrap();
        let ran = space.expops(&["compile", name, "--quiet", "-o", "build.ninja"]);
        assert_eq!(ran.status, if name.starts_with("warn") { 0 } else { 2 }, "{name}: {}", ran.err);
        assert!(ran.out.is_empty(), "{name}: {}", ran.out);
        let output = input.with_extension("out");
        if env::var_os("EXPOPS_BLESS").is_some() {
            fs::write(&output, &ran.err).unwrap();
        }
        let expected = fs::read_to_string(&output).unwrap_or_default();
        if ran.err != expected {
            wrong.push(format!("{name}\n--- expected\n{expected}\n--- actual\n{}", ran.err));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_file_that_an_outer_build_may_make_is_a_warning() {
    let space = Space::new();
    space.write(
        "expops.yaml",
        "data: {path: made.csv}\nprocess_adjlist: a\nprocesses: [{name: a, command: ls}]\n",
    );
    let ran = space.expops(&["compile"]);
    assert_eq!(ran.status, 2, "{}", ran.err);
    assert!(ran.says("error[E507]") && ran.says("expops.yaml:1:14"), "{}", ran.err);
    let ran = space.expops(&["compile", "--prefix", "x_"]).success();
    assert!(ran.says("warning[W005]") && ran.says("made.csv"), "{}", ran.err);
    // Who only looks does not need it.
    space.expops(&["graph"]).success();
}

#[test]
fn errors_are_bounded_and_counted() {
    let space = Space::new();
    let list: String = (0..16_080).map(|i| format!("  missing{i}\n")).collect();
    space.write("expops.yaml", format!("process_adjlist: |\n{list}processes: []\n"));
    let ran = space.expops(&["compile"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.lines().count() < 1_000, "{} lines", ran.err.lines().count());
    assert!(ran.says("more errors") && ran.says("16081 errors"), "{}", &ran.err[ran.err.len() - 300..]);
}
