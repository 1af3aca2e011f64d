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
