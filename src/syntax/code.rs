//! Code references: `function` and `script_key.function`.

use pest::Parser as _;
use serde_json::{Value, json};

use super::config::CodeReference;
use super::node::{Key, Kind, Node};
use super::reader::Reader;
use super::values::place_in;
use crate::diagnostic::codes;
use crate::source::{Span, Spanned, clip};

#[derive(pest_derive::Parser)]
#[grammar = "grammar/code.pest"]
struct Grammar;

/// What a reference looks like: ASCII signs that no name has are left out, and what is a letter elsewhere is left to
/// the parser, as editors differ in it.
pub(super) fn schema() -> Value {
    const LETTERS: &str = r"^\x00-@\[-\^`{-\x7f";
    const SIGNS: &str = r"^\x00-/:-@\[-\^`{-\x7f";
    let script = r"[^\x00-,./:-@\[-\^`{-\x7f]";
    json!({"type": ["string", "null"], "pattern": format!(r"^({script}+\.)?[{LETTERS}][{SIGNS}]*$")})
}

/// Longer references are not parsed: no name is that long.
const LONGEST: usize = 1_000;

/// Reads the value of `code`.
pub(super) fn read(
    key: &Key<'_>,
    node: &Node<'_>,
    reader: &mut Reader<'_>,
) -> Option<Spanned<CodeReference>> {
    if let Kind::Map(_) | Kind::Seq(_) = node.kind {
        reader.wrong_type(key, node, "text", "write `code: function` or `code: script_key.function`");
        return None;
    }
    let text = reader.text(key, node)?;
    let source = reader.source;
    let place = |part: Span| place_in(source, text.span, &text.value, part);
    match parse(&text.value) {
        Ok((script, function)) => {
            let name = |part: (Span, &str)| Spanned::new(part.1.to_owned(), place(part.0));
            let reference = CodeReference { script: script.map(name), function: name(function) };
            Some(Spanned::new(reference, text.span))
        }
        Err(at) => {
            let (label, help) = advice(&text.value);
            let message = match clip(&text.value) {
                empty if empty.trim().is_empty() => "`code` is empty".to_owned(),
                written => format!("`{written}` is not a code reference"),
            };
            reader.report(&codes::CODE_REFERENCE, (place(at), label), message, help);
            None
        }
    }
}

type Part<'t> = (Span, &'t str);

/// The key of the script, if given, and the function; or the place from which the text is no longer a
/// reference.
fn parse(text: &str) -> Result<(Option<Part<'_>>, Part<'_>), Span> {
    let whole = Span::new(0, text.len());
    // A file name is wrong as a whole, not just from its first slash on.
    if text.len() > LONGEST || text.contains(['/', '\\']) {
        return Err(whole);
    }
    let parsed = Grammar::parse(Rule::reference, text).map_err(|error| match error.location {
        pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _))
            if at < text.len() =>
        {
            Span::new(at, text.len())
        }
        _ => whole,
    })?;
    let (mut script, mut function) = (None, None);
    for pair in parsed.flatten() {
        let part = (Span::new(pair.as_span().start(), pair.as_span().end()), pair.as_str());
        match pair.as_rule() {
            Rule::script => script = Some(part),
            Rule::function => function = Some(part),
            _ => {}
        }
    }
    function.map(|function| (script, function)).ok_or(whole)
}

/// What most likely went wrong, and what to write instead.
fn advice(text: &str) -> (&'static str, &'static str) {
    match () {
        () if text.trim().is_empty() => ("no value", "name a function, or remove `code`"),
        () if text.contains(['/', '\\']) || text.contains(".py") => {
            ("not a name", "write the key that the file has under `scripts`, a dot, and the function")
        }
        () if text.contains('(') => ("not a part of a name", "write the name of the function alone"),
        () if text.matches('.').count() > 1 => {
            ("one dot too many", "write `function` or `script_key.function`: scripts have keys, not modules")
        }
        () if text.contains(':') => ("not a part of a name", "write a dot between script and function"),
        () => ("not a name of Python", "write `function` or `script_key.function`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_with_and_without_a_script() {
        let read = |text| parse(text).map(|(script, function)| (script.map(|s| s.1.to_owned()), function.1));
        assert_eq!(read("train"), Ok((None, "train")));
        assert_eq!(read("main.train"), Ok((Some("main".to_owned()), "train")));
        assert_eq!(read("my-key_2.größe"), Ok((Some("my-key_2".to_owned()), "größe")));
        assert_eq!(parse("a.b"), Ok((Some((Span::new(0, 1), "a")), (Span::new(2, 3), "b"))));
    }

    #[test]
    fn what_is_no_reference_is_pointed_at() {
        for (text, start) in
            [("", 0), ("a.b.c", 3), ("a.", 0), (".a", 0), ("a b", 1), ("a.2b", 2), ("f()", 1)]
        {
            assert_eq!(parse(text).map_err(|span| span.start), Err(start), "{text}");
        }
        assert!(parse(&"a".repeat(2_000)).is_err());
    }
}
