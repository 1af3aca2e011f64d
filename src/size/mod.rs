//! How a split divides rows: [`Size`] (how many rows each partition gets) and [`By`] (which ones), as values and as one
//! text (`60%,20%,rest`), for the project file and the command line alike. Knows nothing of YAML, processes or data.

mod by;
mod error;
mod parts;
mod text;

pub use by::By;
pub(crate) use error::SizeError;
pub use parts::Size;
pub(crate) use parts::{Entry, MOST_PARTITIONS, Share, WHOLE};

#[cfg(test)]
mod tests;
