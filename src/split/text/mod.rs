//! Text formats: where the rows of a file are. An [`Index`] knows how many rows there are and finds each again from the
//! nearest checkpoint, one per chunk, so that its memory does not grow with the number of rows; where each of them is it
//! remembers only in as much memory as it is given. Knows nothing of partitions, hashes or output.

pub(super) mod csv;
mod csv_index;
mod file;
mod found;
mod gather;
mod index;
pub(super) mod json;
mod json_array;
pub(super) mod json_line;
mod json_lines;
mod kept;
mod lines;
pub(super) mod mask;

pub(super) use file::Text;
pub(super) use found::Found;
pub(super) use gather::{Gather, Take};
pub(super) use index::{Index, Pace, Replay, Rows, Span};
