//! What a stage has to say of a user's text: coded, placed, and with advice. Knows nothing of
//! pipelines; a stage builds a [`Diagnostic`] and gives it to the [`Diagnostics`] sink.

mod code;
mod render;
mod suggest;

pub(crate) use code::{ALL, Code, codes, find};
pub use render::{render, render_json};
pub(crate) use suggest::{list, nearest, plural};

use crate::source::{Source, Span};

/// Whether a diagnostic stops the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// The pipeline is compiled; it may not be what was meant.
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

/// One thing that is wrong, with everything a person needs to mend it.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Which kind of thing it is; stable.
    pub code: &'static Code,
    /// Whether it stops the compiler.
    pub severity: Severity,
    /// One sentence, lower case, no full stop: what is wrong, in the user's words.
    pub message: String,
    /// Where. The first label is the place itself; others add to it ("first declared here").
    pub labels: Vec<Label>,
    /// What to do, in one sentence each.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic of the kind `code`; an error, unless the code begins with `W`.
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

/// The proof that an error has been put into the sink: only [`Diagnostics`] can make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported(());

/// The sink for what the stages find.
#[derive(Debug, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a diagnostic.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Takes an error; what it returns proves that.
    pub fn error(&mut self, diagnostic: Diagnostic) -> Reported {
        debug_assert_eq!(diagnostic.severity, Severity::Error);
        self.found.push(diagnostic);
        Reported(())
    }

    /// `value`, unless an error has been found.
    pub fn unless_errors<T>(&self, value: T) -> Result<T, Reported> {
        if self.has_errors() { Err(Reported(())) } else { Ok(value) }
    }

    /// Whether an error has been found.
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|d| d.severity == Severity::Error)
    }

    /// Everything found, by file and place, without repetitions.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut all: Vec<_> = self.found.iter().collect();
        let key = |d: &Diagnostic| {
            let place = d.labels.first().map(|l| (l.source.name().to_owned(), l.span));
            (place, d.code.id, d.message.clone())
        };
        all.sort_by_key(|d| key(d));
        all.dedup_by_key(|d| key(d));
        all
    }
}
