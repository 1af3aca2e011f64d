//! The tokens of an expression, without grammar: for the checks before the parser runs (length, nesting,
//! quotes, brackets, foreign characters) and for wording its errors.

use super::error::SyntaxError;
use crate::source::Span;

/// The longest text that is parsed, in bytes.
pub const MAX_LENGTH: usize = 64 * 1024;
/// How deep parentheses and brackets may be nested.
pub const MAX_NESTING: usize = 256;

/// The kinds of token that error messages distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Name,
    Number,
    Literal,
    Open,
    Close,
    /// Everything else: operators, separators, `@`, `::`, `.` and `..`.
    Sign,
}

/// A token and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// The result of [`scan`].
pub(super) struct Scan {
    pub(super) tokens: Vec<Token>,
    /// How deep the brackets are nested.
    pub(super) depth: usize,
}

/// The tokens of `text`, after checking that it may be parsed.
pub(super) fn scan(text: &str) -> Result<Scan, SyntaxError> {
    if text.len() > MAX_LENGTH {
        let message = format!("the expression is longer than {MAX_LENGTH} bytes");
        return Err(SyntaxError::new(Span::new(0, text.len()), message));
    }
    let mut tokens = Vec::new();
    let mut open = Vec::new();
    let (mut at, mut depth) = (0, 0);
    while let Some(first) = text[at..].chars().next() {
        if matches!(first, ' ' | '\t' | '\r' | '\n') {
            at += 1;
            continue;
        }
        let token = token(text, at, first)?;
        match token.kind {
            TokenKind::Open if open.len() == MAX_NESTING => {
                let message = format!("brackets are nested more than {MAX_NESTING} deep");
                return Err(SyntaxError::new(token.span, message));
            }
            TokenKind::Open => open.push(token),
            TokenKind::Close => close(text, &mut open, token)?,
            _ => {}
        }
        depth = depth.max(open.len());
        at = token.span.end;
        tokens.push(token);
    }
    match open.pop() {
        None => Ok(Scan { tokens, depth }),
        Some(token) => {
            let bracket = &text[token.span.range()];
            let message = format!("`{bracket}` is never closed");
            Err(SyntaxError::new(token.span, message).help(format!("add `{}`", partner(bracket))))
        }
    }
}

fn close(text: &str, open: &mut Vec<Token>, token: Token) -> Result<(), SyntaxError> {
    let bracket = &text[token.span.range()];
    let Some(opened) = open.pop() else {
        return Err(SyntaxError::new(token.span, format!("`{bracket}` closes nothing")));
    };
    let wanted = partner(&text[opened.span.range()]);
    if wanted == bracket {
        return Ok(());
    }
    let message = format!("expected `{wanted}`, found `{bracket}`");
    Err(SyntaxError::new(token.span, message))
}

fn partner(bracket: &str) -> &'static str {
    if bracket == "(" { ")" } else { "]" }
}

fn token(text: &str, at: usize, first: char) -> Result<Token, SyntaxError> {
    let rest = &text[at..];
    let (kind, length) = match first {
        '(' | '[' => (TokenKind::Open, 1),
        ')' | ']' => (TokenKind::Close, 1),
        '\'' | '"' => match rest[1..].find(first) {
            Some(length) => (TokenKind::Literal, length + 2),
            None => return Err(unclosed_literal(text, at, first)),
        },
        '0'..='9' => (TokenKind::Number, number_length(rest)),
        '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
            (TokenKind::Number, number_length(rest))
        }
        '/' | '.' | '<' | '>' | '!' | ':' => (TokenKind::Sign, sign_length(rest)),
        '@' | ',' | '|' | '+' | '-' | '=' | '*' | '$' => (TokenKind::Sign, 1),
        _ if is_name_start(first) => (TokenKind::Name, name_length(rest)),
        _ => return Err(foreign(text, at, first)),
    };
    if rest[..length] == *"!" {
        return Err(foreign(text, at, first));
    }
    Ok(Token { kind, span: Span::new(at, at + length) })
}

fn number_length(rest: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(rest);
    if rest[whole..].starts_with('.') { whole + 1 + digits(&rest[whole + 1..]) } else { whole }
}

fn sign_length(rest: &str) -> usize {
    let pairs = ["//", "..", "<=", ">=", "!=", "::"];
    if pairs.iter().any(|pair| rest.starts_with(pair)) { 2 } else { 1 }
}

/// The length of a name with its prefix, which is one token by the standard's lexical rules.
fn name_length(rest: &str) -> usize {
    let part = |text: &str| text.find(|c| !is_name(c)).unwrap_or(text.len());
    let length = part(rest);
    match rest[length..].strip_prefix(':') {
        Some(after) if after.starts_with('*') => length + 2,
        Some(after) if after.starts_with(is_name_start) => length + 1 + part(after),
        _ => length,
    }
}

fn is_name_start(c: char) -> bool {
    matches!(c, 'A'..='Z' | 'a'..='z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}' | '\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}'
        | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn is_name(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}' | '\u{2040}')
}

fn unclosed_literal(text: &str, at: usize, quote: char) -> SyntaxError {
    let error = SyntaxError::new(Span::new(at, text.len()), "this string is never closed");
    error.help(format!("add `{quote}` where it ends"))
}

fn foreign(text: &str, at: usize, first: char) -> SyntaxError {
    let rest = &text[at..];
    let (found, help) = match first {
        '&' if rest.starts_with("&&") => ("&&", "write `and`"),
        '!' => ("!", "write `not(...)`, or `!=` to compare"),
        '%' => ("%", "write `mod` for the remainder"),
        '\u{2018}' | '\u{2019}' | '\u{201C}' | '\u{201D}' => {
            let span = Span::new(at, at + first.len_utf8());
            let error = SyntaxError::new(span, format!("`{first}` is not a quote of XPath"));
            return error.help("write `'` or `\"`");
        }
        _ => (&rest[..first.len_utf8()], ""),
    };
    let message = format!("`{}` is not a part of XPath", found.escape_debug());
    let error = SyntaxError::new(Span::new(at, at + found.len()), message);
    if help.is_empty() { error } else { error.help(help) }
}
