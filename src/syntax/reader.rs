//! Collects the errors of a project file, up to a limit: a hostile file must not cause a hostile number of
//! messages.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported, Severity, codes, nearest, plural};
use crate::source::{Source, Span};

/// At most this many errors, and as many warnings, are shown; the others are counted.
const MAX_SHOWN: usize = 100;
/// After this many errors, slow parts are not read further just to count more.
const MAX_COUNTED: usize = 10_000;

/// The text being read, and what was found so far. Its reading methods are in `values`.
pub(super) struct Reader<'s> {
    pub(super) source: &'s Source,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    not_shown: usize,
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self { source, errors: Vec::new(), warnings: Vec::new(), not_shown: 0 }
    }

    /// The text at `span`.
    pub(super) fn slice(&self, span: Span) -> &'s str {
        self.source.text().get(span.range()).unwrap_or("")
    }

    /// Reports `message` at `place` (where, and what is there), with help.
    pub(super) fn report(
        &mut self,
        code: &'static Code,
        (span, label): (Span, impl Into<String>),
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Diagnostic::new(code, message).at(self.source, span, label).help(help));
    }

    /// Warns that something at `span` does nothing, and says what to do instead.
    pub(super) fn warn(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        if self.warnings.len() < MAX_SHOWN {
            let warning = Diagnostic::new(&codes::IGNORED_SECTION, message);
            self.push(warning.at(self.source, span, "has no effect").help(help));
        }
    }

    /// Warns that the value at `span` is not what its author may believe: that it is `label`.
    pub(super) fn doubt(
        &mut self,
        (span, label): (Span, &str),
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.warnings.len() < MAX_SHOWN {
            let warning = Diagnostic::new(&codes::OTHER_MEANING, message);
            self.push(warning.at(self.source, span, label).help(help));
        }
    }

    /// Adds a diagnostic.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        let is_error = diagnostic.severity == Severity::Error;
        let found = if is_error { &mut self.errors } else { &mut self.warnings };
        if found.len() < MAX_SHOWN {
            found.push(diagnostic);
        } else if is_error {
            self.not_shown += 1;
        }
    }

    /// Counts an error that would not be shown anyway; see [`is_full`](Self::is_full).
    pub(super) fn count(&mut self) {
        self.not_shown += 1;
    }

    /// Whether further errors are only counted; then there is no point in wording them.
    pub(super) fn is_full(&self) -> bool {
        self.errors.len() >= MAX_SHOWN
    }

    /// Whether there are so many errors that reading on is a waste.
    pub(super) fn is_hopeless(&self) -> bool {
        self.not_shown >= MAX_COUNTED
    }

    /// Help: the known name that `word` most likely means, or all of them if none is near.
    pub(super) fn known(&self, word: &str, names: &[&str]) -> String {
        if self.is_full() {
            return String::new();
        }
        match nearest(word, names.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                format!("the known ones are {}", names.join(", "))
            }
        }
    }

    /// Passes everything to `sink`. Returns `value` as it should be if there was no error, else as much as
    /// could be read.
    pub(super) fn finish<T>(
        self,
        sink: &mut Diagnostics,
        value: Option<T>,
    ) -> Result<T, (Reported, Option<T>)> {
        let mut errors = self.errors;
        errors.sort_by_key(|error| error.labels.first().map(|label| label.span));
        let last = errors.pop().map(|last| match self.not_shown {
            0 => last,
            count if count >= MAX_COUNTED => last.help(format!("at least {count} further errors not shown")),
            count => last.help(format!("{} not shown", plural(count, "further error"))),
        });
        self.warnings.into_iter().chain(errors).for_each(|diagnostic| sink.push(diagnostic));
        match (last, value) {
            (Some(last), value) => Err((sink.error(last), value)),
            (None, Some(value)) => Ok(value),
            // If the tree could not be built, the reason has been reported.
            (None, None) => {
                let error = Diagnostic::new(&codes::YAML, "the file cannot be read");
                Err((sink.error(error), None))
            }
        }
    }
}
