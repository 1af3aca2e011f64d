//! SHA-256 of two streams at once. The rounds of one stream have to wait for each other; interleaving the blocks of a
//! second one uses that time, which makes a core about 1.5 times as fast.

use sha2::block_api::compress256;

use crate::digest::Digest;

const BLOCK: usize = 64;

/// FIPS 180-4, section 5.3.3.
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A digest being computed. Equivalent to [`crate::digest::Hasher`], but can be fed in pairs.
#[derive(Clone)]
pub(super) struct Sha {
    state: [u32; 8],
    pending: [u8; BLOCK],
    /// Bytes so far; the last `len % 64` of them are pending.
    len: u64,
}

impl Sha {
    pub(super) fn new() -> Self {
        Self { state: START, pending: [0; BLOCK], len: 0 }
    }

    /// Adds `bytes`.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        let (blocks, rest) = self.align(bytes).as_chunks::<BLOCK>();
        compress256(&mut self.state, blocks);
        self.len += (blocks.len() * BLOCK) as u64;
        self.keep(rest);
    }

    /// Adds each of the two pieces to its digest.
    pub(super) fn update_pair((a, left): (&mut Self, &[u8]), (b, right): (&mut Self, &[u8])) {
        let (left, right) = (a.align(left), b.align(right));
        let (left_blocks, right_blocks) = (left.as_chunks::<BLOCK>().0, right.as_chunks::<BLOCK>().0);
        let both = left_blocks.len().min(right_blocks.len());
        for (x, y) in left_blocks.iter().zip(right_blocks) {
            compress256(&mut a.state, std::slice::from_ref(x));
            compress256(&mut b.state, std::slice::from_ref(y));
        }
        a.len += (both * BLOCK) as u64;
        b.len += (both * BLOCK) as u64;
        a.update(&left[both * BLOCK..]);
        b.update(&right[both * BLOCK..]);
    }

    /// The digest of everything added.
    pub(super) fn finish(self) -> Digest {
        let hex: String = self.words().iter().map(|word| format!("{word:08x}")).collect();
        hex.parse().expect("eight words are 64 digits")
    }

    fn words(mut self) -> [u32; 8] {
        let (bits, filled) = (self.len * 8, self.len as usize % BLOCK);
        let mut padding = [0; 2 * BLOCK];
        padding[0] = 0x80;
        // To the end of this block, or of the next if the length does not fit into this one.
        let end = if filled < BLOCK - 8 { BLOCK - filled } else { 2 * BLOCK - filled };
        padding[end - 8..end].copy_from_slice(&bits.to_be_bytes());
        self.update(&padding[..end]);
        self.state
    }

    /// Completes the pending block, if there is one; returns the rest of `bytes`.
    fn align<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let filled = self.len as usize % BLOCK;
        if filled == 0 {
            return bytes;
        }
        let (head, rest) = bytes.split_at(bytes.len().min(BLOCK - filled));
        self.keep(head);
        if self.len.is_multiple_of(BLOCK as u64) && !head.is_empty() {
            compress256(&mut self.state, std::slice::from_ref(&self.pending));
        }
        rest
    }

    fn keep(&mut self, bytes: &[u8]) {
        let filled = self.len as usize % BLOCK;
        self.pending[filled..filled + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len() as u64;
    }
}

/// The digest of a few bytes, as words. Most messages fit into one block with their padding and are padded here: for so
/// little data, the general code costs as much again as the rounds.
#[inline]
pub(super) fn of_short(message: &[u8]) -> [u32; 8] {
    let blocks = (message.len() + 9).div_ceil(BLOCK);
    if blocks > 2 {
        let mut sha = Sha::new();
        sha.update(message);
        return sha.words();
    }
    let (mut padded, mut state) = ([[0; BLOCK]; 2], START);
    let bytes = padded.as_flattened_mut();
    bytes[..message.len()].copy_from_slice(message);
    bytes[message.len()] = 0x80;
    bytes[blocks * BLOCK - 8..blocks * BLOCK].copy_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    compress256(&mut state, &padded[..blocks]);
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_and_pairs_change_nothing(
            pieces in prop::collection::vec((0usize..300, 0usize..300), 0..12),
        ) {
            let (mut a, mut b) = (Sha::new(), Sha::new());
            let (mut left, mut right) = (Vec::new(), Vec::new());
            for (x, y) in pieces {
                let (x, y) = (vec![x as u8; x], vec![y as u8 ^ 0x5A; y]);
                Sha::update_pair((&mut a, &x), (&mut b, &y));
                left.extend(x);
                right.extend(y);
            }
            prop_assert_eq!(a.finish(), Digest::of(&left));
            prop_assert_eq!(b.finish(), Digest::of(&right));
        }
    }
    #[test]
    fn short_messages_have_the_same_digest() {
        for length in 0..200 {
            let message = vec![length as u8; length];
            let hex: String = of_short(&message).iter().map(|word| format!("{word:08x}")).collect();
            assert_eq!(hex, Digest::of(&message).to_string());
        }
    }
}
