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
