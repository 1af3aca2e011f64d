//! The README is true: its commands are run, in order, and print what it says; what it quotes from the
//! examples stands in them.

use std::fs;

use crate::space::{Space, repository};

pub struct Block {
    pub language: String,
    pub text: String,
}

/// The fenced blocks of a Markdown text.
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in markdown.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block { language: language.to_owned(), text: String::new() })
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    blocks
}

/// Whether `printed` is what `expected` says, where a line `…` stands for any lines.
fn matches(expected: &[&str], printed: &[&str]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((&"…", rest)) => (0..=printed.len()).any(|skip| matches(rest, &printed[skip..])),
        Some((first, rest)) => {
            printed.first().is_some_and(|line| line.trim_end() == first.trim_end())
                && matches(rest, &printed[1..])
        }
    }
}

/// Runs a block of commands (`$ …`) and their output, in a shell that is where the last block left it.
fn run(space: &Space, place: &mut String, text: &str) {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let command = line.strip_prefix("$ ").unwrap_or_else(|| panic!("not a command: {line}"));
        let mut expected = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
            expected.push(line);
        }
        // The programs that the test runs have been built already.
        let here = command.replace("cargo run -- ", "expops ").replace("cargo install --path .", ":");
        let here = if here.contains("tests/run") { ":".to_owned() } else { here };
        let script = format!("cd '{place}' && {{ {here}\n}} 2>&1; status=$?; pwd > /dev/fd/3; exit $status");
        let marker = space.path("place");
        let output = space
            .command("bash")
            .args(["-c", &format!("exec 3>'{}'; {script}", marker.display())])
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let fails = expected.iter().any(|line| line.starts_with("error"));
        assert_eq!(output.status.success(), !fails, "{command}\n{printed}");
        let printed: Vec<_> = printed.lines().filter(|line| !line.is_empty()).collect();
        let expected: Vec<_> = expected.into_iter().filter(|line| !line.is_empty()).collect();
        assert!(matches(&expected, &printed), "{command}\nprinted:\n{}", printed.join("\n"));
        *place = fs::read_to_string(marker).unwrap().trim_end().to_owned();
    }
}

#[test]
fn every_block_of_the_readme_is_true() {
    let space = Space::new();
    space.copy("examples/penguins", "examples/penguins");
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let mut place = space.path(".").to_str().unwrap().to_owned();
    for block in blocks(&readme) {
        let quoted = |file: &str| {
            let text = space.read(&format!("examples/penguins/{file}"));
            assert!(text.contains(block.text.trim_end()), "{file} does not say:\n{}", block.text);
        };
        match block.language.as_str() {
            "console" => run(&space, &mut place, &block.text),
            "yaml" => quoted("expops.yaml"),
            "python" => quoted("src/penguins.py"),
            "ninja" => quoted("build.ninja"),
            "make" => quoted("Makefile"),
            "text" => {}
            // Those need a cluster: `tests/slurm.rs` runs them.
            "sh" => {}
            other => panic!("a block of README.md is of the unknown kind `{other}`"),
        }
    }
}

#[test]
fn a_line_of_dots_stands_for_any_lines() {
    assert!(matches(&["a", "…", "z"], &["a", "b", "c", "z"]));
    assert!(matches(&["…"], &[]));
    assert!(!matches(&["a", "…", "z"], &["a", "b"]));
}

#[test]
fn every_path_that_is_named_is_there() {
    for page in ["CONTRIBUTING.md", "ARCHITECTURE.md"] {
        let text = fs::read_to_string(repository().join(page)).unwrap();
        let roots = ["src/", "tests/", "templates/", "examples/", "benches/", "grammar/", "docs/", ".ci/"];
        let named = text.split('`').skip(1).step_by(2);
        let paths: Vec<_> = named.filter(|path| roots.iter().any(|root| path.starts_with(root))).collect();
        assert!(!paths.is_empty(), "{page}");
        for path in paths {
            let known =
                path.split('/').take_while(|part| !part.contains(['*', ' ']) && !part.contains("NAME"));
            let place = known.fold(repository(), |folder, part| folder.join(part));
            assert!(place.exists(), "{page} names `{path}`");
        }
    }
}
