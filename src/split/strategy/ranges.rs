//! `range`: a row's own value decides.

use crate::size::Size;
use crate::split::assign::Listed;
use crate::split::error::SplitError;
use crate::split::keys::{Keys, waves};
use crate::split::order;
use crate::split::request::Request;
use crate::split::rows::cuts;
use crate::split::source::Source;

/// The values of a column, concatenated.
#[derive(Default)]
struct Values {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Values {
    fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len());
    }

    fn get(&self, i: usize) -> &[u8] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.bytes[start..self.ends[i]]
    }
}

/// Ranges of values: a row's own value decides, so equal values stay together.
pub(super) fn ranges(
    request: &Request,
    source: &Source,
    keys: &dyn Keys,
    rows: u64,
) -> Result<Listed, SplitError> {
    let mut values = Values::default();
    let ordered = |chunk: usize| {
        let mut found = Values::default();
        keys.visit(chunk, &mut |key| found.push(&order::order(key)))?;
        Ok(found)
    };
    waves(request, keys, ordered, |found| {
        (0..found.ends.len()).for_each(|i| values.push(found.get(i)));
        if (values.bytes.len() + 16 * values.ends.len()) as u64 > request.memory() {
            let message = format!(
                "{}: the values of the column do not fit into the memory that is allowed",
                source.name
            );
            return Err(SplitError::usage(message, "allow more with `--memory`"));
        }
        Ok(())
    })?;
    let count = values.ends.len();
    let mut sorted: Vec<usize> = (0..count).collect();
    sorted.sort_unstable_by(|a, b| values.get(*a).cmp(values.get(*b)));
    let ends = range_ends(request, source, rows)?;
    // The last value of each partition except the last.
    let lasts: Vec<Option<&[u8]>> = ends
        .into_iter()
        .map(|end| (end.min(count as u64) as usize).checked_sub(1).map(|last| values.get(sorted[last])))
        .collect();
    let mut list = Listed::new(request.size.partitions());
    (0..count).for_each(|i| list.push(lasts.partition_point(|last| *last < Some(values.get(i)))));
    Ok(list)
}

/// The rows, in the order of the values, at which the partitions except the last end.
fn range_ends(request: &Request, source: &Source, rows: u64) -> Result<Vec<u64>, SplitError> {
    let Size::Equal(count) = request.size else { return Ok(cuts(&request.sizes(source, rows)?)) };
    let each = coarse(rows / count, *count).max(1);
    Ok((1..*count).map(|i| (i * each).min(rows)).collect())
}

/// `number`, rounded down to a few significant bits: two for up to eight partitions, one more for each doubling, so
/// that the last partition, which takes the remainder, has at most about five times as much as the others.
fn coarse(number: u64, partitions: u64) -> u64 {
    let figures = partitions.next_power_of_two().ilog2().saturating_sub(1).max(2);
    let cut = (64 - number.leading_zeros()).saturating_sub(figures);
    number >> cut << cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_moves_the_ends_of_ranges_seldom() {
        let moves = (1000..2000).filter(|rows| coarse(rows / 4, 4) != coarse((rows + 1) / 4, 4)).count();
        assert_eq!(moves, 2);
        assert!((8..4000).all(|rows| coarse(rows, 8) * 2 > rows));
    }
}
