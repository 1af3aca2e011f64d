//! Cuts a file into partitions and stamps each. Knows nothing of pipelines: where a partition lies
//! and what its key is called, the caller says.
//!
//! A text file is gone through twice, in parallel and in constant memory. First its rows are found and
//! checked (`text`); then each partition is hashed and, if its hash has changed, written
//! (`produce`). No row is altered: the partitions' rows one after the other are the source's bytes.
//! If most of the file is what an earlier split saw, it is gone through once (`known`).
//!
//! # What a partition's digest covers
//!
//! For text formats and `.npy` it is the SHA-256 of the partition's file (before compression), so that
//! `sha256sum p1.csv` confirms the stamp: the header and the rows, and nothing else.
//!
//! # Text formats, where their standards leave room
//!
//! - CSV and TSV follow RFC 4180. The first row that is not blank is the header; it is repeated in each
//!   partition with everything before it (a byte order mark, blank lines, a line `sep=;`, lines that are skipped).
//!   A blank line is no row (as in pandas and pyarrow), but where there is one column: there its value is missing.
//!   It stays behind the row that it follows. A quote inside an unquoted field is
//!   data. A row with another number of fields than the header, text behind a closing quote, a NUL, and
//!   a carriage return that no line feed follows (outside quotes) are errors. Bytes need not be UTF-8.
//! - In JSON Lines every line that is not white space is a row and must be one JSON value in UTF-8.
//! - In plain text every line is a row, also an empty one; a last line needs no line feed.
//! - The elements of a JSON array are rows. A partition is `[e1,e2]`: the bytes of the elements are the
//!   source's, those between them are not.
//!
//! # Other formats, and other strategies than contiguous rows
//!
//! A partition of an `.npy` file has the dtype and the order of its source and a canonical header. Parquet is
//! copied below its schema, Arrow batch by batch; their digest is one of values (`columnar`), and an index of
//! pandas that is a range stays that of the rows.
//!
//! Every strategy comes down to the partition of each row (`assign`), which those that look at values find
//! first (`keys`); then the rows are sent there, and keep their order. What stands between rows (blank lines) is
//! then left out. docs/splitting.md says what each strategy does, which types survive, and what memory it takes.

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
mod json_value;
mod keys;
mod known;
mod message;
mod npy;
mod open;
mod order;
mod parallel;
mod produce;
mod publish;
mod request;
mod rows;
mod run;
mod scatter;
mod sha;
mod source;
#[cfg(test)]
mod tests;
mod text;
mod text_keys;
mod text_parts;
mod time;
mod value;

pub use crate::digest::Digest;
pub use crate::size::{By, Size};
pub use crate::stamp::{Line, Stamp, Subject};
pub use error::{Flaw, Position, SplitError};
pub use format::{Compression, Dialect, Format, Kind};
pub use request::{Each, Layout, MEMORY, Partition, Progress, Request};
pub use rows::{SizeMismatch, partition_rows};
pub(crate) use run::is_same_file;
pub use run::{Whole, digest_of, format_of, run};
pub use source::Input;
