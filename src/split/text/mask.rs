//! Compares 64 bytes at a time with a given byte, with a bit mask as the result. The only place that uses SIMD (the
//! target's baseline: SSE2, NEON), through a crate that keeps it safe; it is long to compile, so that a program without
//! the feature `simd` compares eight bytes at a time.

#[cfg(feature = "simd")]
pub(in crate::split) use vectors::Block;
#[cfg(not(feature = "simd"))]
pub(in crate::split) use words::Block;

/// Bytes in a block.
pub(in crate::split) const BLOCK: usize = 64;

#[cfg(feature = "simd")]
mod vectors {
    use super::BLOCK;
    use wide::u8x64;

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
}

#[cfg(any(test, not(feature = "simd")))]
mod words {
    use super::BLOCK;

    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const LOW: u64 = ONES * 0x7F;
    /// Brings the lowest bit of byte `i` to bit `56 + i`.
    const GATHER: u64 = 0x0102_0408_1020_4080;

    /// A block of bytes in words, the first byte lowest.
    #[derive(Clone, Copy)]
    pub(in crate::split) struct Block([u64; 8]);

    impl Block {
        pub(in crate::split) fn new(bytes: &[u8; BLOCK]) -> Self {
            let (words, _) = bytes.as_chunks();
            Self(std::array::from_fn(|i| u64::from_le_bytes(words[i])))
        }

        /// Bit `i` is set where byte `i` is `byte`.
        pub(in crate::split) fn equal(self, byte: u8) -> u64 {
            let wanted = ONES * u64::from(byte);
            self.0.iter().rev().fold(0, |mask, word| mask << 8 | zeros(word ^ wanted))
        }

        /// Whether any byte is one of the two.
        pub(in crate::split) fn has_either(self, one: u8, other: u8) -> bool {
            self.equal(one) | self.equal(other) != 0
        }
    }

    /// Bit `i` is set where byte `i` is 0.
    fn zeros(word: u64) -> u64 {
        let not_zero = (((word & LOW) + LOW) | word) >> 7 & ONES;
        (not_zero ^ ONES).wrapping_mul(GATHER) >> 56
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
        fn masks_say_where(bytes in prop::array::uniform32(0u8..4), any in prop::array::uniform32(any::<u8>())) {
            let mut block = [7; BLOCK];
            block[4..36].copy_from_slice(&bytes);
            block[32..].copy_from_slice(&any);
            for byte in [0, 2, 7, 128, 255] {
                let mask = Block::new(&block).equal(byte);
                prop_assert_eq!(words::Block::new(&block).equal(byte), mask);
                let parity = prefix_xor(mask);
                let mut odd = false;
                for (i, found) in block.iter().enumerate() {
                    odd ^= *found == byte;
                    prop_assert_eq!(mask >> i & 1 == 1, *found == byte);
                    prop_assert_eq!(parity >> i & 1 == 1, odd);
                }
                let either = block.contains(&byte) || block.contains(&3);
                prop_assert_eq!(Block::new(&block).has_either(byte, 3), either);
                prop_assert_eq!(words::Block::new(&block).has_either(byte, 3), either);
            }
        }
    }
}
