//! What the files of the crate import from each other, read from their text, apart from tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::space::repository;

/// The names that lead to a module or an item, from the crate's root.
pub type Names = Vec<String>;

/// A file of the crate.
pub struct File {
    /// The module that it is; a folder's `mod.rs` is the folder.
    pub module: Names,
    pub imports: BTreeSet<Names>,
}

/// The files below `src`, apart from tests and what makes the programs.
pub fn files() -> Vec<File> {
    let root = repository().join("src");
    let mut found = vec![];
    for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
        let Some(name) = name.strip_suffix(".rs") else { continue };
        let name = name.strip_suffix("/mod").unwrap_or(name);
        if ["lib", "main"].contains(&name)
            || name.starts_with("bin/")
            || name.ends_with("_tests")
            || is_test(&root, name)
        {
            continue;
        }
        let module: Names = name.split('/').map(str::to_owned).collect();
        let imports = imports(&module, &code(&path));
        found.push(File { module, imports });
    }
    found
}

/// Whether `name`, or a folder that it is in, is compiled for tests only.
fn is_test(root: &Path, name: &str) -> bool {
    let parents = name.match_indices('/').map(|(at, _)| &name[..at]).chain([name]);
    parents.into_iter().any(|one| {
        let (folder, module) = one.rsplit_once('/').map_or(("lib.rs".to_owned(), one), |(folder, module)| {
            let door = format!("{folder}/mod.rs");
            (if root.join(&door).exists() { door } else { format!("{folder}.rs") }, module)
        });
        let parent = fs::read_to_string(root.join(folder)).unwrap();
        let named = format!("mod {module};");
        let mut lines = parent.lines().rev().skip_while(|line| !line.ends_with(&named));
        lines.nth(1).is_some_and(|line| line == "#[cfg(test)]")
    })
}

/// The text of a file without its tests and comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut end = None;
    let mut code = String::new();
    for line in lines {
        let (indent, words) = line.split_at(line.len() - line.trim_start().len());
        if words.ends_with('{') && words.split(' ').any(|word| word == "mod") {
            end.get_or_insert(format!("{indent}}}"));
        }
        if end.is_some() {
            code += &seen_from_outside(line);
        } else {
            code += line;
        }
        code.push('\n');
        end.take_if(|end| end == line);
    }
    code
}

/// What a line inside of `mod name {` means outside of it.
fn seen_from_outside(line: &str) -> String {
    line.replace("super::", "self::").replace("self::self::", "super::")
}

/// Each path from `crate::` or `super::`, also those that stand in the middle of code.
fn imports(module: &[String], code: &str) -> BTreeSet<Names> {
    let starts = ["crate::", "super::"].iter().flat_map(|word| code.match_indices(word));
    let mut found = BTreeSet::new();
    for (at, _) in starts {
        let before = &code[..at];
        if before.ends_with("::") || before.ends_with("(in ") || before.ends_with(is_of_a_name) {
            continue;
        }
        for path in use_tree(&mut &code[at..]) {
            found.insert(absolute(module, &path));
        }
    }
    found
}

fn absolute(module: &[String], path: &[String]) -> Names {
    let mut names = module.to_vec();
    for name in path {
        match name.as_str() {
            "crate" => names.clear(),
            "super" => drop(names.pop()),
            "self" => {}
            _ => names.push(name.clone()),
        }
    }
    names
}

/// Reads `a::{b, c::d as e}` off the front of `text`.
fn use_tree(text: &mut &str) -> Vec<Names> {
    if let Some(rest) = text.strip_prefix('{') {
        *text = rest;
        let mut paths = vec![];
        loop {
            *text = text.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            let before = text.len();
            paths.extend(use_tree(text));
            *text = text.trim_start_matches(|c: char| c.is_whitespace() || is_of_a_name(c));
            if let Some(rest) = text.strip_prefix('}') {
                *text = rest;
                return paths;
            }
            assert!(text.len() < before, "not a list of imports: {text:.40}");
        }
    }
    let end = text.find(|c| !is_of_a_name(c) && c != '*').unwrap_or(text.len());
    let name = text[..end].to_owned();
    *text = &text[end..];
    let is_longer = |rest: &&str| rest.starts_with(|c| is_of_a_name(c) || c == '*' || c == '{');
    match text.strip_prefix("::").filter(is_longer) {
        Some(rest) => {
            *text = rest;
            use_tree(text).into_iter().map(|path| [vec![name.clone()], path].concat()).collect()
        }
        None => vec![vec![name]],
    }
}

fn is_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[test]
fn imports_are_found_wherever_they_are() {
    let code = "use crate::a::{self, b::{C, d as e}};\npub(in crate::x) fn f() { super::g(); super::super::h::I::new() }";
    let module = ["m", "n", "o"].map(str::to_owned);
    let found: Vec<String> = imports(&module, code).iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["a", "a::b::C", "a::b::d", "m::h::I::new", "m::n::g"]);
}
