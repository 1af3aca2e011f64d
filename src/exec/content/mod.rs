//! What files are: their digests, trusted by their stat, and what a digest covers, for explanations.

pub(super) mod inventory;
pub(super) mod lines;
pub(super) mod tree;
pub(super) mod trust;
