//! What Arrow and Parquet files have in common: a table that is read and written in batches.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Schema, SchemaRef};
use parquet::errors::ParquetError;

use crate::split::draft::Draft;
use crate::split::error::SplitError;
pub(super) use crate::split::scatter::HANDLES;

/// A table that can be read from any row.
pub(super) trait Table: Sync {
    /// The columns and their metadata.
    fn schema(&self) -> &SchemaRef;

    /// Metadata of the file that are not the schema's.
    fn footer(&self) -> &Footer;

    /// The number of rows.
    fn rows(&self) -> u64;

    /// The ranges of rows of the batches as stored.
    fn batches(&self) -> Vec<Range<u64>>;

    /// How many batches may be in memory at once.
    fn at_once(&self) -> usize;

    /// The rows of a range, in order.
    fn scan(&self, rows: Range<u64>) -> Result<Batches<'_>, SplitError>;

    /// A writer of the same format.
    fn writer(&self, schema: &Schema, sink: Sink) -> Result<Box<dyn TableWriter>, ArrowError>;
}

/// The metadata in the footer of an Arrow file.
pub(super) type Footer = BTreeMap<String, String>;

pub(super) type Batches<'a> = Box<dyn Iterator<Item = Result<RecordBatch, SplitError>> + 'a>;

/// Writes a table batch by batch.
pub(super) trait TableWriter: Send {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError>;

    /// Writes the end of the table; returns the draft and its length.
    fn finish(self: Box<Self>) -> Result<Sink, ArrowError>;
}

/// A draft as a writer. If there are many partitions, its file is closed after every write.
pub(super) struct Sink {
    pub(super) draft: Draft,
    pub(super) bytes: u64,
    buffer: Vec<u8>,
    close: bool,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len() as u64;
        if bytes.len() >= 1 << 16 {
            self.flush()?;
            self.append(bytes)?;
        } else {
            self.buffer.extend_from_slice(bytes);
            if self.buffer.len() >= if self.close { 1 << 14 } else { 1 << 18 } {
                self.flush()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        if !buffer.is_empty() {
            self.append(&buffer)?;
        }
        // With many partitions, each would hold on to its own buffer.
        if !self.close {
            buffer.clear();
            self.buffer = buffer;
        }
        Ok(())
    }
}

impl Sink {
    /// `close` means that there are too many drafts to keep their files open.
    pub(super) fn new(mut draft: Draft, close: bool) -> Result<Self, SplitError> {
        if close {
            draft.close()?;
        }
        Ok(Self { draft, buffer: Vec::new(), bytes: 0, close })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let appended = self.draft.append(bytes);
        let result = appended.and_then(|()| if self.close { self.draft.close() } else { Ok(()) });
        result.map_err(io::Error::other)
    }
}

/// An error of whatever reads or writes.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// An error for an Arrow or Parquet file that cannot be read, or for what is written of it.
pub(super) fn broken(name: &str, what: &str, error: impl Into<Cause>) -> SplitError {
    let error = match ours(error.into()) {
        Ok(ours) => return ours,
        Err(error) => error.to_string(),
    };
    // Readers tell where they were, line by line.
    let reason = error.lines().next().unwrap_or_default();
    let help =
        "copy or load the file again, or write it again: it is damaged, cut short, or of no usual writer";
    SplitError::whole(name, format!("the {what} data cannot be read: {reason}"), Some(help))
}

/// The error of a [`Sink`], which the libraries that write to it have wrapped, or `error` if it is another.
pub(super) fn ours(error: Cause) -> Result<SplitError, Cause> {
    let error = match error.downcast::<ParquetError>() {
        Ok(error) => match *error {
            ParquetError::External(inner) => return ours(inner),
            other => return Err(other.into()),
        },
        Err(error) => error,
    };
    let error = match error.downcast::<ArrowError>() {
        Ok(error) => match *error {
            ArrowError::IoError(_, inner) => return ours(inner.into()),
            other => return Err(other.into()),
        },
        Err(error) => error,
    };
    match error.downcast::<io::Error>() {
        Ok(error) => error.downcast::<SplitError>().map_err(Into::into),
        Err(error) => error.downcast::<SplitError>().map(|error| *error),
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;

    /// The error of a sink whose file is gone.
    fn unwritten() -> io::Error {
        let folder = tempfile::tempdir().unwrap();
        let target = Utf8Path::from_path(folder.path()).unwrap().join("p1");
        let mut sink = Sink::new(Draft::create(&target, None).unwrap(), true).unwrap();
        drop(folder);
        sink.write(&[0; 1 << 16]).unwrap_err()
    }

    #[test]
    fn what_cannot_be_written_is_no_flaw_of_the_source() {
        let causes: [Cause; 3] = [
            unwritten().into(),
            ParquetError::from(unwritten()).into(),
            ArrowError::from(unwritten()).into(),
        ];
        for cause in causes {
            let error = broken("data", "Parquet", cause);
            assert!(error.to_string().starts_with("cannot write `"), "{error}");
        }
        let unread = ParquetError::from(io::Error::other("no such page"));
        let unread = broken("data", "Parquet", unread).to_string();
        assert_eq!(unread, "data: the Parquet data cannot be read: no such page");
    }
}
