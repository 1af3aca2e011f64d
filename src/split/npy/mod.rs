//! NumPy's `.npy` files: the rows are the elements along the first axis. Every partition is an `.npy` file with a
//! canonical header, so that its digest is that of its bytes. In C order, a partition is one range of the file; in
//! Fortran order, one range of each column.

mod header;
mod literal;
mod parts;
mod values;

pub(super) use header::survive;
pub(super) use parts::{ArrayKeys, Contiguous, Scattered, open, rows_by_bytes};
