//! The bytes to split: a regular file that many threads read at their own positions. Anything that cannot be read like
//! that (standard input, a pipe, a compressed file) is copied to a temporary file first. Knows nothing of formats.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::time::SystemTime;

#[cfg(feature = "columnar")]
use camino::Utf8Path;
use camino::Utf8PathBuf;

use super::error::{Flaw, Position, SplitError};
use crate::file;

/// Where the data comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file, or anything else that has a path and can be read.
    Path(Utf8PathBuf),
    /// Standard input, of which these bytes have been read already.
    Stdin(Vec<u8>),
}

/// How many bytes tell the format of what has no name.
pub(super) const START: u64 = 1 << 12;

impl Input {
    /// Standard input, with enough of it read to tell its format.
    pub fn stdin() -> Result<Self, SplitError> {
        let mut start = Vec::new();
        let read = io::stdin().lock().take(START).read_to_end(&mut start);
        file::context(read, "read", "standard input".into())?;
        Ok(Self::Stdin(start))
    }
}

/// A wrong byte in the source, before its line and column are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Its offset in the file.
    pub(super) at: u64,
    /// Counted from 1.
    pub(super) row: Option<u64>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Fault {
    pub(super) fn new(at: u64, message: impl Into<String>) -> Self {
        Self { at, row: None, message: message.into(), help: None }
    }

    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// An open file of known length.
pub(super) struct Source {
    file: File,
    /// For messages: the path as the user wrote it, or `standard input`.
    pub(super) name: String,
    pub(super) len: u64,
    modified: Option<SystemTime>,
    path: Utf8PathBuf,
}

impl Source {
    /// The open `file`, called `name` in messages.
    pub(super) fn new(file: File, name: &str) -> Result<Self, SplitError> {
        let path = Utf8PathBuf::from(name);
        let meta = file::context(file.metadata(), "read", &path)?;
        Ok(Self { file, name: name.to_owned(), len: meta.len(), modified: meta.modified().ok(), path })
    }

    /// Fills `buffer`, starting at `offset`.
    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), SplitError> {
        match read_exact_at(&self.file, buffer, offset) {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(self.changed()),
            other => Ok(file::context(other, "read", &self.path)?),
        }
    }

    /// Reads the bytes of `range` into a reusable buffer.
    pub(super) fn read_into(&self, buffer: &mut Vec<u8>, range: Range<u64>) -> Result<(), SplitError> {
        buffer.resize((range.end - range.start) as usize, 0);
        self.read_exact_at(buffer, range.start)
    }

    /// The first bytes, at most `count`.
    pub(super) fn start(&self, count: u64) -> Result<Vec<u8>, SplitError> {
        let mut buffer = Vec::new();
        self.read_into(&mut buffer, 0..count.min(self.len))?;
        Ok(buffer)
    }

    /// A reader over `range`, in constant memory.
    pub(super) fn reader(&self, range: Range<u64>) -> RangeReader<'_> {
        RangeReader { source: self, range }
    }

    /// An error if the file has changed since it was opened.
    pub(super) fn check_unchanged(&self) -> Result<(), SplitError> {
        let meta = file::context(self.file.metadata(), "read", &self.path)?;
        let same = meta.len() == self.len && meta.modified().ok() == self.modified;
        if same { Ok(()) } else { Err(self.changed()) }
    }

    /// An error for a file that changed while it was read.
    pub(super) fn changed(&self) -> SplitError {
        SplitError::Changed { file: self.name.clone() }
    }

    /// Adds line and column to `fault`, for which the file is read again up to there.
    pub(super) fn flaw(&self, fault: Fault) -> SplitError {
        let place = self.place(fault.at).ok();
        let Fault { row, message, help, .. } = fault;
        SplitError::Data(Box::new(Flaw { file: self.name.clone(), place, row, message, help }))
    }

    fn place(&self, byte: u64) -> Result<Position, SplitError> {
        let mut buffer = Vec::new();
        let (mut line, mut column, mut at) = (1, 1, 0);
        while at < byte {
            let end = byte.min(at + BUFFER);
            self.read_into(&mut buffer, at..end)?;
            if at == 0 && buffer.starts_with(BOM) {
                buffer.drain(..BOM.len());
            }
            line += memchr::memchr_iter(b'\n', &buffer).count() as u64;
            let last = memchr::memrchr(b'\n', &buffer);
            let characters =
                buffer[last.map_or(0, |i| i + 1)..].iter().filter(|b| **b & 0xC0 != 0x80).count();
            column = characters as u64 + if last.is_some() { 1 } else { column };
            at = end;
        }
        Ok(Position { line, column, byte })
    }

    /// The open file, for readers that need one.
    #[cfg(feature = "columnar")]
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// The path of the file, for system messages.
    #[cfg(feature = "columnar")]
    pub(super) fn path(&self) -> &Utf8Path {
        &self.path
    }
}

/// How much is read at a time if nothing else decides.
pub(super) const BUFFER: u64 = 256 << 10;

/// The mark that some programs put before UTF-8 text.
pub(super) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Reads a range of a [`Source`] from beginning to end.
pub(super) struct RangeReader<'a> {
    source: &'a Source,
    range: Range<u64>,
}

impl Read for RangeReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (self.range.end - self.range.start).min(buffer.len() as u64) as usize;
        read_exact_at(&self.source.file, &mut buffer[..count], self.range.start)?;
        self.range.start += count as u64;
        Ok(count)
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                buffer = &mut buffer[count..];
                offset += count as u64;
            }
        }
    }
    Ok(())
}
