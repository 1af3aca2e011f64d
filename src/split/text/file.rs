//! A text file of any of the formats: its header, and who finds its rows.

use std::ops::Range;

use super::index::{Index, Pace};
use super::{csv_index, json_array, json_lines, lines};
use crate::split::error::SplitError;
use crate::split::format::Kind;
use crate::split::source::{BOM, Source};

/// A text file whose header is known.
pub(in crate::split) struct Text<'a> {
    pub(in crate::split) source: &'a Source,
    pub(in crate::split) kind: Kind,
    /// What stands before the rows and is repeated in every partition.
    pub(in crate::split) header: Range<u64>,
    /// The delimiters in the header of a CSV file.
    delimiters: u64,
}

impl<'a> Text<'a> {
    /// Reads the header.
    pub(in crate::split) fn open(source: &'a Source, kind: Kind) -> Result<Self, SplitError> {
        let (end, delimiters) = match kind {
            Kind::Csv(delimiter) => {
                let row = csv_index::header(source, delimiter)?;
                (row.end, row.delimiters)
            }
            Kind::JsonLines | Kind::JsonArray if source.start(3)? == BOM => (3, 0),
            _ => (0, 0),
        };
        Ok(Self { source, kind, header: 0..end, delimiters })
    }

    /// Everything behind the header.
    pub(in crate::split) fn body(&self) -> Range<u64> {
        self.header.end..self.source.len
    }

    /// Finds and checks the rows in `body`: a range between two rows, or behind the last one.
    pub(in crate::split) fn rows(&self, body: Range<u64>, pace: Pace) -> Result<Index, SplitError> {
        match self.kind {
            Kind::Csv(delimiter) => csv_index::index(self.source, (delimiter, self.delimiters), body, pace),
            Kind::JsonLines => json_lines::index(self.source, body, pace),
            Kind::JsonArray => json_array::index(self.source, body, pace),
            _ => lines::index(self.source, body, pace),
        }
    }
}
