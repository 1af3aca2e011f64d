//! Text formats: where the rows of a file are. An [`Index`] knows how many rows there are and finds each again from the
//! nearest checkpoint, one per chunk, so that its memory does not grow with the number of rows. Knows nothing of
//! partitions, hashes or output.

pub(super) mod csv;
mod csv_index;
mod file;
mod index;
pub(super) mod json;
mod json_array;
pub(super) mod json_line;
mod json_lines;
mod lines;
pub(super) mod mask;

pub(super) use file::Text;
pub(super) use index::{Index, Pace, Replay, Rows, Span};
