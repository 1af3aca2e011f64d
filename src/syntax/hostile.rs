//! Files meant to do harm: whatever the bytes, reading them soon ends in an error or a result, and never
//! panics.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Config, parse, source_from_bytes};
use crate::diagnostic::{Diagnostics, Reported, render};
use crate::source::{Source, Span, Spanned};

const PIPELINE: &str = "processes: [a]\nprocess_adjlist: a\n";
const VALID: &str = include_str!("../../tests/syntax/full.yaml");

/// Reads `bytes` and renders every diagnostic.
fn read(bytes: &[u8]) -> (Result<Config, Reported>, String) {
    let mut sink = Diagnostics::new();
    let config = source_from_bytes("x.yaml", bytes, &mut sink)
        .and_then(|source| parse(&source, &mut sink).map_err(|(reported, _)| reported));
    assert_eq!(config.is_err(), sink.has_errors());
    let text: Vec<String> = sink.sorted().iter().map(|diagnostic| render(diagnostic, false)).collect();
    (config, text.join("\n"))
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(read(&bytes));
    }

    #[test]
    fn any_text_of_signs_that_yaml_knows(text in "[-a-c0-9:#|>&*!%@?,\\[\\]{}'\"\\\\ \t\r\n~<é]{0,120}") {
        drop(read(text.as_bytes()));
        drop(read(format!("pipeline:\n  processes: [a]\n  process_adjlist: {text}").as_bytes()));
        drop(read(format!("processes: [a]\nprocess_adjlist: |\n  {text}").as_bytes()));
    }

    #[test]
    fn a_valid_file_with_slips(edits in prop::collection::vec((any::<usize>(), 0_usize..6, any::<u8>()), 1..6)) {
        let mut bytes = VALID.as_bytes().to_vec();
        for (at, kind, byte) in edits {
            let at = at % bytes.len();
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 if bytes.len() > 1 => drop(bytes.remove(at)),
                3 => bytes.insert(at, b"\n \t:-[]{}\"'|>#&*"[usize::from(byte) % 16]),
                4 => bytes.truncate(at.max(1)),
                _ => bytes.extend_from_within(at..(at + 40).min(bytes.len())),
            }
        }
        drop(read(&bytes));
    }

    #[test]
    fn parts_of_a_block_scalar_are_found_again(lines in prop::collection::vec("[a-zé #]{0,8}[a-z]", 1..5), at in 0_usize..30) {
        let indented: String = lines.iter().map(|line| format!("  {line}\n")).collect();
        let text = format!("{}\n", lines.join("\n"));
        let source = Source::new("x", format!("a: |\n{indented}b: 1"));
        let first = lines[0].len() - lines[0].trim_start().len();
        prop_assume!(first == 0);
        let whole = Spanned::new(text.clone(), Span::new(7, 5 + indented.len() - 1));
        let at = at % text.len();
        prop_assume!(text.is_char_boundary(at) && !text[at..].starts_with('\n'));
        let width = text[at..].chars().next().unwrap().len_utf8();
        let place = super::place_in(&source, &whole, Span::new(at, at + width));
        prop_assert_eq!(source.slice(place), &text[at..at + width]);
    }
}

#[test]
fn every_truncation_of_a_valid_file() {
    for end in (0..VALID.len()).step_by(3) {
        drop(read(&VALID.as_bytes()[..end]));
    }
}

/// Each text is made only when its turn comes, so that its memory can be measured separately.
type Attack = (&'static str, Box<dyn Fn() -> String>, &'static str);

/// Name, text, and a part of the expected message (empty: it must be read).
fn attacks(bytes: usize) -> Vec<Attack> {
    vec![
        ("flow nesting", Box::new(move || "[".repeat(bytes)), "nested too deeply"),
        ("block nesting", Box::new(move || "- ".repeat(bytes / 2)), "nested too deeply"),
        ("question marks", Box::new(move || "? ".repeat(bytes / 2)), "nested too deeply"),
        ("list of numbers", Box::new(move || "- 1\n".repeat(bytes / 4)), "too many values"),
        ("flow list", Box::new(move || format!("[{}]", "1,".repeat(bytes / 2))), "too many values"),
        ("one key again and again", Box::new(move || "a: 1\n".repeat(bytes / 5)), "too many values"),
        ("anchors", Box::new(move || "- &a 1\n".repeat(bytes / 7)), "expand to too much"),
        (
            "aliases",
            Box::new(move || format!("- &a 1\n{}", "- *a\n".repeat(bytes / 5))),
            "expand to too much",
        ),
        ("documents", Box::new(move || "--- 1\n".repeat(bytes / 6)), "second document"),
        ("comments", Box::new(move || format!("{PIPELINE}{}", "# x\n".repeat(bytes / 4))), ""),
        ("blank lines", Box::new(move || format!("{PIPELINE}{}", "\n".repeat(bytes))), ""),
        ("directives", Box::new(move || "%FOO a\n".repeat(bytes / 7)), "directives"),
    ]
}

/// The same for single texts and for `process_adjlist`.
fn long_texts(bytes: usize) -> Vec<Attack> {
    let text = bytes.max(20_000_000);
    let parameters = |body: String| format!("{PIPELINE}experiment:\n  parameters:\n{body}");
    vec![
        (
            "plain text",
            Box::new(move || parameters(format!("    a: {}", "x y ".repeat(text / 4)))),
            "is too long",
        ),
        (
            "escapes",
            Box::new(move || parameters(format!("    a: \"{}\"", "\\n".repeat(text / 2)))),
            "is too long",
        ),
        (
            "block text",
            Box::new(move || parameters(format!("    a: |\n{}", "     x y\n".repeat(text / 9)))),
            "is too long",
        ),
        (
            "unclosed quote",
            Box::new(move || format!("a: \"{}", "x ".repeat(bytes / 2))),
            "a quote is not closed",
        ),
        (
            "names",
            Box::new(move || {
                format!("processes: [a]\nprocess_adjlist: |\n{}", "  a b\n".repeat(bytes.min(7_000_000) / 6))
            }),
            "more than 200000 names",
        ),
        (
            "a long line",
            Box::new(move || {
                format!("processes: [a]\nprocess_adjlist: {}", "a ".repeat(bytes.min(7_000_000) / 2))
            }),
            "put the targets on several lines",
        ),
        (
            "bad lines",
            Box::new(move || {
                format!("processes: [a]\nprocess_adjlist: |\n{}", "  ->\n".repeat(bytes.min(7_000_000) / 5))
            }),
            "further errors not shown",
        ),
        (
            "names of 200 bytes",
            Box::new(move || {
                format!("processes: [a]\nprocess_adjlist: {} {}", "x".repeat(200), "b ".repeat(99_000))
            }),
            "",
        ),
    ]
}

/// Name and text of some megabytes, either within all limits or with very many errors.
fn large() -> Vec<Attack> {
    let unknown: String = (0..100_000).map(|i| format!("- {{codde: {i}}}\n")).collect();
    let keys: String = (0..240_000).map(|i| format!("    k{i}: 1\n")).collect();
    let sections: String = (0..240_000).map(|i| format!("k{i}: 1\n")).collect();
    let lists = format!("    a: [{}]", "[],".repeat(490_000));
    let plain: String = (0..160_000).map(|i| format!("- {{name: p{i}}}\n")).collect();
    let laughs: String = (1..9).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, i| {
        format!("{text}a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(", "))
    });
    let heavy = format!("a: &a \"{}\\n\"\nb: [{}]", "x".repeat(1_000_000), "*a, ".repeat(1_000));
    vec![
        (
            "100,000 errors",
            Box::new(move || format!("process_adjlist: a\nprocesses:\n{unknown}")),
            "further errors not shown",
        ),
        ("240,000 parameters", Box::new(move || format!("{PIPELINE}experiment:\n  parameters:\n{keys}")), ""),
        ("240,000 sections", Box::new(move || format!("{PIPELINE}{sections}")), "further errors not shown"),
        ("490,000 lists", Box::new(move || format!("{PIPELINE}experiment:\n  parameters:\n{lists}")), ""),
        ("160,000 processes", Box::new(move || format!("process_adjlist: a\nprocesses:\n{plain}")), ""),
        ("billion laughs", Box::new(move || laughs.clone()), "expand to too much"),
        ("heavy aliases", Box::new(move || heavy.clone()), "expand to too much"),
    ]
}

fn run((name, text, part): Attack) -> Duration {
    let text = text();
    let start = Instant::now();
    let (config, said) = read(text.as_bytes());
    let time = start.elapsed();
    assert_eq!(config.is_ok(), part.is_empty(), "{name}: {}", &said[..said.len().min(500)]);
    assert!(said.contains(part), "{name}: {}", &said[..said.len().min(500)]);
    assert!(said.len() < 300_000, "{name}: {} bytes of messages", said.len());
    time
}

#[test]
fn hostile_files_end_in_what_they_deserve() {
    attacks(2_500_000).into_iter().chain(long_texts(2_500_000)).chain(large()).for_each(|attack| {
        let name = attack.0;
        println!("{name}: {:?}", run(attack));
    });
}

/// Run in a release build, with `EXPOPS_HOSTILE` set to a part of an attack's name (or empty), under
/// `/usr/bin/time -v`: takes at most a second, and 200 MB more than the file itself.
#[test]
#[ignore = "measures; needs a release build"]
fn hostile_files_in_bounded_time() {
    let chosen = std::env::var("EXPOPS_HOSTILE").unwrap_or_default();
    for attack in attacks(50_000_000)
        .into_iter()
        .chain(long_texts(50_000_000))
        .chain(large())
        .filter(|attack| attack.0.contains(&chosen))
    {
        let name = attack.0;
        println!("{name}: {:?}", run(attack));
    }
}
