//! The partition of each row, by its number. Strategies that look at values have done so beforehand and recorded a
//! number for each row. Knows nothing of formats.

use std::ops::Range;

/// The partition of every row.
pub(super) enum Assignment {
    /// Contiguous rows: the number of the first row of each partition except the first, ascending.
    Cuts(Vec<u64>),
    /// The partitions take turns.
    Turns(u64),
    /// A seeded permutation: a row's rank is that of its number's mix.
    Shuffled {
        /// The seed for the mixes.
        seed: u64,
        /// The smallest mix of each partition except the first, ascending.
        cuts: Vec<u64>,
    },
    /// One for each row.
    Listed(Listed),
}

/// A partition for each row, in as few bytes as the number of partitions allows.
pub(super) enum Listed {
    /// Up to 256 partitions.
    Bytes(Vec<u8>),
    /// Up to 65,536.
    Shorts(Vec<u16>),
    /// More.
    Words(Vec<u32>),
}

impl Listed {
    /// No rows yet, with this many partitions.
    pub(super) fn new(partitions: u64) -> Self {
        match partitions {
            0..=0x100 => Self::Bytes(Vec::new()),
            0x101..=0x1_0000 => Self::Shorts(Vec::new()),
            _ => Self::Words(Vec::new()),
        }
    }

    /// Adds the next row.
    pub(super) fn push(&mut self, partition: usize) {
        match self {
            Self::Bytes(list) => list.push(partition as u8),
            Self::Shorts(list) => list.push(partition as u16),
            Self::Words(list) => list.push(partition as u32),
        }
    }

    /// Adds the next rows.
    pub(super) fn extend(&mut self, partitions: impl Iterator<Item = u32>) {
        match self {
            Self::Bytes(list) => list.extend(partitions.map(|partition| partition as u8)),
            Self::Shorts(list) => list.extend(partitions.map(|partition| partition as u16)),
            Self::Words(list) => list.extend(partitions),
        }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bytes(list) => list.len(),
            Self::Shorts(list) => list.len(),
            Self::Words(list) => list.len(),
        }
    }

    fn get(&self, row: usize) -> usize {
        match self {
            Self::Bytes(list) => list[row].into(),
            Self::Shorts(list) => list[row].into(),
            Self::Words(list) => list[row] as usize,
        }
    }
}

impl Assignment {
    /// The partition (from 0) of the row `number` (from 0).
    #[inline]
    pub(super) fn partition(&self, number: u64) -> usize {
        match self {
            Self::Cuts(cuts) => cuts.partition_point(|cut| *cut <= number),
            Self::Turns(partitions) => (number % partitions) as usize,
            Self::Shuffled { seed, cuts } => {
                let mixed = mix(*seed, number);
                cuts.partition_point(|cut| *cut <= mixed)
            }
            Self::Listed(list) => list.get(number as usize),
        }
    }

    /// The partitions of the rows `numbers`.
    pub(super) fn route(&self, numbers: Range<u64>, route: &mut Vec<u32>) {
        let rows = numbers.start as usize..numbers.end as usize;
        match self {
            Self::Listed(Listed::Bytes(list)) => route.extend(list[rows].iter().map(|one| u32::from(*one))),
            Self::Listed(Listed::Shorts(list)) => route.extend(list[rows].iter().map(|one| u32::from(*one))),
            Self::Listed(Listed::Words(list)) => route.extend(&list[rows]),
            _ => route.extend(numbers.map(|number| self.partition(number) as u32)),
        }
    }

    /// The distance between a partition's rows, if it is constant.
    #[cfg(feature = "columnar")]
    pub(super) fn stride(&self) -> Option<u64> {
        if let Self::Turns(partitions) = self { Some(*partitions) } else { None }
    }

    /// How many of `rows` rows each of `of` partitions gets.
    pub(super) fn counts(&self, rows: u64, of: u64) -> Vec<u64> {
        let mut counts = vec![0; of as usize];
        (0..rows).for_each(|row| counts[self.partition(row)] += 1);
        counts
    }

    /// A seeded permutation that gives each partition as many rows as `counts` says.
    pub(super) fn shuffled(seed: u64, counts: &[u64]) -> Self {
        let rows: u64 = counts.iter().sum();
        let mut mixes: Vec<u64> = (0..rows).map(|row| mix(seed, row)).collect();
        mixes.sort_unstable();
        let ends = counts.iter().scan(0, |end, count| {
            *end += count;
            Some(*end)
        });
        // A partition that begins after the last row is empty.
        let cut = |end: u64| mixes.get(end as usize).copied().unwrap_or(u64::MAX);
        Self::Shuffled { seed, cuts: ends.take(counts.len().saturating_sub(1)).map(cut).collect() }
    }
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): a
/// bijection.
pub(super) fn scramble(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The increment of SplitMix64.
pub(super) const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Element `number` of the sequence of `seed`. No two elements of a sequence are equal, and neighbouring seeds have
/// unrelated sequences.
pub(super) fn mix(seed: u64, number: u64) -> u64 {
    scramble(scramble(seed.wrapping_add(STEP)).wrapping_add(number.wrapping_add(1).wrapping_mul(STEP)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_is_the_same_on_every_machine() {
        let assignment = Assignment::shuffled(7, &[4, 3, 3]);
        let partitions: Vec<usize> = (0..10).map(|row| assignment.partition(row)).collect();
        assert_eq!(assignment.counts(10, 3), [4, 3, 3]);
        assert_eq!(partitions, VECTOR);
        let other = Assignment::shuffled(8, &[4, 3, 3]);
        assert_ne!(partitions, (0..10).map(|row| other.partition(row)).collect::<Vec<_>>());
    }

    /// Computed with the Python code in docs/splitting.md.
    const VECTOR: [usize; 10] = [1, 1, 0, 1, 0, 0, 2, 2, 2, 0];

    #[test]
    fn partitions_without_rows_get_none() {
        assert_eq!(Assignment::shuffled(1, &[1, 1, 0, 0]).counts(2, 4), [1, 1, 0, 0]);
        assert_eq!(Assignment::shuffled(1, &[0, 0]).counts(0, 2), [0, 0]);
        assert_eq!(Assignment::shuffled(1, &[0, 2, 0, 1]).counts(3, 4), [0, 2, 0, 1]);
    }
}
