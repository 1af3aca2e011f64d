//! SHA-256 of two streams at once. One stream waits for its own rounds; a second one, a block of each
//! in turn, fills the waiting time, which makes a core hash about half as much again.

use sha2::block_api::compress256;

use crate::digest::Digest;

const BLOCK: usize = 64;

/// A digest in the making. Equal to [`crate::digest::Hasher`], but can be fed in pairs.
#[derive(Clone)]
pub(super) struct Sha {
    state: [u32; 8],
    pending: [u8; BLOCK],
    /// Bytes so far; the last `len % 64` of them are pending.
    len: u64,
}

impl Sha {
    pub(super) fn new() -> Self {
        // FIPS 180-4, section 5.3.3.
        let state = [
            0x6a09_e667,
            0xbb67_ae85,
            0x3c6e_f372,
            0xa54f_f53a,
            0x510e_527f,
            0x9b05_688c,
            0x1f83_d9ab,
            0x5be0_cd19,
        ];
        Self { state, pending: [0; BLOCK], len: 0 }
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
    pub(super) fn finish(mut self) -> Digest {
        let bits = self.len * 8;
        self.update(&[0x80]);
        while self.len as usize % BLOCK != BLOCK - 8 {
            self.update(&[0]);
        }
        self.update(&bits.to_be_bytes());
        let hex: String = self.state.iter().map(|word| format!("{word:08x}")).collect();
        hex.parse().expect("eight words are 64 digits")
    }

    /// Completes the pending block, if there is one; what is left of `bytes`.
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
}
