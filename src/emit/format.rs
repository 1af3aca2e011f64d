//! The formats of the generated file. All that differs between them is asked here.

use camino::Utf8Path;

use super::{found, make, ninja, shell};
use crate::escape;
use crate::plan::Plan;

/// How every generated file begins; in a script, after the line that names the shell.
const MARK: &str = "# Made by expops ";

/// What reads the generated file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Ninja 1.8 and later.
    #[default]
    Ninja,
    /// GNU Make 3.81 and later.
    Make,
    /// A POSIX shell.
    Shell,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ninja, Self::Make, Self::Shell];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ninja => "ninja",
            Self::Make => "make",
            Self::Shell => "sh",
        }
    }

    /// What the generated file is called.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Ninja => "build.ninja",
            Self::Make => "Makefile",
            Self::Shell => "build.sh",
        }
    }

    /// What it is called in the build folder, where somebody else's file has the usual name.
    pub fn hidden_name(self) -> &'static str {
        match self {
            Self::Ninja => "expops.ninja",
            Self::Make => "expops.mk",
            Self::Shell => "expops.sh",
        }
    }

    /// Whether the generated file is a program.
    pub fn is_executable(self) -> bool {
        self == Self::Shell
    }

    /// The text of the generated file.
    pub fn text(self, plan: &Plan) -> String {
        match self {
            Self::Ninja => ninja::ninja(plan),
            Self::Make => make::make(plan),
            Self::Shell => shell::shell(plan),
        }
    }

    /// The text of a depfile that lies beside it; `None` if there is none.
    pub fn depfile(self, plan: &Plan) -> Option<String> {
        (self == Self::Ninja).then(|| found::depfile(plan)).flatten()
    }

    /// Why a path of the project cannot be written in the generated file; `None` if it can.
    pub fn inexpressible(self, path: &Utf8Path) -> Option<&'static str> {
        match self {
            Self::Ninja => escape::ninja_lacks(path.as_str()),
            Self::Make => escape::make_lacks(path.as_str()),
            Self::Shell => escape::control(path.as_str()),
        }
    }
}

/// Whether the content of a file shows that expops wrote it.
pub(crate) fn is_generated(content: &[u8]) -> bool {
    content.strip_prefix(b"#!/bin/sh\n").unwrap_or(content).starts_with(MARK.as_bytes())
}
