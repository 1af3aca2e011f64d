//! Words the errors of the YAML parser.

use serde_yaml::granit_parser::{ErrorKind, ScanError};

use crate::diagnostic::{Diagnostic, codes};
use crate::source::{Source, Span};

/// `error` in our words, at its place in `source`.
pub(super) fn diagnostic(error: &ScanError, source: &Source) -> Diagnostic {
    let span = place(error, source.text());
    let (mut message, mut label, mut help) = words(error);
    if let (ErrorKind::MismatchedFlowCollectionEnd { .. }, open @ ("[" | "{")) =
        (error.kind(), source.slice(span))
    {
        message = format!("a `{open}` is not closed");
        (label, help) = ("closed by a bracket of another kind", "add the closing bracket");
    }
    if source.slice(span) == ":" {
        help = "put text with a `:` in it in quotes, or mend the indentation";
    }
    if let Some((found, what)) = left_in_a_line(source.text(), span) {
        let (message, label, help) = what;
        return Diagnostic::new(&codes::YAML, message).at(source, found, label).help(help);
    }
    let diagnostic = Diagnostic::new(&codes::YAML, message).at(source, span, label);
    if help.is_empty() { diagnostic } else { diagnostic.help(help) }
}

/// What to point at. The parser's place is sometimes before the sign that it stumbles over; instead of the end
/// of the file, point at the end of its last text.
fn place(error: &ScanError, text: &str) -> Span {
    let mut start = error.marker().byte_offset().unwrap_or(0).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let from_here = |sign: char| text[start..].find(sign).map_or(start, |i| start + i);
    match error.kind() {
        ErrorKind::TabInPlainScalar => start = from_here('\t'),
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation
            if !text[start..].starts_with('\t') =>
        {
            let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
            start = text[line..start].rfind('\t').map_or(start, |at| line + at);
        }
        ErrorKind::MappingValueNotAllowed => start = from_here(':'),
        ErrorKind::UnknownAnchor => start = text[..start].rfind('*').unwrap_or(start),
        _ if text[start..].trim().is_empty() => start = text[..start].trim_end().len(),
        _ => {}
    }
    let mut chars = text[start..].chars();
    let first = chars.next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
    let is_word = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let rest = match error.kind() {
        ErrorKind::UnknownAnchor => chars.take_while(is_word).take(100).map(char::len_utf8).sum(),
        _ => 0,
    };
    Span::new(start, start + first + rest)
}

type Found = (Span, (&'static str, &'static str, &'static str));

/// What has been left in the line of an error, or in the next one, where the parser may stumble over the line before: blanks that are
/// none, the marks of a merge, and a dash that belongs to its word.
fn left_in_a_line(text: &str, error: Span) -> Option<Found> {
    let start = text[..error.start].rfind('\n').map_or(0, |at| at + 1);
    let mut at = start;
    for line in text[start..].split_inclusive('\n').take(2) {
        let body = line.trim_start_matches(char::is_whitespace);
        let indent = &line[..line.len() - body.len()];
        let here = |from: usize, length: usize| Span::new(at + from, at + from + length);
        if let Some(odd) = indent.find(|c: char| !c.is_ascii_whitespace()) {
            let length = indent[odd..].chars().next().map_or(0, char::len_utf8);
            let help = "replace it with blanks; it often comes from a web page or a word processor";
            return Some((
                here(odd, length),
                ("the indentation has a blank of another kind", "no ordinary blank", help),
            ));
        }
        if ["<<<<<<< ", ">>>>>>> ", "=======\n"].iter().any(|mark| line.starts_with(mark)) {
            let help = "keep one of the two versions, and remove the lines with the marks";
            return Some((here(0, 7), ("a merge was not finished", "git has left this mark", help)));
        }
        let mut chars = body.chars();
        if at == start && chars.next() == Some('-') && chars.next().is_some_and(char::is_alphabetic) {
            let help = "write a blank behind it: `- name: NAME`";
            return Some((here(indent.len(), 1), ("a dash has no blank behind it", "begins no entry", help)));
        }
        at += line.len();
    }
    None
}

type Words = (String, &'static str, &'static str);

/// What is wrong, what is here, and what to write instead.
fn words(error: &ScanError) -> Words {
    use ErrorKind as K;
    let (message, label, help) = match error.kind() {
        K::TabNotAllowed
        | K::TabInBlockIndentation
        | K::TabInIndentation
        | K::TabAtBlockScalarStart
        | K::TabInPlainScalar => ("a tab is used as indentation", "this is a tab", "indent with spaces"),
        K::RecursionLimitExceeded => {
            ("the file is nested too deeply", "too deep from here on", "use at most 64 levels")
        }
        K::UnknownAnchor => {
            let help = "put text that begins with `*` in quotes";
            ("an alias refers to an unknown anchor", "no such anchor before this line", help)
        }
        K::DirectiveDisallowed => ("directives are not supported", "a directive", "remove the line"),
        K::ExpectedDocumentStart => {
            ("the text goes on after the end of the document", "not expected here", "mend the indentation")
        }
        K::UnexpectedCharacter { .. } => {
            ("a text begins with a reserved character", "reserved in YAML", "put the text in quotes")
        }
        K::UndeclaredTagHandle => {
            ("unknown tag", "this tag", "remove it, or put text that begins with `!` in quotes")
        }
        K::MappingValueNotAllowed | K::InvalidColonPlacement => {
            let help = "put text with a `:` in it in quotes, or mend the indentation";
            ("a `:` is where no key can be", "not expected here", help)
        }
        K::InvalidSimpleKey
        | K::SimpleKeyExpected
        | K::InvalidIndentation
        | K::ExpectedBlockMappingKey
        | K::ExpectedBlockSequenceEntry => {
            let help = "write `key: value` or `- entry`, indented like its neighbours";
            ("a line does not fit the lines around it", "neither a key nor an entry", help)
        }
        kind => return brackets_and_quotes(kind, error),
    };
    (message.to_owned(), label, help)
}

fn brackets_and_quotes(kind: &ErrorKind, error: &ScanError) -> Words {
    use ErrorKind as K;
    let (message, label, help) = match kind {
        K::UnclosedQuotedScalar => ("a quote is not closed", "opened here", "add the closing quote"),
        K::UnclosedFlowCollection { open: '[' } | K::UnexpectedEofFlowSequence => {
            ("a `[` is not closed", "has no `]`", "add the closing `]`")
        }
        K::UnclosedFlowCollection { .. }
        | K::UnexpectedEofFlowMapping
        | K::UnexpectedEofImplicitFlowMapping => ("a `{` is not closed", "has no `}`", "add the closing `}`"),
        K::ExpectedFlowSequenceSeparator | K::ExpectedFlowMappingSeparator => {
            let message = "entries in brackets are not separated";
            (message, "`,` or the closing bracket is missing", "write `,` between the entries")
        }
        K::MisplacedFlowCollectionEnd | K::MismatchedFlowCollectionEnd { .. } => {
            let help = "remove it, or put the text in quotes";
            ("a bracket is closed that is not open", "does not belong here", help)
        }
        K::UnknownQuotedScalarEscape | K::InvalidQuotedScalarHexEscape => {
            let help = "write `\\\\` for a backslash, or use single quotes";
            ("unknown escape in a double-quoted text", "this escape", help)
        }
        K::InvalidTrailingSingleQuotedScalar | K::InvalidTrailingDoubleQuotedScalar => {
            ("text goes on after a closing quote", "not expected here", "put all of the text in quotes")
        }
        _ => return (format!("this is not YAML: {}", error.info()), "here", ""),
    };
    (message.to_owned(), label, help)
}
