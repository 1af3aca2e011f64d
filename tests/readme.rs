//! The README and the guide are true: their commands are run, in order, and print what they say; what they quote is in
//! the files that they quote.
//!
//! On a page of `docs/` a comment in the line above a block says what it is: `<!-- file: PATH -->` a file of the page's
//! project, `<!-- quote: PATH -->` a part of one, `<!-- only shown -->` something for other tools.

use std::fs;
use std::path::PathBuf;

use crate::space::{Space, repository};

pub struct Block {
    pub language: String,
    pub text: String,
    /// What the comment in the line above says of it.
    pub marking: Option<String>,
}

/// The fenced blocks of a Markdown text.
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut above = "";
    for line in markdown.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                let marking = above.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->"));
                let marking = marking.map(str::to_owned);
                open = Some(Block { language: language.to_owned(), text: String::new(), marking });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.text += &format!("{line}\n"),
            (None, None) => {}
        }
        above = line;
    }
    assert!(open.is_none(), "a block does not end");
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
        let here = command.replace("cargo run --no-default-features -- ", "expops ");
        let here = here.replace("cargo install --path .", ":");
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
    let all = blocks(&readme);
    for file in ["expops.yaml", "src/penguins.py"] {
        let whole = space.read(&format!("examples/penguins/{file}"));
        assert!(
            all.iter().take(4).any(|block| block.text == whole),
            "README does not begin with all of {file}"
        );
    }
    for block in all {
        let quoted = |file: &str| {
            let text = space.read(&format!("examples/penguins/{file}"));
            assert!(text.contains(block.text.trim_end()), "{file} does not say:\n{}", block.text);
        };
        match block.language.as_str() {
            "console" => run(&space, &mut place, &block.text),
            "yaml" => quoted("expops.yaml"),
            "python" => quoted("src/penguins.py"),
            "csv" => quoted("data/penguins.csv"),
            "ninja" => quoted("build.ninja"),
            "make" => quoted("Makefile"),
            "text" => {}
            // Those need a cluster: `tests/slurm.rs` runs them.
            "sh" => {}
            other => panic!("a block of README.md is of the unknown kind `{other}`"),
        }
    }
}

/// The pages of the guide.
fn pages() -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    pages.sort();
    pages
}

/// Runs the blocks of a page in a folder of its own, and returns how many are only shown.
fn follow(page: &str, text: &str) -> usize {
    let space = Space::new();
    let mut place = space.path(".").to_str().unwrap().to_owned();
    let mut only_shown = 0;
    for block in blocks(text) {
        let is_in = |file: &str| fs::read_to_string(PathBuf::from(&place).join(file)).unwrap();
        match (block.marking.as_deref(), block.language.as_str()) {
            (Some("only shown"), _) => only_shown += 1,
            (Some(marking), _) => match marking.split_once(": ") {
                Some(("file", file)) => space.write(file, &block.text),
                Some(("quote", file)) => {
                    assert!(
                        is_in(file).contains(block.text.trim_end()),
                        "{page}: not in {file}:\n{}",
                        block.text
                    );
                }
                _ => panic!("{page}: an unknown marking: {marking}"),
            },
            (None, "console") => run(&space, &mut place, &block.text),
            (None, "yaml") => may_be_written(page, &block.text),
            (None, "python") => {
                let check = ["-c", "import ast, sys; ast.parse(sys.argv[1])", &block.text];
                space.run("python3", &check).success();
            }
            (None, "sh" | "") => drop(space.run("sh", &["-n", "-c", &block.text]).success()),
            (None, "text") => {}
            (None, other) => panic!("{page}: a block of the kind `{other}` that nobody checks"),
        }
    }
    only_shown
}

/// Some pages at once: what `follow` returns of each, unless something in it is wrong.
fn follow_together(pages: &[PathBuf]) -> Vec<(String, Option<usize>)> {
    let start = |path: &PathBuf| {
        let (name, text) =
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap());
        (name.clone(), std::thread::spawn(move || follow(&name, &text)))
    };
    let running: Vec<_> = pages.iter().map(start).collect();
    running.into_iter().map(|(name, page)| (name, page.join().ok())).collect()
}

/// Insists that a part of a project file, its top level or a list of processes, is one that can be read: what it names
/// need not be there.
fn may_be_written(page: &str, text: &str) {
    let space = Space::new();
    let is_list = text.starts_with("- ");
    let has_pipeline = text.contains("process_adjlist");
    let whole = match (is_list, has_pipeline) {
        (true, _) => format!("process_adjlist: \"\"\nprocesses:\n{text}"),
        (false, true) => text.to_owned(),
        (false, false) => format!("{text}process_adjlist: a\nprocesses: [{{name: a, command: ls}}]\n"),
    };
    space.write("expops.yaml", whole);
    let ran = space.expops(&["compile", "--json"]);
    let is_of_the_text = |line: &&str| line.contains("\"error\"") && line.contains("\"code\":\"E0");
    let wrong: Vec<_> = ran.err.lines().filter(is_of_the_text).collect();
    assert!(wrong.is_empty() && ran.err.starts_with('{') || ran.status == 0, "{page}: {text}\n{}", ran.err);
}

#[test]
fn every_block_of_the_guide_is_true() {
    // Pages wait more than they compute: for clocks to tick, for Python to start.
    let told: Vec<_> = pages().chunks(4).flat_map(follow_together).collect();
    let wrong: Vec<_> = told.iter().filter(|(_, shown)| shown.is_none()).map(|(page, _)| page).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let shown: usize = told.iter().filter_map(|(_, shown)| *shown).sum();
    assert!(shown <= 4, "{shown} blocks of the guide are only shown");
}

#[test]
fn a_part_of_a_project_file_that_cannot_be_read_is_noticed() {
    let wrong =
        ["- {name: a, comand: ls}\n", "metadta: {name: x}\n", "- name: a\n  retries: often\n", "a: [\n"];
    for text in wrong {
        assert!(std::panic::catch_unwind(|| may_be_written("a test", text)).is_err(), "{text}");
    }
    may_be_written("a test", "- {name: a, retries: 2}\n");
}

/// The links of a Markdown text.
fn links(text: &str) -> Vec<&str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect()
}

/// The anchors of the headings of a Markdown text.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    let letter = |c: char| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || matches!(c, '-' | '_') => Some(c.to_ascii_lowercase()),
        _ => None,
    };
    headings
        .map(|heading| heading.trim_start_matches('#').trim().chars().filter_map(letter).collect())
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    for page in pages().into_iter().chain([repository().join("README.md")]) {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.with_file_name("").join(file) };
            assert!(target.exists(), "{}: {link}", page.display());
            let is_there = || anchors(&fs::read_to_string(&target).unwrap()).contains(&anchor.to_owned());
            assert!(anchor.is_empty() || is_there(), "{}: {link}", page.display());
        }
    }
    let index = fs::read_to_string(repository().join("docs/README.md")).unwrap();
    let is_listed =
        |page: &PathBuf| index.contains(&format!("({})", page.file_name().unwrap().to_str().unwrap()));
    let left: Vec<_> =
        pages().into_iter().filter(|page| !page.ends_with("README.md") && !is_listed(page)).collect();
    assert!(left.is_empty(), "not in docs/README.md: {left:?}");
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
