//! How a command ended, and what to print about it.

use super::say;
use crate::diagnostic::Diagnostics;
use crate::driver::Failure;

/// How a command ended.
pub(super) enum Ended {
    Well,
    /// The build, or a check, failed.
    Failed,
    /// The command line or the project file is wrong.
    Wrong,
    /// With the status of another program.
    As(u8),
}

impl Ended {
    /// Prints why a build failed.
    pub(super) fn failed(text: &str) -> Self {
        say::error(text);
        Self::Failed
    }

    /// Prints why a project could not be compiled, as lines of JSON on request.
    pub(super) fn because(failure: &Failure, sink: &Diagnostics, json: bool) -> Self {
        say::diagnostics(sink, json);
        match failure {
            Failure::Reported(_) => Self::Wrong,
            Failure::Usage(text) => {
                say::error(text);
                Self::Wrong
            }
            Failure::Write(text) => {
                say::error(text);
                Self::Failed
            }
        }
    }
}
