//! The text of a template: its engine, its tokens, and what it spells out.

use minijinja::machinery::{self, Token};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::mapping::printed;
use crate::source::Span;

pub(super) fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().keep_trailing_newline(true).build().expect("the usual delimiters")
}

pub(super) fn environment<'t>() -> Environment<'t> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_syntax(syntax());
    environment.set_formatter(|out, _, value| Ok(out.write_str(&printed(value)?)?));
    environment
}

/// The tokens of a template; none of one that cannot be read.
pub(super) fn tokens(source: &str) -> Vec<(Token<'_>, Span)> {
    let place = |(token, span): (_, machinery::Span)| {
        (token, Span::new(span.start_offset as usize, span.end_offset as usize))
    };
    let tokens: Result<Vec<_>, _> = machinery::tokenize(source, false, syntax()).collect();
    tokens.unwrap_or_default().into_iter().map(place).collect()
}

/// A place in a template that spells out what it takes: `inputs.r.data1`, `inputs["r"]["data1"]`.
pub(crate) struct Reference {
    /// The names, without that of the mapping: `r`, `data1`.
    pub path: Vec<String>,
    start: usize,
    /// Where each of the names ends.
    ends: Vec<usize>,
}

impl Reference {
    /// The place of the mapping and of the first `count` names.
    pub(crate) fn span(&self, count: usize) -> Span {
        let end = count.checked_sub(1).and_then(|last| self.ends.get(last)).unwrap_or(&self.start);
        Span::new(self.start, *end)
    }
}

/// The members of the mapping `kind` that a template spells out, in whichever way.
pub(crate) fn references(template: &str, kind: &str) -> Vec<Reference> {
    let environment = environment();
    let names = environment.template_from_str(template).map(|parsed| parsed.undeclared_variables(false));
    if !names.is_ok_and(|names| names.contains(kind)) {
        return Vec::new();
    }
    let tokens = tokens(template);
    let is_it = |i: &usize| {
        let is_member = i.checked_sub(1).is_some_and(|before| matches!(tokens[before].0, Token::Dot));
        !is_member && matches!(tokens[*i].0, Token::Ident(name) if name == kind)
    };
    let found = (0..tokens.len()).filter(is_it).map(|i| reference(&tokens[i..]));
    found.filter(|found| !found.path.is_empty()).collect()
}

/// What the tokens from the name of a mapping on refer to.
fn reference(tokens: &[(Token<'_>, Span)]) -> Reference {
    let (mut path, mut ends, mut rest) = (Vec::new(), Vec::new(), &tokens[1..]);
    loop {
        let (name, end, count) = match rest {
            [(Token::Dot, _), (Token::Ident(name), span), ..] => ((*name).to_owned(), span.range().end, 2),
            [(Token::BracketOpen, _), (Token::Str(name), _), (Token::BracketClose, span), ..] => {
                ((*name).to_owned(), span.range().end, 3)
            }
            [(Token::BracketOpen, _), (Token::String(name), _), (Token::BracketClose, span), ..] => {
                (name.to_string(), span.range().end, 3)
            }
            // A method is no member.
            [(Token::ParenOpen, _), ..] if path.len() > 1 => {
                path.pop();
                break;
            }
            _ => break,
        };
        path.push(name);
        ends.push(end);
        rest = &rest[count..];
    }
    Reference { path, start: tokens[0].1.range().start, ends }
}
