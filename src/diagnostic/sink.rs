//! Where the stages put what they find.

use super::message::{Diagnostic, Severity};

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
