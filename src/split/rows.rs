//! The number of rows of each partition, from a size and the number of all rows. Pure arithmetic.

use std::fmt;

use crate::size::{self, Share, Size};

/// Row counts whose sum is not the number of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeMismatch {
    /// The sum of the counts.
    pub asked: u128,
    /// The number of rows.
    pub rows: u64,
}

impl fmt::Display for SizeMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the sizes sum to {} rows, but there are {}", self.asked, self.rows)
    }
}

impl std::error::Error for SizeMismatch {}

/// How many rows each partition gets.
///
/// - `Equal(n)`: `rows div n` each; the first `rows mod n` partitions one more.
/// - `Counts`: those counts; an error unless they sum to `rows`.
/// - `Shares`: the whole rows in each percentage (rounded down). A `rest` takes all that is left. Without one, the rows
///   left over by rounding go, one each, to the partitions with the largest fractions, the earlier of two equal ones
///   first.
///
/// Percentages are integers in thousandths, so that the result is the same on every machine.
pub fn partition_rows(size: &Size, rows: u64) -> Result<Vec<u64>, SizeMismatch> {
    match size {
        Size::Equal(count) => {
            let count = (*count).max(1);
            Ok((0..count).map(|i| rows / count + u64::from(i < rows % count)).collect())
        }
        Size::Counts(counts) => {
            let asked = counts.iter().map(|count| u128::from(*count)).sum();
            if asked == u128::from(rows) { Ok(counts.clone()) } else { Err(SizeMismatch { asked, rows }) }
        }
        Size::Shares(shares) => shared(shares, rows),
    }
}

/// A whole, in the unit of shares.
const WHOLE: u128 = size::WHOLE as u128;

/// The weight of each partition: 1 for equal ones, the thousandths of a percent for shares, what they leave for a
/// `rest`, and the row counts themselves.
pub(super) fn weights(size: &Size) -> Vec<u64> {
    match size {
        Size::Equal(count) => vec![1; *count as usize],
        Size::Counts(counts) => counts.clone(),
        Size::Shares(shares) => {
            let percent = |share: &Share| if let Share::Percent(percent) = share { *percent } else { 0 };
            let left = size::WHOLE.saturating_sub(shares.iter().map(percent).sum());
            let weight = |share: &Share| if *share == Share::Rest { left } else { percent(share) };
            shares.iter().map(|share| weight(share).into()).collect()
        }
    }
}

fn shared(shares: &[Share], rows: u64) -> Result<Vec<u64>, SizeMismatch> {
    let exact: Vec<u128> = shares
        .iter()
        .map(|share| match share {
            Share::Percent(percent) => u128::from(*percent) * u128::from(rows),
            Share::Rest => 0,
        })
        .collect();
    let mut counts: Vec<u64> = exact.iter().map(|part| (part / WHOLE) as u64).collect();
    let asked: u128 = counts.iter().map(|count| u128::from(*count)).sum();
    let Some(mut left) = u128::from(rows).checked_sub(asked) else {
        return Err(SizeMismatch { asked, rows });
    };
    if let Some(rest) = shares.iter().position(|share| *share == Share::Rest) {
        counts[rest] = left as u64;
        return Ok(counts);
    }
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(exact[*i] % WHOLE));
    for i in order {
        if left > 0 {
            counts[i] += 1;
            left -= 1;
        }
    }
    if left == 0 { Ok(counts) } else { Err(SizeMismatch { asked: u128::from(rows) - left, rows }) }
}

/// The number of the first row of each partition except the first.
pub(super) fn cuts(rows: &[u64]) -> Vec<u64> {
    let ends = rows.iter().scan(0, |end, rows| {
        *end += rows;
        Some(*end)
    });
    ends.take(rows.len() - 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(size: &str, rows: u64) -> Vec<u64> {
        partition_rows(&size.parse().unwrap(), rows).unwrap()
    }

    #[test]
    fn the_rules_by_example() {
        assert_eq!(rows("3", 11), [4, 4, 3]);
        assert_eq!(rows("4", 2), [1, 1, 0, 0]);
        assert_eq!(rows("50,20,20", 90), [50, 20, 20]);
        assert_eq!(rows("60%,20%,rest", 7), [4, 1, 2]);
        assert_eq!(rows("rest,29%", 100), [71, 29]);
        assert_eq!(rows("50%,50%", 7), [4, 3]);
        assert_eq!(rows("80%,20%", 3), [2, 1]);
        assert_eq!(rows("10%,45%,45%", 5), [1, 2, 2]);
        let mismatch = partition_rows(&"50,20,20".parse().unwrap(), 91).unwrap_err();
        assert_eq!(mismatch.to_string(), "the sizes sum to 90 rows, but there are 91");
    }

    #[test]
    fn counts_beyond_64_bits_do_not_overflow() {
        let size = Size::Counts(vec![u64::MAX, u64::MAX]);
        assert_eq!(partition_rows(&size, 3).unwrap_err().asked, 2 * u128::from(u64::MAX));
    }

    proptest! {
        #[test]
        fn every_row_is_in_one_partition(count in 1u64..50, total: u64, percent in 1u32..99) {
            let percent = percent * 1_000 + 250;
            let shares = vec![Share::Percent(percent), Share::Percent(size::WHOLE - percent)];
            let rest = vec![Share::Percent(percent), Share::Rest];
            for size in [Size::Equal(count), Size::Shares(shares), Size::Shares(rest)] {
                let counts = partition_rows(&size, total).unwrap();
                prop_assert_eq!(counts.len() as u64, size.partitions());
                prop_assert_eq!(counts.iter().map(|c| u128::from(*c)).sum::<u128>(), u128::from(total));
            }
        }
    }
}
