//! Keys that come again: what has been made of them is at hand.

use super::assign::STEP;

/// How many sets of keys there are: a table takes a megabyte.
const SETS: usize = 1 << 14;

/// The keys that a thread has seen last, and what has been made of them.
pub(super) struct Recent<T> {
    sets: Vec<Set<T>>,
}

/// The last two keys for which there is the same place.
#[derive(Clone, Default)]
#[repr(align(64))]
struct Set<T> {
    /// As [`short`] has them; 0 if there is none.
    texts: [u128; 2],
    made: [T; 2],
}

/// A text of up to 15 bytes as a number that no other such text has, and that is not 0: its bytes, and behind them a 1;
/// 0 for a longer text. `bytes` are those of the text and what follows.
#[inline]
pub(super) fn short(bytes: [u8; 16], length: usize) -> u128 {
    MARKS.get(length).map_or(0, |mark| u128::from_le_bytes(bytes) & (mark - 1) | mark)
}

/// What stands behind a text of each length.
const MARKS: [u128; 16] = {
    let mut marks = [1; 16];
    let mut length = 1;
    while length < marks.len() {
        marks[length] = marks[length - 1] << 8;
        length += 1;
    }
    marks
};

impl<T: Clone + Default> Default for Recent<T> {
    fn default() -> Self {
        Self { sets: vec![Set::default(); SETS] }
    }
}

impl<T: Copy> Recent<T> {
    /// What has been made of the key `text`, which is [`short`]; `make` does it if it is not at hand.
    #[inline]
    pub(super) fn get(&mut self, text: u128, make: impl FnOnce() -> T) -> T {
        let folded = (text as u64 ^ (text >> 64) as u64).wrapping_mul(STEP);
        let set = &mut self.sets[(folded >> (64 - SETS.ilog2())) as usize];
        // Which of the two it is cannot be guessed, so nothing branches on that.
        let way = usize::from(set.texts[1] == text);
        if set.texts[way] != text {
            set.texts = [text, set.texts[0]];
            set.made = [make(), set.made[0]];
            return set.made[0];
        }
        set.made[way]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_never_mistaken_and_a_few_stay_at_hand() {
        let mut recent = Recent::default();
        for i in 0..200_000u32 {
            let text = u128::from(i.wrapping_mul(i) % 60_007) | 1 << 100;
            assert_eq!(recent.get(text, || text * 3), text * 3);
        }
        let few = [1 << 8 | 7, 1 << 8 | 8];
        assert_eq!(few.map(|text| recent.get(text, || text)), few);
        assert_eq!(few.map(|text| recent.get(text, || unreachable!())), few);
    }

    #[test]
    fn short_texts_differ() {
        let number = |text: &[u8]| {
            let mut bytes = [b'x'; 16];
            bytes[..text.len()].copy_from_slice(text);
            short(bytes, text.len())
        };
        assert_eq!(number(b""), 1);
        assert_ne!(number(b"\0"), number(b"\0\0"));
        assert_ne!(number(b"\x01"), number(b""));
        assert_eq!((number(&[b'y'; 15]) >> 120, number(&[b'y'; 16])), (1, 0));
    }
}
