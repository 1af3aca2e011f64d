//! `group`: rows with one key stay together.

use super::dealer::{Dealer, Remembered};
use crate::size::Size;
use crate::split::assign::mix;
use crate::split::rows::weights;

/// Groups: the first row of a key decides where all of them go.
pub(super) struct Groups {
    seed: u64,
    weights: Vec<u64>,
    /// The cumulative sums of the weights.
    sums: Vec<u64>,
    known: Remembered<u32>,
    loads: Vec<u64>,
    rows: u64,
}

impl Groups {
    pub(super) fn new(size: &Size, seed: u64) -> Self {
        let weights = weights(size);
        let sums = weights.iter().scan(0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        let (sums, loads) = (sums.collect(), vec![0; weights.len()]);
        Self { seed, weights, sums, known: Remembered::default(), loads, rows: 0 }
    }

    /// The partition of a new key: of the candidates that its hash yields in turn, the first that has at most an eighth
    /// more than its share of the rows so far; if there is none, the partition that has least of its share.
    fn place(&self, key: u128) -> usize {
        const TRIES: u64 = 8;
        let start = (key >> 64) as u64 ^ mix(self.seed, 0);
        let total = self.sums[self.sums.len() - 1];
        for i in 0..TRIES {
            let point = ((u128::from(mix(start, i)) * u128::from(total)) >> 64) as u64;
            let partition = self.sums.partition_point(|sum| *sum <= point);
            let load = u128::from(self.loads[partition]) * u128::from(total) * 8;
            if load <= u128::from(self.rows) * u128::from(self.weights[partition]) * 9 {
                return partition;
            }
        }
        let fill = |i: usize, other: usize| u128::from(self.loads[i]) * u128::from(self.weights[other]);
        let open = (0..self.weights.len()).filter(|i| self.weights[*i] > 0);
        open.reduce(|least, i| if fill(i, least) < fill(least, i) { i } else { least }).unwrap_or(0)
    }
}

impl Dealer for Groups {
    fn deal(&mut self, key: u128) -> usize {
        let partition = match self.known.get(key) {
            Some(partition) => *partition as usize,
            None => {
                let partition = self.place(key);
                self.known.entry(key, partition as u32);
                partition
            }
        };
        self.loads[partition] += 1;
        self.rows += 1;
        partition
    }

    fn known(&self) -> usize {
        self.known.len()
    }
}
