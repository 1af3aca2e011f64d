//! Partitions of a text file that are contiguous rows: the header, and a range of what follows it.

use std::ops::Range;

use super::produce::{Piece, Product, Ranges};
use super::request::Request;

/// The longest header that is kept in memory.
pub(super) const HEADER: u64 = 16 << 20;

/// The length of a partition's file, if that is meaningful.
pub(super) fn length(request: &Request) -> impl Fn(&Product) -> Option<u64> {
    let plain = request.compress.is_none();
    move |made| plain.then_some(made.bytes)
}

/// Contiguous rows: a partition is the header and a range of the body.
pub(super) struct Contiguous {
    pub(super) header: Range<u64>,
    pub(super) rows: Vec<u64>,
    /// Where each begins, and finally where the last one ends.
    pub(super) offsets: Vec<u64>,
}

impl Ranges for Contiguous {
    fn rows(&self, i: usize) -> u64 {
        self.rows[i]
    }

    fn pieces(&self, i: usize) -> Box<dyn Iterator<Item = Piece> + '_> {
        let body = self.offsets[i]..self.offsets[i + 1];
        Box::new([self.header.clone(), body].into_iter().map(Piece::Range))
    }
}
