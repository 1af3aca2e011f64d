//! What can go wrong in a split, in the user's words. The place of a flaw in the data is `file:line:column`; lines and
//! columns count from 1, columns in characters.

use std::fmt;

use super::rows::SizeMismatch;
use crate::file::FileError;

/// Why a split failed. All earlier partitions and stamps are unchanged then.
#[derive(Debug)]
pub enum SplitError {
    /// The file is not valid in its format.
    Data(Box<Flaw>),
    /// The row counts do not match the file.
    Size {
        /// The file, as the user wrote it.
        file: String,
        /// Both numbers.
        mismatch: SizeMismatch,
    },
    /// The request makes no sense: an unknown format, a column that does not exist.
    Usage {
        /// One sentence.
        message: String,
        /// What to write instead.
        help: Option<String>,
    },
    /// A file could not be read or written.
    File(FileError),
    /// The source changed while it was read.
    Changed {
        /// The file, as the user wrote it.
        file: String,
    },
}

/// A place in the data, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The file, as the user wrote it.
    pub file: String,
    /// Where in the file.
    pub place: Option<Position>,
    /// The row, counted from 1 without the header, if it is known.
    pub row: Option<u64>,
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// From 0.
    pub byte: u64,
}

impl SplitError {
    /// What the user can do about it; one sentence.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Data(flaw) => flaw.help.as_deref(),
            Self::Usage { help, .. } => help.as_deref(),
            Self::Size { .. } => {
                Some("give counts that sum to the number of rows, or shares such as `60%,20%,rest`")
            }
            Self::Changed { .. } => Some("split it again when nothing writes to it"),
            Self::File(_) => None,
        }
    }

    /// The exit status: 2 for a request that makes no sense, 1 for everything else.
    pub fn status(&self) -> u8 {
        if matches!(self, Self::Usage { .. }) { 2 } else { 1 }
    }

    /// A usage error.
    pub(super) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Some(help.into()) }
    }

    /// An error for a column that does not exist, listing those that do.
    pub(super) fn no_column(file: &str, column: &str, known: &[impl AsRef<str>]) -> Self {
        let names: Vec<&str> = known.iter().take(20).map(AsRef::as_ref).collect();
        let more = if known.len() > names.len() { ", …" } else { "" };
        Self::usage(
            format!("{file}: there is no column `{column}`"),
            match names.as_slice() {
                [] => "it has no columns".to_owned(),
                [only] => format!("the only column is `{only}`"),
                several if known.iter().any(|name| names_in(name.as_ref(), column)) => format!(
                    "the columns are {}{more}; on the command line, a name with a comma stands in double quotes",
                    several.iter().map(|name| in_quotes(name)).collect::<Vec<_>>().join(", ")
                ),
                several => format!("the columns are {}{more}", several.join(", ")),
            },
        )
    }

    /// A flaw of the file as a whole.
    pub(super) fn whole(file: &str, message: impl Into<String>, help: Option<&str>) -> Self {
        let (file, help) = (file.to_owned(), help.map(str::to_owned));
        Self::Data(Box::new(Flaw { file, place: None, row: None, message: message.into(), help }))
    }
}

/// Whether `part` is what a comma in `name` makes of it.
fn names_in(name: &str, part: &str) -> bool {
    name.contains(',') && name.split(',').any(|piece| piece == part)
}

/// A name as `--by` reads it.
fn in_quotes(name: &str) -> String {
    if name.contains([',', '"']) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name.to_owned() }
}

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(flaw) => {
                write!(f, "{}", flaw.file)?;
                if let Some(place) = flaw.place {
                    write!(f, ":{}:{}", place.line, place.column)?;
                }
                write!(f, ": {}", flaw.message)
            }
            Self::Size { file, mismatch } => write!(f, "{file}: {mismatch}"),
            Self::Usage { message, .. } => f.write_str(message),
            Self::File(error) => error.fmt(f),
            Self::Changed { file } => write!(f, "{file}: the file changed while it was read"),
        }
    }
}

impl std::error::Error for SplitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            Self::Size { mismatch, .. } => Some(mismatch),
            _ => None,
        }
    }
}

impl From<FileError> for SplitError {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}
