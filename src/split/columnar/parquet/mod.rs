//! Parquet files. Their rows are copied as Parquet itself stores them: levels and physical values, column by column,
//! below the schema of the source. So every type survives, even one that no reader here knows.

mod categories;
mod codec;
mod compact;
mod contiguous;
mod digest;
mod file;
mod keys;
mod pages;
mod scattered;
mod shape;
mod strip;
mod weights;
mod write;

pub(super) use contiguous::Contiguous;
pub(super) use file::ParquetFile;
pub(super) use keys::{KeyColumns, ParquetKeys};
pub(super) use scattered::Scattered;
