//! `range`: a row's own value decides.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::size::Size;
use crate::split::assign::Listed;
use crate::split::error::SplitError;
use crate::split::keys::{Keys, waves};
use crate::split::order;
use crate::split::request::Request;
use crate::split::rows::cuts;
use crate::split::source::Source;

/// Some values of a column, concatenated.
#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// How many bytes and how many values a block has before the next one begins.
const FULL: (usize, usize) = (1 << 18, 1 << 14);

/// What a value takes beside its bytes: where it ends, and its place in the order.
const EACH: usize = size_of::<usize>() + size_of::<Place>();

/// The block of a value, and which it is of those.
type Place = (u32, u32);

impl Block {
    fn get(&self, i: usize) -> &[u8] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.bytes[start..self.ends[i]]
    }
}

/// The values of a chunk. What all chunks hold together is limited.
struct Gathered<'a> {
    full: Vec<Block>,
    open: Block,
    held: &'a AtomicUsize,
    most: usize,
}

impl<'a> Gathered<'a> {
    fn new(held: &'a AtomicUsize, most: usize) -> Self {
        Self { full: Vec::new(), open: Block::default(), held, most }
    }

    /// Adds a value, unless there is no room for it any more.
    fn push(&mut self, value: &[u8]) {
        if self.is_over() {
            (self.full, self.open) = (Vec::new(), Block::default());
            return;
        }
        self.open.bytes.extend_from_slice(value);
        self.open.ends.push(self.open.bytes.len());
        if self.open.bytes.len() >= FULL.0 || self.open.ends.len() >= FULL.1 {
            self.close();
        }
    }

    fn is_over(&self) -> bool {
        self.held.load(Ordering::Relaxed) > self.most
    }

    fn close(&mut self) {
        let mut block = std::mem::take(&mut self.open);
        block.bytes.shrink_to_fit();
        block.ends.shrink_to_fit();
        self.held.fetch_add(block.bytes.len() + EACH * block.ends.len(), Ordering::Relaxed);
        self.full.push(block);
    }
}

/// The values that `keys` are the plain texts of, as texts that are in order as bytes.
fn gather(request: &Request, source: &Source, keys: &dyn Keys) -> Result<Vec<Block>, SplitError> {
    // The other half is for what is read.
    let (held, most) = (AtomicUsize::new(0), usize::try_from(request.memory() / 2).unwrap_or(usize::MAX));
    let ordered = |chunk: usize| {
        let mut found = Gathered::new(&held, most);
        keys.visit(chunk, &mut |key| found.push(&order::order(key)))?;
        found.close();
        if !found.is_over() {
            return Ok(found.full);
        }
        let message = format!(
            "{}: the values of the column do not fit into half of the memory that is allowed ({} MB)",
            source.name,
            request.memory() / 1_000_000
        );
        Err(SplitError::usage(message, "allow more with `--memory`"))
    };
    let mut blocks = Vec::new();
    waves(request, keys, ordered, |found| {
        blocks.extend(found);
        Ok(())
    })?;
    Ok(blocks)
}

/// Ranges of values: a row's own value decides, so equal values stay together.
pub(super) fn ranges(
    request: &Request,
    source: &Source,
    keys: &dyn Keys,
    rows: u64,
) -> Result<Listed, SplitError> {
    let blocks = gather(request, source, keys)?;
    let of_block = |b: usize| (0..blocks[b].ends.len()).map(move |i| (b as u32, i as u32));
    let value = |(block, i): Place| blocks[block as usize].get(i as usize);
    let mut sorted = Vec::with_capacity(blocks.iter().map(|block| block.ends.len()).sum());
    sorted.extend((0..blocks.len()).flat_map(of_block));
    sorted.sort_unstable_by(|a, b| value(*a).cmp(value(*b)));
    let ends = range_ends(request, source, rows)?;
    // The last value of each partition except the last.
    let lasts: Vec<Option<&[u8]>> = ends
        .into_iter()
        .map(|end| (end.min(sorted.len() as u64) as usize).checked_sub(1).map(|last| value(sorted[last])))
        .collect();
    drop(sorted);
    let mut list = Listed::new(request.size.partitions());
    let places = (0..blocks.len()).flat_map(of_block);
    places.for_each(|place| list.push(lasts.partition_point(|last| *last < Some(value(place)))));
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
    fn values_for_which_there_is_no_room_are_not_held() {
        let held = AtomicUsize::new(0);
        let mut gathered = Gathered::new(&held, 1000);
        (0..3 * FULL.1).for_each(|_| gathered.push(b"0123456789"));
        assert!(gathered.is_over() && gathered.full.is_empty() && gathered.open.ends.is_empty());
        assert_eq!(held.into_inner(), FULL.1 * (10 + EACH));
    }

    #[test]
    fn growth_moves_the_ends_of_ranges_seldom() {
        let moves = (1000..2000).filter(|rows| coarse(rows / 4, 4) != coarse((rows + 1) / 4, 4)).count();
        assert_eq!(moves, 2);
        assert!((8..4000).all(|rows| coarse(rows, 8) * 2 > rows));
    }
}
