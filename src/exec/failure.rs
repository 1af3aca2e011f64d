//! What goes wrong while an instance runs, as a person wants to read it.

use std::fmt;

use crate::file::FileError;
use crate::layout::Folder;
use crate::settings::FailureKind;

/// A failure of the world or of the user's code: never of the project file, which has been checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    /// One sentence.
    pub message: String,
    /// More lines: a traceback, the end of a log.
    pub detail: String,
    /// What to do.
    pub help: Option<String>,
    /// Where all of the output is.
    pub log: Option<Box<str>>,
    /// How the user's part failed; `None` if it is not the user's part that did.
    pub kind: Option<FailureKind>,
    /// The folders whose contents were found to be damaged: they are made again.
    pub damaged: Vec<Folder>,
}

impl Failure {
    /// A failure with one sentence to say.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// Adds lines below the sentence.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Adds advice.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says that it was the user's part that failed, and how.
    #[must_use]
    pub(crate) fn kind(mut self, kind: FailureKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Adds the place of the log.
    #[must_use]
    pub(crate) fn log(mut self, log: impl Into<String>) -> Self {
        self.log = Some(log.into().into_boxed_str());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message.trim_end())?;
        for line in self.detail.trim_end().lines() {
            write!(f, "\n  {line}")?;
        }
        if let Some(log) = &self.log {
            write!(f, "\n  log: {log}")?;
        }
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::new(error.to_string())
    }
}
