//! Errors that name the path.

use std::fmt;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

/// What failed, on which path, and why.
#[derive(Debug)]
pub struct FileError {
    /// What was tried, as in "cannot {action} `{path}`": `read`, `write`, `create`.
    pub action: &'static str,
    /// The path as it was given.
    pub path: Utf8PathBuf,
    /// The system's reason.
    pub source: io::Error,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} `{}`: {}", self.action, self.path, reason(&self.source))
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// The system's message without the error number that Rust appends, which helps nobody.
pub(crate) fn reason(error: &io::Error) -> String {
    // Whoever walks through a folder adds a path, as does whoever calls this.
    let walked = error.get_ref().and_then(|inner| inner.downcast_ref::<walkdir::Error>());
    if let Some(error) = walked.and_then(walkdir::Error::io_error) {
        return reason(error);
    }
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

/// `result`, with the action and path added to its error.
pub(crate) fn context<T>(
    result: io::Result<T>,
    action: &'static str,
    path: &Utf8Path,
) -> Result<T, FileError> {
    result.map_err(|source| FileError { action, path: path.to_owned(), source })
}
