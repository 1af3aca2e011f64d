//! Collects what the stages report.

use super::message::{Diagnostic, Severity};

/// The proof that an error has been reported: only [`Diagnostics`] can make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported(());

/// At most this many errors are kept, and as many warnings; the others are only counted.
const MOST: usize = 100;

/// Collects what the stages report.
#[derive(Debug, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Diagnostics {
    /// An empty sink.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a diagnostic.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let count = match diagnostic.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *count += 1;
        if *count <= MOST {
            self.found.push(diagnostic);
        }
    }

    /// Adds an error; the return value proves it.
    pub fn error(&mut self, diagnostic: Diagnostic) -> Reported {
        debug_assert_eq!(diagnostic.severity, Severity::Error);
        self.push(diagnostic);
        Reported(())
    }

    /// Adds the error made by `make`, which is called only if the error is kept, because good advice takes time.
    pub(crate) fn error_by(&mut self, make: impl FnOnce() -> Diagnostic) -> Reported {
        if self.errors < MOST {
            return self.error(make());
        }
        self.errors += 1;
        Reported(())
    }

    /// How many errors were found.
    pub(crate) fn count(&self) -> usize {
        self.errors
    }

    /// How many errors and warnings were found but not kept.
    pub(crate) fn not_kept(&self) -> (usize, usize) {
        (self.errors.saturating_sub(MOST), self.warnings.saturating_sub(MOST))
    }

    /// `value`, unless an error was found.
    pub fn unless_errors<T>(&self, value: T) -> Result<T, Reported> {
        if self.has_errors() { Err(Reported(())) } else { Ok(value) }
    }

    /// Whether an error was found.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Everything found, sorted by file and place, without duplicates.
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
