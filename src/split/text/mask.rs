//! Compares 64 bytes at a time with a given byte, with a bit mask as the result. The only place that uses SIMD (the
//! target's baseline: SSE2, NEON), through a crate that keeps it safe.

use wide::u8x64;

/// Bytes in a block.
pub(in crate::split) const BLOCK: usize = 64;

/// A block of bytes in vector registers.
#[derive(Clone, Copy)]
pub(in crate::split) struct Block(u8x64);

impl Block {
    #[inline]
    pub(in crate::split) fn new(bytes: &[u8; BLOCK]) -> Self {
        Self(u8x64::from(*bytes))
    }

    /// Bit `i` is set where byte `i` is `byte`.
    #[inline]
    pub(in crate::split) fn equal(self, byte: u8) -> u64 {
        self.0.simd_eq(u8x64::splat(byte)).to_bitmask()
    }

    /// Whether any byte is one of the two.
    #[inline]
    pub(in crate::split) fn has_either(self, one: u8, other: u8) -> bool {
        (self.0.simd_eq(u8x64::splat(one)) | self.0.simd_eq(u8x64::splat(other))).any()
    }
}

/// Bit `i` is the parity of the bits up to and including `i`: with the quotes of a block as `bits`, this marks the
/// bytes from an opening quote to the one before its closing quote.
#[inline]
pub(in crate::split) fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn masks_say_where(bytes in prop::array::uniform32(0u8..4)) {
            let mut block = [7; BLOCK];
            block[20..52].copy_from_slice(&bytes);
            let mask = Block::new(&block).equal(2);
            let parity = prefix_xor(mask);
            let mut odd = false;
            for (i, byte) in block.iter().enumerate() {
                odd ^= *byte == 2;
                prop_assert_eq!(mask >> i & 1 == 1, *byte == 2);
                prop_assert_eq!(parity >> i & 1 == 1, odd);
            }
        }
    }
}
