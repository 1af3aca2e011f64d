//! The same questions to us and to lxml: random documents, random expressions, every answer compared.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use expops::xpath::{Document, NodeId, NodeKind, Value, evaluate, evaluate_eagerly, parse};
use serde_json::{Value as Json, json};

use crate::expression::Expressions;
use crate::random::Random;
use crate::tree;

/// Pairs of a document and an expression, unless `EXPOPS_TEST_XPATH_PAIRS` says otherwise.
const PAIRS: usize = 24_000;
/// Expressions for one document.
const PER_DOCUMENT: usize = 60;
/// Pairs that are written to one file.
const PER_FILE: usize = 60_000;

#[test]
fn the_same_answers_as_lxml() {
    let number = |name: &str, default| std::env::var(name).map_or(default, |n| n.parse().unwrap());
    let (mut left, mut seed) =
        (number("EXPOPS_TEST_XPATH_PAIRS", PAIRS), number("EXPOPS_TEST_XPATH_SEED", 1));
    let python = std::env::var("EXPOPS_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    if !has_lxml(&python) {
        let is_full = std::env::var("EXPOPS_TEST_FULL").is_ok_and(|full| full == "1");
        assert!(!is_full, "`{python}` has no lxml: install it, or name another Python in EXPOPS_TEST_PYTHON");
        eprintln!("skipped: `{python}` has no lxml");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.jsonl");
    while left > 0 {
        let count = left.min(PER_FILE);
        let documents = count.div_ceil(PER_DOCUMENT);
        write_cases(&path, seed, documents);
        run_lxml(&python, &path);
        seed += documents;
        left -= count;
    }
}

fn has_lxml(python: &str) -> bool {
    let status = Command::new(python).args(["-c", "import lxml.etree"]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn write_cases(path: &Path, first_seed: usize, documents: usize) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    for seed in first_seed..first_seed + documents {
        writeln!(file, "{}", case(seed)).unwrap();
    }
    file.flush().unwrap();
}

fn run_lxml(python: &str, path: &Path) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/xpath/differential.py");
    let output = Command::new(python).arg(script).arg(path).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    eprint!("{out}");
    assert!(output.status.success(), "lxml answers differently:\n{out}\n{err}");
}

/// A document and its questions with our answers.
fn case(seed: usize) -> Json {
    let mut random = Random::new(seed as u64);
    let document = tree::document(&mut random);
    let contexts = contexts(&document);
    let questions: Vec<Json> = (0..PER_DOCUMENT)
        .map(|_| {
            let context = contexts[random.below(contexts.len())];
            let mut expressions = Expressions { random: &mut random, is_inside: false };
            let text = match expressions.random.chance(3) {
                true => expressions.wrong(),
                false => expressions.any(3),
            };
            json!([context.index(), text, answer(&document, context, &text)])
        })
        .collect();
    json!({ "seed": seed, "xml": document.to_xml(), "questions": questions })
}

/// The nodes at which lxml can evaluate: it cannot at the root, at attributes or at texts.
fn contexts(document: &Document) -> Vec<NodeId> {
    let mut found = Vec::new();
    let mut waiting = vec![document.root()];
    while let Some(node) = waiting.pop() {
        if !matches!(document.kind(node), NodeKind::Root | NodeKind::Text) {
            found.push(node);
        }
        waiting.extend(document.children(node));
    }
    found
}

/// Whether two answers are the same; NaN is NaN.
fn same<E: PartialEq>(one: &Result<Value, E>, other: &Result<Value, E>) -> bool {
    match (one, other) {
        (Ok(Value::Number(one)), Ok(Value::Number(other))) if one.is_nan() => other.is_nan(),
        _ => one == other,
    }
}

fn answer(document: &Document, context: NodeId, text: &str) -> Json {
    let expr = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let printed = expr.to_string();
    assert_eq!(parse(&printed), Ok(expr.clone()), "printed from {text}");
    let value = evaluate(&expr, document, context);
    assert!(same(&value, &evaluate_eagerly(&expr, document, context)), "with tables: {text}");
    match value {
        Err(_) => json!("error"),
        Ok(Value::Boolean(boolean)) => json!(boolean),
        Ok(Value::String(string)) => json!({ "string": string }),
        Ok(Value::Number(number)) if number.is_nan() => json!({ "number": "nan" }),
        Ok(Value::Number(number)) => json!({ "number": number.to_bits().to_string() }),
        Ok(Value::NodeSet(nodes)) => {
            let place = |node: &NodeId| match document.kind(*node) {
                NodeKind::Attribute => json!([node.index(), document.name(*node)]),
                _ => json!(node.index()),
            };
            Json::Array(nodes.iter().map(place).collect())
        }
    }
}
