//! The message for an expression that selects nothing that can be printed.

use super::ended::Ended;
use super::say;
use crate::probe::{self, Unusable};
use crate::source::Span;

/// Prints why an expression selects nothing that can be printed.
pub(super) fn refuse(expression: &str, unusable: &Unusable) -> Ended {
    say::error(&wrong(expression, unusable));
    if matches!(unusable, Unusable::Nothing { .. }) { Ended::Failed } else { Ended::Wrong }
}

/// What is wrong with an expression, with a caret if it is at one place.
fn wrong(expression: &str, unusable: &Unusable) -> String {
    match unusable {
        Unusable::Syntax { span, message, help } => {
            let help = help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
            format!("{message}{}{help}", pointed(expression, *span))
        }
        Unusable::Nothing { span: Some(span), advice } => {
            let here = pointed(expression, *span);
            format!("`{expression}` matches nothing: one of its steps selects nothing{here}\nhelp: {advice}")
        }
        Unusable::Nothing { span: None, advice } => format!("`{expression}` matches nothing; {advice}"),
        Unusable::NotNodes(value) => {
            format!("`{expression}` selects no nodes but {}", probe::described(value))
        }
    }
}

/// The expression, with carets under a part of it.
fn pointed(expression: &str, span: Span) -> String {
    let before = expression.get(..span.start).unwrap_or(expression).chars().count();
    let width = expression.get(span.range()).map_or(1, |part| part.chars().count().max(1));
    format!("\n  {expression}\n  {}{}", " ".repeat(before), "^".repeat(width))
}
