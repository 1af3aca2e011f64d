//! A diagnostic: its kind, its places, and advice.

use super::code::Code;
use crate::source::{Source, Span};

/// Whether a diagnostic stops the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It does: nothing is written.
    Error,
    /// It does not: the pipeline is compiled, but may not be what was meant.
    Warning,
}

/// A place in a text, and what is there.
#[derive(Clone, Debug)]
pub struct Label {
    /// The text.
    pub source: Source,
    /// The place.
    pub span: Span,
    /// What is here, in a few words; may be empty.
    pub text: String,
}

/// A problem, with everything a person needs to fix it.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The kind of problem; stable.
    pub code: &'static Code,
    /// Whether it stops the compiler.
    pub severity: Severity,
    /// One sentence, lower case, no full stop: what is wrong, in the user's words.
    pub message: String,
    /// Where. The first label is the actual place; others add to it ("first declared here").
    pub labels: Vec<Label>,
    /// What to do; one sentence each.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic with the code `code`: a warning if the code begins with `W`, otherwise an error.
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        let severity = if code.id.starts_with('W') { Severity::Warning } else { Severity::Error };
        Self { code, severity, message: message.into(), labels: Vec::new(), help: Vec::new() }
    }

    /// Adds a place and what is there.
    #[must_use]
    pub fn at(mut self, source: &Source, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { source: source.clone(), span, text: text.into() });
        self
    }

    /// Adds a piece of advice.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }
}
