//! Why a template cannot be used.

use std::fmt;

use minijinja::Error;

use crate::source::Span;

/// Why a template cannot be used.
#[derive(Debug)]
pub(crate) struct CommandError {
    /// One sentence.
    pub message: String,
    /// The place in the template, if one is to blame.
    pub span: Option<Span>,
    /// The unknown name, if one is to blame: a variable, a filter or a test.
    pub name: Option<String>,
    /// What to do about it, if that can be told.
    pub help: Option<String>,
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

impl From<Error> for CommandError {
    fn from(error: Error) -> Self {
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        Self {
            message: detail,
            span: error.range().map(|range| Span::new(range.start, range.end)),
            name: None,
            help: None,
        }
    }
}
