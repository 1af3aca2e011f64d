//! The formats of the generated file. Everything in which they differ is decided here.

use std::io;

use camino::Utf8Path;

use super::{found, make, ninja, shell};
use crate::escape;
use crate::plan::Plan;

/// The first line of every generated file; in a script, it follows the line that names the shell.
const MARK: &str = "# Made by expops ";

/// A format, by the tool that reads it.
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

    /// The usual name of the generated file.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Ninja => "build.ninja",
            Self::Make => "Makefile",
            Self::Shell => "build.sh",
        }
    }

    /// Its name in the build folder, for when somebody else's file has the usual name.
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

    /// Writes the generated file.
    ///
    /// # Errors
    /// If `out` fails.
    pub fn write(self, plan: &Plan, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Ninja => ninja::ninja(plan, out),
            Self::Make => make::make(plan, out),
            Self::Shell => shell::shell(plan, out),
        }
    }

    /// The text of the depfile that goes with it, if there is one.
    pub fn depfile(self, plan: &Plan) -> Option<String> {
        (self == Self::Ninja).then(|| found::depfile(plan)).flatten()
    }

    /// Why the generated file cannot express a path of the project; `None` if it can.
    pub fn inexpressible(self, path: &Utf8Path) -> Option<&'static str> {
        match self {
            Self::Ninja => escape::ninja_lacks(path.as_str()),
            Self::Make => escape::make_lacks(path.as_str()),
            Self::Shell => escape::control(path.as_str()),
        }
    }
}

/// Whether expops wrote a file, judging by its content.
pub(crate) fn is_generated(content: &[u8]) -> bool {
    content.strip_prefix(b"#!/bin/sh\n").unwrap_or(content).starts_with(MARK.as_bytes())
}
