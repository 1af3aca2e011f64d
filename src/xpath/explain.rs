//! Words an error for the place where the parser stopped, from the token before it and the token there. Of the
//! grammar, knows only what may follow what.

use crate::diagnostic::nearest;
use crate::source::Span;

use super::ast::AXES;
use super::error::SyntaxError;
use super::scan::{Token, TokenKind};

/// The error for a `text` of `tokens` in which the parser got no further than byte `stopped`.
pub(super) fn explain(text: &str, tokens: &[Token], stopped: usize) -> SyntaxError {
    let index = tokens.iter().position(|token| token.span.end > stopped).unwrap_or(tokens.len());
    let mut place = Gap { text, tokens, index };
    if let Some(error) = refused_name(&mut place) {
        return error;
    }
    let Some(previous) = place.previous() else {
        return match place.next() {
            None => SyntaxError::new(Span::new(0, text.len()), "the expression is empty"),
            Some(next) => place.error(format!("expected an expression, found `{next}`")),
        };
    };
    if place.leaves_open(place.index - 1) {
        operand_missing(&place, previous)
    } else {
        operator_missing(&place)
    }
}

/// A gap between two tokens.
struct Gap<'a> {
    text: &'a str,
    tokens: &'a [Token],
    index: usize,
}

impl<'a> Gap<'a> {
    fn word(&self, index: usize) -> Option<&'a str> {
        Some(&self.text[self.tokens.get(index)?.span.range()])
    }

    fn previous(&self) -> Option<&'a str> {
        self.word(self.index.checked_sub(1)?)
    }

    fn next(&self) -> Option<&'a str> {
        self.word(self.index)
    }

    /// The place of the next token, or the empty place after the last one.
    fn span(&self) -> Span {
        let end = self.tokens.last().map_or(0, |token| token.span.end);
        self.tokens.get(self.index).map_or(Span::new(end, end), |token| token.span)
    }

    fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError::new(self.span(), message)
    }

    /// Section 3.7 of the standard: after an operator, or at the start, a name is a name; after anything else
    /// it is an operator.
    fn is_operator(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return false };
        let word = &self.text[token.span.range()];
        match token.kind {
            TokenKind::Sign if word == "*" => index > 0 && !self.leaves_open(index - 1),
            TokenKind::Sign => !matches!(word, "." | ".."),
            TokenKind::Name => {
                matches!(word, "and" | "or" | "div" | "mod") && index > 0 && !self.leaves_open(index - 1)
            }
            _ => false,
        }
    }

    /// Whether an operand must follow the token.
    fn leaves_open(&self, index: usize) -> bool {
        self.tokens[index].kind == TokenKind::Open || self.is_operator(index)
    }
}

/// A name that the grammar refuses because of what follows it: the parser stops before the name. For a node
/// test with something between its brackets, moves the place past the opening one.
fn refused_name(place: &mut Gap<'_>) -> Option<SyntaxError> {
    let word = place.next()?;
    let is_word = place.tokens[place.index].kind == TokenKind::Name || word == "*";
    match place.word(place.index + 1) {
        Some("::") if is_word && AXES.iter().all(|(name, _)| *name != word) => {
            Some(unknown_axis(place, word))
        }
        Some("(") if is_node_type(word) => {
            place.index += 2;
            None
        }
        Some("(") if word == "*" || word.ends_with(":*") => {
            Some(place.error(format!("`{word}` cannot be called")))
        }
        _ => None,
    }
}

fn is_node_type(word: &str) -> bool {
    matches!(word, "text" | "comment" | "node" | "processing-instruction")
}

fn operand_missing(place: &Gap<'_>, previous: &str) -> SyntaxError {
    let next = place.next();
    let before = place.index.checked_sub(2).and_then(|index| place.word(index)).unwrap_or("");
    let is_node_type = is_node_type(before);
    let wanted = match previous {
        "(" if before == "processing-instruction" => "a target in quotes or `)`".to_owned(),
        "(" if is_node_type => format!("`)`: `{before}()` takes no argument"),
        "/" | "//" => format!("a step after `{previous}`"),
        "::" => format!("a node test after `{before}::`"),
        "@" => "an attribute name after `@`".to_owned(),
        "$" => "a variable name after `$`".to_owned(),
        "[" => "an expression in the predicate".to_owned(),
        "(" => "an expression after `(`".to_owned(),
        "," => "an argument after `,`".to_owned(),
        _ => format!("an operand after `{previous}`"),
    };
    let error = match next {
        Some(next) if !matches!(previous, "(" if is_node_type) => {
            place.error(format!("expected {wanted}, found `{next}`"))
        }
        _ => place.error(format!("expected {wanted}")),
    };
    match (previous, next) {
        ("=", Some("=")) => error.help("write a single `=` to compare"),
        ("|", Some("|")) => error.help("write `or`"),
        ("//", Some("/")) | ("/", Some("/" | "//")) => error.help("write `/` or `//`"),
        ("/" | "//", Some("[")) => error.help("write `*[...]` for any element"),
        ("/" | "//", None) => error.help("write a name, `*` or `node()` after it"),
        ("/" | "//", Some("(")) => error.help("a step is a name, `*` or a node test; filter with `[...]`"),
        _ => error,
    }
}

fn operator_missing(place: &Gap<'_>) -> SyntaxError {
    let previous = place.previous().unwrap_or("");
    let Some(next) = place.next() else {
        return place.error(format!("the expression ends too early, after `{previous}`"));
    };
    match next {
        "," => place.error("`,` stands only between the arguments of a function"),
        ":" => place.error("`:` is misplaced").help("write `prefix:name` without spaces, or `axis::name`"),
        "(" if previous != ")" => place.error(format!("`{previous}` cannot be called")),
        "]" | ")" => place.error(format!("the expression ends too early, after `{previous}`")),
        "@" => place
            .error("expected an operator, found `@`")
            .help("write `/@name`, or `[@name]` for a predicate"),
        "[" if matches!(previous, "." | "..") => {
            let axis = if previous == "." { "self" } else { "parent" };
            let error = place.error("expected an operator or the end, found `[`");
            error.help(format!("write `{axis}::node()[...]`"))
        }
        _ => {
            let error = place.error(format!("expected an operator or the end, found `{next}`"));
            match stuck_operator(next) {
                Some(operator) => error.help(format!("put a space after `{operator}`")),
                None => error,
            }
        }
    }
}

fn unknown_axis(place: &Gap<'_>, name: &str) -> SyntaxError {
    let error = place.error(format!("there is no axis `{name}`"));
    match nearest(name, AXES.iter().map(|(name, _)| *name)) {
        Some(axis) => error.help(format!("did you mean `{axis}::`?")),
        None => error,
    }
}

/// `div2` and `or-1` are names by the lexical rules, but hardly intended.
fn stuck_operator(word: &str) -> Option<&'static str> {
    let is_stuck = |operator: &&str| {
        word.strip_prefix(*operator)
            .is_some_and(|rest| rest.starts_with(|c: char| c == '-' || c == '.' || c.is_ascii_digit()))
    };
    ["and", "or", "div", "mod"].into_iter().find(is_stuck)
}
