//! How a command ended, and what is said of it.

use super::say;
use crate::diagnostic::Diagnostics;
use crate::driver::Failure;

/// How a command ended.
pub(super) enum Ended {
    Well,
    /// The build, or a check, failed.
    Failed,
    /// The usage or the project file is wrong.
    Wrong,
    /// As another program ended.
    As(u8),
}

impl Ended {
    /// Says why a build failed.
    pub(super) fn failed(text: &str) -> Self {
        say::error(text);
        Self::Failed
    }

    /// Says why a project could not be compiled, as lines of JSON on request.
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
