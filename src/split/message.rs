//! The stable hash used by `--by hash`: the same on every machine, in every format with the same values, and computable
//! in a few lines of any language.
//!
//! Let `N(x)` be the length of `x` in bytes, in decimal, a colon, and `x`. `hash:a,b` hashes
//! `N(text of a) N(text of b)`; `hash` hashes `N(name) N(text)` for every field whose text is not empty, sorted by
//! name; a row without named fields (a line, a number) is `N(text)`. The partition (from 0) is the first eight bytes of
//! the SHA-256 of that, as a big-endian number, modulo the number of partitions.

use super::sha;
use super::value::{Spelling, spell};

/// The bytes of a row to hash, being assembled.
#[derive(Default)]
pub(super) struct Message {
    bytes: Vec<u8>,
    /// The digits of the number being added, if they differ from the source.
    digits: Vec<u8>,
}

impl Message {
    /// Removes the row, but keeps the memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// What has been added.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds `N(text)`.
    pub(super) fn add(&mut self, text: &[u8]) {
        let mut digits = [0; 20];
        let (mut at, mut length) = (digits.len(), text.len());
        loop {
            at -= 1;
            digits[at] = b'0' + (length % 10) as u8;
            length /= 10;
            if length == 0 {
                break;
            }
        }
        self.bytes.extend_from_slice(&digits[at..]);
        self.bytes.push(b':');
        self.bytes.extend_from_slice(text);
    }

    /// Adds `N(text)` of the text of `value`, or the text alone if `plain`.
    pub(super) fn add_value(&mut self, value: &[u8], plain: bool) {
        let mut digits = std::mem::take(&mut self.digits);
        let text = match spell(value, &mut digits) {
            Spelling::Kept(text) => text,
            Spelling::New => &digits,
        };
        if plain {
            self.add_plain(text)
        } else {
            self.add(text)
        }
        self.digits = digits;
    }

    /// Adds a text alone.
    pub(super) fn add_plain(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
    }

    /// Adds all fields of a row: names and texts.
    pub(super) fn add_row(&mut self, fields: &mut Vec<(impl AsRef<[u8]> + Ord, Vec<u8>)>) {
        fields.retain(|(_, text)| !text.is_empty());
        fields.sort();
        for (name, text) in fields {
            self.add(name.as_ref());
            self.add(text);
        }
    }
}

/// The first 16 bytes of the hash of a row's message.
pub(super) fn identity(message: &[u8]) -> u128 {
    sha::of_short(message).iter().take(4).fold(0, |number, word| number << 32 | u128::from(*word))
}

/// The partition, from 0, of the row whose message has this [`identity`].
pub(super) fn partition(identity: u128, of: u64) -> u32 {
    ((identity >> 64) as u64 % of) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python: `int.from_bytes(sha256(b"5:alice").digest()[:8], "big") % 1000`.
    #[test]
    fn the_published_vectors() {
        let partition = |texts: &[&str]| {
            let mut message = Message::default();
            texts.iter().for_each(|text| message.add(text.as_bytes()));
            super::partition(super::identity(message.bytes()), 1000)
        };
        assert_eq!(partition(&["alice"]), VECTORS[0]);
        assert_eq!(partition(&["alice", "7"]), VECTORS[1]);
        assert_eq!(partition(&[""]), VECTORS[2]);
    }

    const VECTORS: [u32; 3] = [727, 80, 820];
}
