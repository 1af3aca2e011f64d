//! What goes wrong while an instance runs, in words for people.

use std::fmt;

use crate::diagnostic::plural;
use crate::file::FileError;
use crate::layout::Folder;
use crate::settings::FailureKind;

/// How many characters of a line are shown.
const LONGEST_LINE: usize = 400;
/// How many lines of a longer text are shown, of its beginning and of its end.
const SHOWN_LINES: usize = 25;

/// A failure of the world or of the user's code, never of the project file, which has been checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    /// One sentence.
    pub message: String,
    /// Where the project file names what failed: `expops.yaml:12:9`.
    pub place: Option<Box<str>>,
    /// More lines: a traceback, the end of a log.
    pub detail: Box<str>,
    /// What to do.
    pub help: Option<Box<str>>,
    /// The file with all of the output.
    pub log: Option<Box<str>>,
    /// How the user's part failed; `None` if something else did.
    pub kind: Option<FailureKind>,
    /// The folders whose contents were found to be damaged, and which will be made again.
    pub damaged: Vec<Folder>,
}

impl Failure {
    /// A failure described by one sentence.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// Adds lines below the sentence.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into().into_boxed_str();
        self
    }

    /// Adds the place in the project file, unless it has one.
    #[must_use]
    pub(crate) fn place(mut self, place: Option<String>) -> Self {
        self.place = self.place.or(place.map(String::into_boxed_str));
        self
    }

    /// The sentence, cut to what can be shown.
    pub(crate) fn sentence(&self) -> String {
        shown(self.message.trim_end())
    }

    /// Adds advice.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into().into_boxed_str());
        self
    }

    /// The same, if anything can be told.
    #[must_use]
    pub(crate) fn any_help(self, help: Option<impl Into<String>>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// Marks it as a failure of the user's part, of this kind.
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
        f.write_str(&self.sentence())?;
        if let Some(place) = &self.place {
            write!(f, "\n  --> {place}")?;
        }
        let lines: Vec<_> = self.detail.trim_end().lines().collect();
        let cut = lines.len().saturating_sub(2 * SHOWN_LINES);
        for (i, line) in lines.iter().enumerate() {
            match i.checked_sub(SHOWN_LINES) {
                Some(0) if cut > 0 => write!(f, "\n  … ({})", plural(cut, "more line"))?,
                Some(over) if over < cut => {}
                _ => write!(f, "\n  {}", shown(line))?,
            }
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

/// A line as it is shown: no longer than a person would read, and without characters that control a terminal. The log
/// has all of it.
fn shown(line: &str) -> String {
    let end = line.char_indices().nth(LONGEST_LINE).map_or(line.len(), |(at, _)| at);
    let visible = |c: char| if c.is_control() && c != '\t' { '\u{FFFD}' } else { c };
    let text: String = line[..end].chars().map(visible).collect();
    if end < line.len() { format!("{text}…") } else { text }
}

impl std::error::Error for Failure {}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::new(error.to_string())
    }
}
