//! Splits a file into partitions and stamps each. Knows nothing of pipelines: the caller decides where a partition is
//! stored and what its key is called.
//!
//! A text file is read twice, in parallel and in constant memory. First its rows are found and checked (`text`), and
//! their keys are taken, if the strategy goes by keys; then each partition is hashed and, if its hash has changed, written
//! (`produce`). No row is altered: the partitions' rows, concatenated, are the source's bytes. If most of the file is as
//! an earlier split saw it, it is read only once (`known`).
//!
//! # What a partition's digest covers
//!
//! For text formats and `.npy` it is the SHA-256 of the partition's file (before compression), so that
//! `sha256sum p1.csv` confirms the stamp: the header and the rows, and nothing else.
//!
//! # Text formats, where their standards leave room
//!
//! - CSV and TSV follow RFC 4180. The first row that is not blank is the header; it is repeated in each partition
//!   together with everything before it (a byte order mark, blank lines, a line `sep=;`, skipped lines). A blank line
//!   is not a row (as in pandas and pyarrow), unless there is only one column: then its value is missing. It stays with
//!   the row before it. A quote inside an unquoted field is data. Errors are: a row whose number of fields differs from
//!   the header's, text after a closing quote, a NUL, and a carriage return (outside quotes) without a line feed. Bytes
//!   need not be UTF-8.
//! - In JSON Lines, every line that is not white space is a row and must be one JSON value in UTF-8.
//! - In plain text, every line is a row, even an empty one; the last line needs no line feed.
//! - The elements of a JSON array are rows. A partition is `[e1,e2]`: the bytes of the elements are the source's, those
//!   between them are not.
//!
//! # Other formats, and other strategies than contiguous rows
//!
//! A partition of an `.npy` file has the dtype and the order of its source and a canonical header. Parquet is copied
//! below the level of its schema, Arrow batch by batch; their digest is one of values (`columnar`), and a pandas index
//! that is a range remains that of the rows.
//!
//! Every strategy amounts to assigning a partition to each row (`assign`); those that look at values do so first
//! (`keys`; in a text while its rows are found). Then the rows are sent there, in their original order. Anything between rows (blank lines) is then left
//! out. docs/splitting.md describes each strategy, which types survive, and how much memory is needed.

mod assign;
#[cfg(feature = "columnar")]
mod columnar;
mod contiguous;
mod draft;
mod error;
mod format;
#[doc(hidden)]
pub mod fuzzing;
mod gzip;
mod half;
mod json_value;
mod keys;
mod known;
mod message;
mod names;
mod npy;
mod open;
mod order;
mod parallel;
mod produce;
mod publish;
mod recent;
mod request;
mod rows;
mod run;
mod scatter;
mod sha;
mod source;
mod strategy;
#[cfg(test)]
mod tests;
mod text;
mod text_fields;
mod text_keys;
mod text_parts;
mod time;
mod value;
mod zst;

pub use crate::digest::Digest;
pub use crate::size::{By, Size};
pub use crate::stamp::{Line, Stamp, Subject};
#[cfg(feature = "columnar")]
pub(crate) use columnar::{Most, beginning};
pub use error::{Flaw, Position, SplitError};
pub use format::{Compression, Dialect, Format, Kind};
pub use names::Pattern;
pub(crate) use open::{digest_unpacked, unlike_csv};
pub use request::{Each, Layout, MEMORY, Partition, Progress, Request};
pub use rows::{SizeMismatch, partition_rows};
pub(crate) use run::is_same_file;
pub use run::{Whole, digest_of, format_of, run, run_by_value};
pub use source::Input;
