//! Arrow IPC files and streams, and Parquet: formats in which the values of a table are kept, not its bytes. A
//! partition has the format, the compression and the schema of its source.
//!
//! The digest of a partition is that of its values ([`digest`]), so that a different writer, batch size, compression or
//! padding makes no difference. One batch per thread is in memory.

mod beginning;
mod blocks;
mod cut;
mod digest;
mod guard;
mod ipc;
mod kinds;
mod large;
mod pandas;
mod parquet;
mod parts;
mod rounds;
mod table;
mod values;
mod walk;

pub(crate) use beginning::{Most, beginning};
pub(super) use parts::{produce, with_keys};
