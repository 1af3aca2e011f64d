//! The table of imports in ARCHITECTURE.md is true, both ways.

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

#[test]
fn imports_go_in_one_direction_only() {
    let table = documented();
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
            table.keys().filter(|m| !below.contains(m)).collect::<Vec<_>>()
        );
        below.extend(next);
    }
}
