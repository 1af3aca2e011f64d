//! Stores each string once, and identifies it by a number. Knows nothing of what strings mean.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// Marks an empty slot in the table.
const EMPTY: u32 = u32::MAX;

/// The strings, concatenated in one buffer, and a hash table of their numbers.
#[derive(Clone, Debug)]
pub(super) struct Interner {
    text: String,
    /// Where each string ends in `text`.
    ends: Vec<u32>,
    /// Open addressing; the length is a power of two, and at most three quarters are occupied.
    table: Vec<u32>,
}

impl Default for Interner {
    fn default() -> Self {
        Self { text: String::new(), ends: Vec::new(), table: vec![EMPTY; 16] }
    }
}

impl Interner {
    /// The string with the number `id`.
    pub(super) fn get(&self, id: u32) -> &str {
        let id = id as usize;
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        &self.text[start as usize..self.ends[id] as usize]
    }

    /// How many strings there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The number of `string`, if it is known.
    pub(super) fn find(&self, string: &str) -> Option<u32> {
        let id = self.table[self.place(string)];
        (id != EMPTY).then_some(id)
    }

    /// The number of `string`, which is added if it is not known.
    ///
    /// # Panics
    /// If the strings exceed 4 GiB.
    pub(super) fn intern(&mut self, string: &str) -> u32 {
        let place = self.place(string);
        if self.table[place] != EMPTY {
            return self.table[place];
        }
        let id = self.ends.len() as u32;
        self.text.push_str(string);
        self.ends.push(u32::try_from(self.text.len()).expect("a document's strings are under 4 GiB"));
        self.table[place] = id;
        if self.ends.len() * 4 > self.table.len() * 3 {
            self.grow();
        }
        id
    }

    fn place(&self, string: &str) -> usize {
        let mask = self.table.len() - 1;
        let mut place = BuildHasherDefault::<DefaultHasher>::default().hash_one(string) as usize & mask;
        while self.table[place] != EMPTY && self.get(self.table[place]) != string {
            place = (place + 1) & mask;
        }
        place
    }

    fn grow(&mut self) {
        self.table = vec![EMPTY; self.table.len() * 2];
        for id in 0..self.ends.len() as u32 {
            let place = self.place(self.get(id));
            self.table[place] = id;
        }
    }

    /// Bytes of memory taken.
    pub(super) fn memory(&self) -> usize {
        self.text.capacity() + (self.ends.capacity() + self.table.capacity()) * 4
    }

    /// Frees memory that growth has reserved.
    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}
