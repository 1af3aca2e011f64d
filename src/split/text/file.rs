//! A text file of any format: its header, and how to find its rows.

use std::ops::Range;

use super::csv::Rules;
use super::gather::Gather;
use super::index::{Index, Pace};
use super::{csv_index, json_array, json_lines, lines};
use crate::split::error::SplitError;
use crate::split::format::{Dialect, Kind};
use crate::split::source::{BOM, Fault, Source};

/// A text file with a known header.
pub(in crate::split) struct Text<'a> {
    pub(in crate::split) source: &'a Source,
    pub(in crate::split) kind: Kind,
    /// What precedes the rows and is repeated in every partition.
    pub(in crate::split) header: Range<u64>,
    /// The row in the header that names the columns, if there is one.
    pub(in crate::split) names: Range<u64>,
    /// The number of columns of a CSV file.
    pub(in crate::split) columns: u64,
    rules: Rules,
}

impl<'a> Text<'a> {
    /// Reads the header.
    pub(in crate::split) fn open(source: &'a Source, kind: Kind) -> Result<Self, SplitError> {
        let mark = if source.start(3)? == BOM { 3 } else { 0 };
        match kind {
            Kind::Csv(dialect) => Self::open_csv(source, dialect, mark),
            Kind::JsonLines | Kind::JsonArray => Ok(Self::plain(source, kind, mark)),
            _ => Ok(Self::plain(source, kind, 0)),
        }
    }

    fn plain(source: &'a Source, kind: Kind, end: u64) -> Self {
        let rules = Rules::new(Dialect::new(b','));
        Self { source, kind, header: 0..end, names: end..end, columns: 1, rules }
    }

    fn open_csv(source: &'a Source, mut dialect: Dialect, mark: u64) -> Result<Self, SplitError> {
        let mut start = mark;
        for _ in 0..dialect.skip {
            start = lines::line_end(source, start)?;
        }
        if let Some((delimiter, end)) = separator(source, after_comments(source, dialect, start)?)? {
            if dialect.is_chosen && delimiter != dialect.delimiter {
                let message = "the line `sep=` names another delimiter than the one that is given";
                let fault = Fault::new(start, message);
                return Err(source.flaw(fault.help("leave out `--delimiter`, or the line")));
            }
            (dialect.delimiter, start) = (delimiter, end);
        }
        let mut rules = Rules::new(dialect);
        let Some(row) = csv_index::first_row(source, rules, start)? else {
            if !dialect.header {
                return Ok(Self {
                    kind: Kind::Csv(dialect),
                    ..Self::plain(source, Kind::Csv(dialect), source.len)
                });
            }
            let fault = Fault::new(0, "there is no header: the file is empty");
            return Err(source.flaw(fault.help("a CSV file begins with a line that names its columns")));
        };
        rules.blank_is_row = row.delimiters == 0;
        let end = if dialect.header { row.end } else { start };
        let names = if dialect.header { row.start..row.end } else { end..end };
        let columns = row.delimiters + 1;
        Ok(Self { source, kind: Kind::Csv(dialect), header: 0..end, names, columns, rules })
    }

    /// Everything after the header.
    pub(in crate::split) fn body(&self) -> Range<u64> {
        self.header.end..self.source.len
    }

    /// Finds and checks the rows in `body`: a range that ends between two rows or after the last one.
    pub(in crate::split) fn rows(&self, body: Range<u64>, pace: Pace) -> Result<Index, SplitError> {
        self.find::<()>(body, pace, None)
    }

    /// The same, and makes something of them, unless they are the elements of an array.
    pub(super) fn gather<T: Send>(
        &self,
        body: Range<u64>,
        pace: Pace,
        gather: Gather<T>,
    ) -> Result<Index, SplitError> {
        self.find(body, pace, Some(gather))
    }

    fn find<T: Send>(
        &self,
        body: Range<u64>,
        pace: Pace,
        gather: Option<Gather<T>>,
    ) -> Result<Index, SplitError> {
        match self.kind {
            Kind::Csv(_) => csv_index::index(self.source, (self.rules, self.columns - 1), body, pace, gather),
            Kind::JsonLines => json_lines::index(self.source, body, pace, gather),
            Kind::JsonArray => json_array::index(self.source, body, pace),
            _ => lines::index(self.source, body, pace, gather),
        }
    }
}

/// Where the first line begins that is no comment.
fn after_comments(source: &Source, dialect: Dialect, mut start: u64) -> Result<u64, SplitError> {
    let Some(comment) = dialect.comment else { return Ok(start) };
    let mut first = Vec::new();
    while start < source.len {
        source.read_into(&mut first, start..start + 1)?;
        if first != [comment] {
            break;
        }
        start = lines::line_end(source, start)?;
    }
    Ok(start)
}

/// The delimiter named by a first line `sep=;`, which Excel reads and writes, and where that line ends.
fn separator(source: &Source, start: u64) -> Result<Option<(u8, u64)>, SplitError> {
    let mut line = Vec::new();
    source.read_into(&mut line, start..source.len.min(start + 7))?;
    Ok(match line.as_slice() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter, b'\n', ..] => Some((*delimiter, start + 6)),
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter, b'\r', b'\n'] => {
            Some((*delimiter, start + 7))
        }
        _ => None,
    })
}
