//! Where the stages put what they find.

use super::message::{Diagnostic, Severity};

/// The proof that an error has been put into the sink: only [`Diagnostics`] can make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported(());

/// So many errors, and as many warnings, are kept; the others are counted.
const MOST: usize = 100;

/// The sink for what the stages find.
#[derive(Debug, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Diagnostics {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a diagnostic.
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

    /// Takes an error; what it returns proves that.
    pub fn error(&mut self, diagnostic: Diagnostic) -> Reported {
        debug_assert_eq!(diagnostic.severity, Severity::Error);
        self.push(diagnostic);
        Reported(())
    }

    /// Takes the error that `make` makes: only if it is kept, because good advice takes time.
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

    /// How many errors and how many warnings were found, but not kept.
    pub(crate) fn not_kept(&self) -> (usize, usize) {
        (self.errors.saturating_sub(MOST), self.warnings.saturating_sub(MOST))
    }

    /// `value`, unless an error has been found.
    pub fn unless_errors<T>(&self, value: T) -> Result<T, Reported> {
        if self.has_errors() { Err(Reported(())) } else { Ok(value) }
    }

    /// Whether an error has been found.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
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
