//! Imports go in one direction: between modules as the table in ARCHITECTURE.md says, both ways, and among the
//! files of each folder.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::space::repository;
use imports::{File, files};

type Table = BTreeMap<String, BTreeSet<String>>;

/// Pairs that know each other, as ARCHITECTURE.md says, too.
const CIRCLES: &[(&str, &str, &str)] = &[("xpath", "document", "index"), ("xpath", "eval", "table")];

/// What a folder's files import when they import what is in its `mod.rs`.
const DOOR: &str = "mod.rs";

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

/// What the modules of the crate import from each other.
fn found() -> Table {
    let mut table = Table::new();
    for File { module, imports } in files() {
        let row = table.entry(module[0].clone()).or_default();
        row.extend(imports.iter().filter_map(|path| path.first()).filter(|one| **one != module[0]).cloned());
    }
    table
}

/// For each folder, what its files and folders import from each other.
fn inside() -> BTreeMap<String, Table> {
    let files = files();
    let modules: BTreeSet<&[String]> = files.iter().map(|file| file.module.as_slice()).collect();
    let mut folders: BTreeMap<String, Table> = BTreeMap::new();
    for File { module, imports } in &files {
        for depth in 1..module.len() {
            let table = folders.entry(module[..depth].join("/")).or_default();
            let row = table.entry(module[depth].clone()).or_default();
            for path in imports.iter().filter(|path| path.starts_with(&module[..depth])) {
                let is_sibling = path.len() > depth && modules.contains(&path[..=depth]);
                let name = if is_sibling { &path[depth] } else { DOOR };
                if name != module[depth] {
                    row.insert(name.to_owned());
                }
            }
        }
    }
    folders
}

/// The rows that are part of a circle, or import from one.
fn circle(table: &Table) -> Table {
    let mut rest = table.clone();
    loop {
        let names: BTreeSet<String> = rest.keys().cloned().collect();
        rest.values_mut().for_each(|imports| imports.retain(|one| names.contains(one)));
        let before = rest.len();
        rest.retain(|_, imports| !imports.is_empty());
        if rest.len() == before {
            return rest;
        }
    }
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

#[test]
fn imports_go_in_one_direction_only() {
    assert_eq!(circle(&documented()), Table::new());
}

#[test]
fn imports_inside_folders_go_in_one_direction_only() {
    let wrong: Vec<_> = inside().into_iter().flat_map(|(folder, table)| disorder(&folder, table)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What imports from the door of `folder`, and what imports in a circle.
fn disorder(folder: &str, mut table: Table) -> Vec<String> {
    let mut wrong = vec![];
    for (file, imports) in &table {
        if imports.contains(DOOR) {
            wrong.push(format!("{folder}/{file} imports what is in {folder}/{DOOR}"));
        }
    }
    for (_, one, other) in CIRCLES.iter().filter(|circle| circle.0 == folder) {
        for (file, import) in [(one, other), (other, one)] {
            let is_there = table.get(*file).is_some_and(|imports| imports.contains(*import));
            assert!(is_there, "{folder}: `{one}` and `{other}` are no circle any more");
        }
        join(&mut table, one, other);
    }
    let circle = circle(&table);
    if !circle.is_empty() {
        wrong.push(format!("a circle in {folder}: {circle:?}"));
    }
    wrong
}

/// Makes two files one, so that only what leads out of them and back is a circle.
fn join(table: &mut Table, one: &str, other: &str) {
    let more = table.remove(other).unwrap_or_default();
    table.entry(one.to_owned()).or_default().extend(more);
    for imports in table.values_mut() {
        if imports.remove(other) {
            imports.insert(one.to_owned());
        }
    }
    table.entry(one.to_owned()).or_default().remove(one);
}

/// `cli` alone prints; everything else returns what it has to say. It alone changes the working folder, too: what
/// belongs to the whole process belongs to the program, not to the library.
const OF_THE_PROGRAM: [&str; 5] = ["println!", "eprintln!", "print!", "eprint!", "set_current_dir"];

#[test]
fn only_the_command_line_prints_and_changes_the_working_folder() {
    let root = repository().join("src");
    for entry in walkdir::WalkDir::new(&root) {
        let path = entry.unwrap().into_path();
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
        let is_test = name.contains("test") || name == "syntax/hostile.rs";
        if !name.ends_with(".rs") || is_test || name.starts_with("cli/") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let found = OF_THE_PROGRAM.iter().find(|word| text.contains(*word));
        assert_eq!(found, None, "in `{name}`");
    }
}
