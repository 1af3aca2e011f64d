//! Strategies that decide row by row, in order, and remember each key.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::split::assign::Listed;
use crate::split::error::SplitError;
use crate::split::keys::Keys;
use crate::split::request::Request;

/// Decides row by row, in order, so that later rows never change what happens to earlier ones.
pub(super) trait Dealer {
    /// The partition of the next row, given the hash of its key.
    fn deal(&mut self, key: u128) -> usize;

    /// How many keys are held in memory.
    fn known(&self) -> usize;
}

/// How many bytes a key takes in memory at most, in a table that has just grown to twice its size.
const KEY: u64 = 48;

pub(super) fn listed(
    request: &Request,
    keys: &dyn Keys,
    mut dealer: impl Dealer,
) -> Result<Listed, SplitError> {
    let mut list = Listed::new(request.size.partitions());
    // The other half is for what is read.
    let most = (request.memory() / 2 / KEY) as usize;
    keys.all((request.memory(), request.threads()), &mut |found| {
        list.extend(found.into_iter().map(|key| dealer.deal(key) as u32));
        if dealer.known() > most {
            let message = format!(
                "more than {most} different keys do not fit into half of the memory that is allowed ({} MB)",
                request.memory() / 1_000_000
            );
            return Err(SplitError::usage(message, "allow more with `--memory`, or use `hash:COLUMN`"));
        }
        Ok(())
    })?;
    Ok(list)
}

/// What is held in memory for each key. Of its tables one grows at a time, so that not all keys are there twice then.
pub(super) struct Remembered<T> {
    tables: Vec<HashMap<Key, T, BuildHasherDefault<First>>>,
    len: usize,
}

/// How many bits of a key tell its table.
const TABLES: u32 = 6;

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self { tables: (0..1 << TABLES).map(|_| HashMap::default()).collect(), len: 0 }
    }
}

impl<T> Remembered<T> {
    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// What is known of a key.
    pub(super) fn get(&self, key: u128) -> Option<&T> {
        self.tables[table(key)].get(&Key::of(key))
    }

    /// What is known of a key, which is `first` if it is new.
    pub(super) fn entry(&mut self, key: u128, first: T) -> &mut T {
        match self.tables[table(key)].entry(Key::of(key)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                self.len += 1;
                new.insert(first)
            }
        }
    }
}

fn table(key: u128) -> usize {
    (key >> (u128::BITS - TABLES)) as usize
}

/// A key without the space in which 16 bytes are aligned to 16.
#[derive(PartialEq, Eq)]
struct Key([u32; 4]);

impl Key {
    fn of(key: u128) -> Self {
        Self([key as u32, (key >> 32) as u32, (key >> 64) as u32, (key >> 96) as u32])
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.0[1]) << 32 | u64::from(self.0[0]));
    }
}

/// Uses the first bytes of what is a hash already.
#[derive(Default)]
struct First(u64);

impl Hasher for First {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::assign::mix;

    #[test]
    fn what_is_known_of_a_key_stays_and_takes_what_is_reckoned() {
        let key = |i: u64| u128::from(mix(1, i)) << 64 | u128::from(mix(2, i));
        let mut known = Remembered::<u32>::default();
        for i in (0..40_000).chain(0..100) {
            assert_eq!(*known.entry(key(i), i as u32), i as u32);
        }
        assert_eq!((known.len(), known.get(key(7)), known.get(key(40_000))), (40_000, Some(&7), None));
        assert!((size_of::<(Key, u32)>() as u64 + 1) * 16 / 7 <= KEY);
    }
}
