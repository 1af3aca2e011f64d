//! `process_adjlist`: lines of a source and its targets, or the same as YAML lists or mappings.

use std::borrow::Cow;

use pest::Parser as _;
use serde_json::{Value, json};

use super::config::Pair;
use super::node::{Kind, Node};
use super::reader::Reader;
use crate::diagnostic::codes;
use crate::source::{Span, Spanned, clip};

#[derive(pest_derive::Parser)]
#[grammar = "grammar/adjlist.pest"]
struct Grammar;

/// Longest line, in bytes: the parser keeps some hundred bytes for every name in it.
const LONGEST_LINE: usize = 200_000;
/// Largest number of names that are kept.
const MAX_NAMES: usize = 200_000;
/// Longest name, in bytes: every edge keeps both of its names. `pipeline` does not allow longer ones either.
const LONGEST_NAME: usize = 200;

/// The JSON schema of `process_adjlist`. What a line may be is seen by the parser only, but for the signs of other
/// notations that most often stand in one.
pub(super) fn schema() -> Value {
    const LINES: &str = r#"^(?![^#"]*(^|\s)(--?>|=>|→|-|>>?|<-|[,:]\S*|[^\s#"]*[,:;])(\s|$))"#;
    let targets = json!({"type": ["string", "array", "null"], "items": {"type": "string"}});
    let entry = json!({
        "type": ["string", "array", "object", "null"],
        "pattern": LINES,
        "items": {"type": "string"},
        "additionalProperties": targets,
    });
    let mut all = entry.clone();
    all["items"] = entry;
    all
}

/// The names and edges that were read.
#[derive(Default)]
pub(super) struct Adjacency {
    pub(super) names: Vec<Spanned<String>>,
    pub(super) edges: Vec<Pair>,
}

/// Reads the value of `process_adjlist`.
pub(super) fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Adjacency {
    let mut list = Adjacency::default();
    match &node.kind {
        Kind::Seq(items) => items.iter().for_each(|item| list.entry(item, reader)),
        _ => list.entry(node, reader),
    }
    if list.names.len() > MAX_NAMES {
        let message = format!("`process_adjlist` has more than {MAX_NAMES} names");
        reader.report(&codes::ADJACENCY, (node.span, "too long"), message, "use data or seed layers");
    }
    list
}

impl Adjacency {
    /// The whole value, or one entry of a list.
    fn entry(&mut self, node: &Node<'_>, reader: &mut Reader<'_>) {
        match &node.kind {
            Kind::Null => {}
            Kind::Str(text) => self.lines(text, node.span, reader),
            Kind::Seq(items) => {
                let names: Vec<_> = items.iter().filter_map(|item| name(item, reader)).collect();
                self.line(names, reader);
            }
            Kind::Map(entries) => {
                for (source, targets) in entries {
                    let mut names = vec![Spanned::new(source.value.clone().into_owned(), source.span)];
                    match &targets.kind {
                        Kind::Null => {}
                        Kind::Seq(items) => {
                            names.extend(items.iter().filter_map(|item| name(item, reader)));
                        }
                        _ => names.extend(name(targets, reader)),
                    }
                    self.line(names, reader);
                }
            }
            _ => {
                let label = format!("this is {}", node.what());
                let help = "write lines of a source and its targets: `load train`";
                reader.report(&codes::SHAPE, (node.span, label), "`process_adjlist` must be text", help);
            }
        }
    }

    /// Adds one source with its targets.
    fn line(&mut self, names: Vec<Spanned<String>>, reader: &mut Reader<'_>) {
        if self.names.len() > MAX_NAMES {
            return;
        }
        if let Some(long) = names.iter().find(|name| name.value.len() > LONGEST_NAME) {
            let message = format!("the name of a process has {} bytes", long.value.len());
            return reader.report(&codes::NAME, (long.span, "too long"), message, "use at most 200 bytes");
        }
        let Some((source, targets)) = names.split_first() else { return };
        self.edges.extend(targets.iter().map(|target| (source.clone(), target.clone())));
        self.names.extend(names);
    }

    /// Reads the lines of `text`, which is at `span`.
    fn lines(&mut self, text: &str, span: Span, reader: &mut Reader<'_>) {
        let written = written_lines(reader.slice(span), text, span);
        if written.is_none() && text.lines().count() == 1 && reader.slice(span).trim_end().contains('\n') {
            let help = "write `process_adjlist: |`, with `|` to keep the lines apart";
            let message = "the lines of `process_adjlist` are joined into one";
            return reader.report(&codes::ADJACENCY, (span, "YAML joins these lines"), message, help);
        }
        let lines: Box<dyn Iterator<Item = (&str, Option<usize>)>> = match written {
            Some((text, base)) => Box::new(offsets(text).map(move |(at, line)| (line, Some(base + at)))),
            None => Box::new(text.lines().map(|line| (line, None))),
        };
        for (line, base) in lines {
            if reader.is_hopeless() || self.names.len() > MAX_NAMES {
                return;
            }
            let place = |part: Span| base.map_or(span, |base| part.shifted(base));
            match parse(line) {
                Ok(names) => {
                    let names =
                        names.into_iter().map(|(part, name)| Spanned::new(name, place(part))).collect();
                    self.line(names, reader);
                }
                Err(_) if reader.is_full() => reader.count(),
                Err(problem) => {
                    let message =
                        format!("a line of `process_adjlist` cannot be read: `{}`", clip(line.trim()));
                    reader.report(&codes::ADJACENCY, (place(problem.0), problem.1), message, problem.2);
                }
            }
        }
    }
}

/// `written` without its quotes, and where it begins, if its lines equal those of `text` except for
/// indentation: then errors can point at the names in it. Folded and escaped texts differ.
fn written_lines<'s>(written: &'s str, text: &str, span: Span) -> Option<(&'s str, usize)> {
    let same = |raw: &str| {
        let filled = |text: &'_ str| !text.is_empty();
        let (raw, text) = (raw.lines().map(str::trim), text.lines().map(str::trim));
        raw.filter(|line| filled(line)).eq(text.filter(|line| filled(line)))
    };
    if same(written) {
        return Some((written, span.start));
    }
    let inner = written.strip_prefix(['"', '\''])?.strip_suffix(['"', '\''])?;
    same(inner).then_some((inner, span.start + 1))
}

/// The lines of `text` with their offsets.
fn offsets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len() + 1;
        Some((start, line))
    })
}

/// A name that is a value of its own.
fn name(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Spanned<String>> {
    if let Kind::Str(text) = &node.kind {
        return Some(Spanned::new(text.clone().into_owned(), node.span));
    }
    let help = match node.kind {
        Kind::Seq(_) | Kind::Map(_) => {
            "write one list for each source: `[source, target, target]`".to_owned()
        }
        _ => format!("put it in quotes: `\"{}\"`", clip(reader.slice(node.span))),
    };
    let label = format!("this is {}", node.what());
    reader.report(&codes::SHAPE, (node.span, label), "the name of a process must be text", help);
    None
}

/// Where, what is wrong there, and what to write instead.
type Problem = (Span, &'static str, &'static str);

/// The names of one line, with their places in it.
fn parse(line: &str) -> Result<Vec<(Span, String)>, Problem> {
    if line.len() > LONGEST_LINE {
        return Err((Span::new(0, line.len()), "too long", "put the targets on several lines"));
    }
    let pairs = Grammar::parse(Rule::line, line).map_err(|error| {
        let (pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _))) =
            error.location;
        let at = at.min(line.len());
        match line[..at].rfind('"').or_else(|| line[at..].find('"').map(|i| at + i)) {
            Some(quote) => {
                let end = line.trim_end().len();
                (Span::new(quote, end), "this quote", "put the whole name in quotes: `\"a name\"`")
            }
            None => (Span::new(0, line.trim_end().len()), "not names", "write a source and its targets"),
        }
    })?;
    let mut names = Vec::new();
    for pair in pairs.flatten().filter(|pair| pair.as_rule() == Rule::name) {
        let span = Span::new(pair.as_span().start(), pair.as_span().end());
        let text: Cow<'_, str> = pair.as_str().into();
        match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some("") => return Err((span, "no name", "write a name between the quotes, or remove them")),
            Some(quoted) => names.push((span, quoted.to_owned())),
            None => names.push((span, bare(&text, span)?)),
        }
    }
    Ok(names)
}

/// A name without quotes. Signs of other notations are reported, not taken as names.
fn bare(text: &str, span: Span) -> Result<String, Problem> {
    let is_arrow = matches!(text, "->" | "-->" | "=>" | "→" | "-" | ">" | ">>" | "<-");
    if is_arrow {
        return Err((span, "not a name", "write the source and its targets with blanks between them"));
    }
    if text.starts_with([',', ':']) || text.ends_with([',', ':', ';']) {
        return Err((span, "ends in a separator", "write only blanks between names"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Vec<String> {
        parse(line).unwrap_or_else(|problem| panic!("{line}: {problem:?}")).into_iter().map(|n| n.1).collect()
    }

    #[test]
    fn names_are_separated_by_blanks() {
        assert_eq!(names("load train eval"), ["load", "train", "eval"]);
        assert_eq!(names("  load\ttrain \r"), ["load", "train"]);
        assert_eq!(names("lone"), ["lone"]);
        assert_eq!(names("größe 数据"), ["größe", "数据"]);
        assert!(names("").is_empty() && names("  ").is_empty());
    }

    #[test]
    fn comments_begin_at_the_start_or_after_a_blank() {
        assert!(names("# load train").is_empty());
        assert_eq!(names("a b # c"), ["a", "b"]);
        assert_eq!(names("a#b c#"), ["a#b", "c#"]);
        assert_eq!(names("a #"), ["a"]);
    }

    #[test]
    fn quotes_keep_blanks_and_signs() {
        assert_eq!(names("\"my load\" \"a # b\" # c"), ["my load", "a # b"]);
        assert_eq!(parse("a \"b c\"").unwrap()[1].0, Span::new(2, 7));
    }

    #[test]
    fn what_is_no_line_is_pointed_at() {
        for (line, span) in [
            ("a -> b", (2, 4)),
            ("a, b", (0, 2)),
            ("a \"b", (2, 4)),
            ("a b\"c\"", (3, 6)),
            ("\"\" b", (0, 2)),
        ] {
            let (place, ..) = parse(line).expect_err(line);
            assert_eq!((place.start, place.end), span, "{line}");
        }
    }
}
