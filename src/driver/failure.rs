//! Why a project could not be compiled.

use std::fmt;

use crate::diagnostic::Reported;

/// Why a project could not be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Something in the project is wrong; the diagnostics say what.
    Reported(Reported),
    /// There is no such project, or it cannot be compiled in this way.
    Usage(String),
    /// A file could not be written.
    Write(String),
}

impl From<Reported> for Failure {
    fn from(reported: Reported) -> Self {
        Self::Reported(reported)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reported(_) => f.write_str("the project has errors"),
            Self::Usage(text) | Self::Write(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Failure {}
