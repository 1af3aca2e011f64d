//! A set of small numbers, one bit each. Knows nothing of nodes.

/// The set.
#[derive(Clone, Debug)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// The empty set of numbers below `length`.
    pub(super) fn new(length: usize) -> Self {
        Self { words: vec![0; length.div_ceil(64)] }
    }

    pub(super) fn insert(&mut self, number: u32) {
        self.words[number as usize / 64] |= 1 << (number % 64);
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        self.words[number as usize / 64] >> (number % 64) & 1 == 1
    }
}
