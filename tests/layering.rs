//! The table of imports in ARCHITECTURE.md is true, both ways, and imports go in one direction only: between modules,
//! and inside the folders that are listed here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::space::repository;

type Table = BTreeMap<String, BTreeSet<String>>;

/// The rows `| module | imports |` of the table.
fn documented() -> Table {
    let text = fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    let table = text.split("## Who may import whom").nth(1).expect("the table of imports");
    let table = table.split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').collect();
        let names =
            |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
        (names(cells[0]).into_iter().next().unwrap(), names(cells[1]))
    };
    rows.map(row).collect()
}

/// What the modules of the crate import from each other, apart from tests.
fn found() -> Table {
    let root = repository().join("src");
    let mut table = Table::new();
    for entry in walkdir::WalkDir::new(&root) {
        let path = entry.unwrap().into_path();
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".rs") || name.contains("test") || ["lib.rs", "main.rs"].contains(&name.as_str()) {
            continue;
        }
        if name.starts_with("bin/") {
            continue;
        }
        let module = name.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let imports = table.entry(module.clone()).or_default();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for part in line.split("crate::").skip(1) {
                let word: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !word.is_empty() && word != module {
                    imports.insert(word);
                }
            }
        }
    }
    table
}

#[test]
fn the_table_of_imports_is_true() {
    let (documented, found) = (documented(), found());
    for (module, imports) in &found {
        let allowed = documented.get(module).unwrap_or_else(|| panic!("`{module}` is not in the table"));
        let unknown: Vec<_> = imports.difference(allowed).collect();
        assert!(unknown.is_empty(), "`{module}` imports {unknown:?}, which ARCHITECTURE.md does not say");
        let unused: Vec<_> = allowed.difference(imports).collect();
        assert!(unused.is_empty(), "ARCHITECTURE.md says that `{module}` imports {unused:?}");
    }
    assert_eq!(documented.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
}

/// Folders whose files import each other in one direction only. `mod.rs` is the door: no file inside imports from it.
const ORDERED: [&str; 1] = ["exec"];

/// What the files of a folder import from each other, apart from tests.
fn inside(folder: &str) -> Table {
    let root = repository().join("src").join(folder);
    let files = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let modules: BTreeMap<_, _> = files
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), text)
        })
        .collect();
    let imports = |text: &String| {
        let mut found = BTreeSet::new();
        for part in text.split("super::").skip(1) {
            let listed = part.strip_prefix('{').map(|list| list.split('}').next().unwrap());
            let words: Vec<_> = listed.map_or_else(|| vec![part], |list| list.split(',').collect());
            for word in words {
                let word: String =
                    word.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let is_file = modules.contains_key(&word) && word != "mod";
                found.insert(if is_file { word } else { format!("the door, for `{word}`") });
            }
        }
        found
    };
    let files = modules.iter().filter(|(name, _)| *name != "mod");
    files.map(|(name, text)| (name.clone(), imports(text))).collect()
}

#[test]
fn imports_go_in_one_direction_only() {
    acyclic(&documented());
    ORDERED.iter().for_each(|folder| acyclic(&inside(folder)));
}

#[track_caller]
fn acyclic(table: &Table) {
    let mut below: BTreeSet<&String> = BTreeSet::new();
    while below.len() < table.len() {
        let next: Vec<_> = table
            .iter()
            .filter(|(module, imports)| {
                !below.contains(module) && imports.iter().all(|import| below.contains(import))
            })
            .map(|(module, _)| module)
            .collect();
        assert!(
            !next.is_empty(),
            "a cycle among {:?}",
            table.iter().filter(|(module, _)| !below.contains(module)).collect::<Vec<_>>()
        );
        below.extend(next);
    }
}

/// Who may print: the command lines, `cli` and that of `expops-split`, and `exec` about what is no error. The
/// compiler and everything else returns what it has to say.
const PRINTERS: [&str; 4] = ["cli/", "split/command.rs", "exec/chart.rs", "exec/decide.rs"];

#[test]
fn only_the_command_lines_print() {
    let root = repository().join("src");
    for entry in walkdir::WalkDir::new(&root) {
        let path = entry.unwrap().into_path();
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
        let is_test = name.contains("test") || name == "syntax/hostile.rs";
        if !name.ends_with(".rs") || is_test || PRINTERS.iter().any(|printer| name.starts_with(printer)) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let prints = ["println!", "eprintln!", "print!", "eprint!"].iter().find(|word| text.contains(*word));
        assert_eq!(prints, None, "`{name}` prints");
    }
}
