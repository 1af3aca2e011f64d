//! The table of `docs/executors.md`: for each pipeline a heading, and below it a row for each executor. Rows of executors
//! that are not there stay as they are.

use std::fs;
use std::sync::Mutex;

use crate::space::repository;

/// Tests of several pipelines write one file.
static FILE: Mutex<()> = Mutex::new(());

/// Holds what was counted against the table; with `EXPOPS_BLESS`, writes it there.
pub fn hold(pipeline: &str, counted: &[(&str, &[String])]) {
    let _one_at_a_time = FILE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let path = repository().join("docs/executors.md");
    let is_blessed = std::env::var_os("EXPOPS_BLESS").is_some();
    let mut text = fs::read_to_string(&path).unwrap();
    for (executor, cells) in counted {
        let row = format!("| {executor} | {} |", cells.join(" | "));
        let old = row_of(&text, pipeline, executor).unwrap_or_else(|| panic!("no row of {executor}: {row}"));
        if is_blessed {
            text.replace_range(old.clone(), &row);
            fs::write(&path, &text).unwrap();
        }
        let there = row_of(&text, pipeline, executor).map(|range| &text[range]);
        assert_eq!(there, Some(row.as_str()), "docs/executors.md, {pipeline}; EXPOPS_BLESS=1 accepts it");
    }
}

/// Where the row of an executor is, in the part about a pipeline.
fn row_of(text: &str, pipeline: &str, executor: &str) -> Option<std::ops::Range<usize>> {
    let part = text.find(&format!("\n### {pipeline}\n"))? + 1;
    let end = text[part..].find("\n#").map_or(text.len(), |end| part + end);
    let begin = part + text[part..end].find(&format!("\n| {executor} |"))? + 1;
    Some(begin..begin + text[begin..].find('\n')?)
}
