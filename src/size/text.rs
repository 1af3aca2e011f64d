//! Sizes and strategies as one text.

use pest::Parser as _;
use pest::error::InputLocation;
use pest::iterators::Pair;

use super::error::{SizeError, unreadable};
use crate::source::clip;
use grammar::Grammar;
pub(super) use grammar::Rule;

/// In a module of its own: the derived `Rule` is public and must not be part of our interface.
mod grammar {
    #![allow(missing_docs)]

    #[derive(pest_derive::Parser)]
    #[grammar = "grammar/size.pest"]
    pub(super) struct Grammar;
}

/// Longest text that is parsed: nobody writes a size with a million entries.
const LONGEST_TEXT: usize = 100_000;

/// Parses `text` by `rule`; the error says that it is not `what` and from where on it is not.
pub(super) fn read<'t>(
    rule: Rule,
    text: &'t str,
    what: &str,
    help: &str,
) -> Result<Pair<'t, Rule>, SizeError> {
    let message = format!("`{}` is not {what}", clip(text));
    if text.len() > LONGEST_TEXT {
        return Err(unreadable(message, help));
    }
    let parsed = Grammar::parse(rule, text).map_err(|error| {
        let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
        // Blame the whole unreadable entry, not the character where that becomes certain.
        let start = text[..at].rfind([',', '[']).map_or(0, |i| i + 1);
        let end = text[at..].find([',', ']']).map_or(text.len(), |i| at + i);
        let start = start + (text[start..end].len() - text[start..end].trim_start().len());
        SizeError { range: Some(start..end), ..unreadable(message.clone(), help) }
    })?;
    parsed.into_iter().next().ok_or_else(|| unreadable(message.clone(), help))
}
