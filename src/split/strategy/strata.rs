//! `stratify`: every partition gets its share of each key.

use super::dealer::{Dealer, Remembered};
use crate::size::Size;
use crate::split::rows::weights;

/// Strata: the partitions take turns with the rows of each key.
pub(super) struct Strata {
    turns: Turns,
    /// The next turn of each key, of those after which they begin again.
    known: Remembered<u32>,
}

/// A sequence of partitions in which every prefix has the right shares.
enum Turns {
    Equal(u64),
    Listed(Vec<u32>),
}

impl Strata {
    pub(super) fn new(size: &Size) -> Self {
        let turns = match size {
            Size::Equal(count) => Turns::Equal(*count),
            _ => Turns::Listed(turns(&weights(size))),
        };
        Self { turns, known: Remembered::default() }
    }
}

impl Dealer for Strata {
    fn deal(&mut self, key: u128) -> usize {
        // Each key begins one turn later than the previous one, so that not all small strata begin with the first
        // partition.
        let turns = match &self.turns {
            Turns::Equal(count) => *count,
            Turns::Listed(list) => list.len() as u64,
        };
        let first = self.known.len() as u64 % turns;
        let turn = self.known.entry(key, first as u32);
        let now = *turn as usize;
        *turn = ((u64::from(*turn) + 1) % turns) as u32;
        match &self.turns {
            Turns::Equal(_) => now,
            Turns::Listed(list) => list[now] as usize,
        }
    }

    fn known(&self) -> usize {
        self.known.len()
    }
}

/// The quota method (Balinski and Young, "The Quota Method of Apportionment", 1975): after each turn, every partition
/// has its share of the turns so far, rounded down or up.
fn turns(weights: &[u64]) -> Vec<u32> {
    let total: u64 = weights.iter().sum();
    let common = weights.iter().fold(total, |one, other| gcd(one, *other));
    let period = total / common.max(1);
    let mut given = vec![0u64; weights.len()];
    let mut list = Vec::with_capacity(period as usize);
    for turn in 1..=period {
        let may = |i: &usize| given[*i] * total < weights[*i] * turn;
        let more = |i: usize, other: usize| weights[i] * (given[other] + 1) > weights[other] * (given[i] + 1);
        let next = (0..weights.len()).filter(may).reduce(|best, i| if more(i, best) { i } else { best });
        let next = next.unwrap_or(0);
        given[next] += 1;
        list.push(next as u32);
    }
    list
}

fn gcd(mut one: u64, mut other: u64) -> u64 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_of_the_turns_has_the_shares() {
        for size in
            ["60%,20%,rest", "80%,10%,10%", "33.3%,33.3%,rest", "99.9%,rest", "50%,50%,rest", "7%,rest,1%"]
        {
            let weights = weights(&size.parse().unwrap());
            let (total, list) = (weights.iter().sum::<u64>(), turns(&weights));
            let mut given = vec![0; weights.len()];
            for (turn, next) in list.iter().enumerate() {
                given[*next as usize] += 1;
                for (given, weight) in given.iter().zip(&weights) {
                    let share = weight * (turn as u64 + 1);
                    assert!((share / total..=share.div_ceil(total)).contains(given), "{size}");
                }
            }
            assert!(given.iter().zip(&weights).all(|(g, w)| g * total == w * list.len() as u64), "{size}");
        }
    }
}
