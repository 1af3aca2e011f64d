//! What is wrong with a size or a strategy.

use std::fmt;
use std::ops::Range;

/// Why a text or a list is not a `Size` or `By`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeError {
    /// What is wrong, as one sentence without a full stop.
    pub message: String,
    /// What is at the place of the error, in a few words.
    pub label: String,
    /// What to write instead.
    pub help: String,
    /// The entry of the list (from 0) at fault, if it is one.
    pub entry: Option<usize>,
    /// The bytes of the text at fault, if it was read from a text.
    pub range: Option<Range<usize>>,
    /// Whether it could not be parsed; otherwise it could, but makes no sense.
    pub is_unreadable: bool,
}

impl fmt::Display for SizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.help)
    }
}

impl std::error::Error for SizeError {}

pub(super) fn unreadable(message: String, help: &str) -> SizeError {
    let (label, help) = ("cannot be read".to_owned(), help.to_owned());
    SizeError { message, label, help, entry: None, range: None, is_unreadable: true }
}

pub(super) fn senseless(entry: Option<usize>, message: String, label: &str, help: &str) -> SizeError {
    SizeError { label: label.to_owned(), entry, is_unreadable: false, ..unreadable(message, help) }
}
