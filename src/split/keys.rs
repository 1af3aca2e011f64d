//! From the values of rows to their partitions. A format provides the key of each row ([`Keys`]); the rest is the same
//! for every format. docs/splitting.md explains which partitions are affected when rows are edited, inserted or
//! appended.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use super::assign::{Assignment, Listed, mix};
use super::error::SplitError;
use super::message;
use super::order;
use super::parallel;
use super::request::Request;
use super::rows::weights;
use super::source::Source;
use crate::size::{By, Size};

/// The values of a row that make up its key.
#[derive(Clone, Copy)]
pub(super) struct KeyRequest<'a> {
    /// These columns; `None`: all.
    pub(super) columns: Option<&'a [String]>,
    /// Whether to return the text of the single column itself, instead of the message to hash (see [`message`]).
    pub(super) plain: bool,
}

/// The position of `column` in `names`, in which it must be once.
pub(super) fn position(file: &str, column: &str, names: &[impl AsRef<str>]) -> Result<usize, SplitError> {
    let mut found = (0..names.len()).filter(|i| names[*i].as_ref() == column);
    match (found.next(), found.next()) {
        (Some(i), None) => Ok(i),
        (Some(_), Some(_)) => {
            Err(SplitError::whole(file, format!("there are several columns `{column}`"), None))
        }
        (None, _) => Err(SplitError::no_column(file, column, names)),
    }
}

/// The keys of rows, chunk by chunk.
pub(super) trait Keys: Sync {
    /// The number of chunks.
    fn chunks(&self) -> usize;

    /// Calls `each` with the key of every row of a chunk, in order.
    fn visit(&self, chunk: usize, each: &mut dyn FnMut(&[u8])) -> Result<(), SplitError>;

    /// The [`message::identity`] of the key of every row of a chunk, in order.
    fn identities(&self, chunk: usize) -> Result<Vec<u128>, SplitError> {
        let mut found = Vec::new();
        self.visit(chunk, &mut |key| found.push(message::identity(key)))?;
        Ok(found)
    }
}

/// Makes the keys that are requested.
pub(super) type KeySource<'a> = &'a dyn Fn(KeyRequest) -> Result<Box<dyn Keys + 'a>, SplitError>;

/// The partition of each of `rows` rows of `source`.
pub(super) fn assign(
    request: &Request,
    source: &Source,
    rows: u64,
    keys: KeySource,
) -> Result<Assignment, SplitError> {
    let of = request.size.partitions();
    let hashed = |columns: Option<&[String]>| keys(KeyRequest { columns, plain: false });
    let list = match request.by {
        By::Rows => return Ok(Assignment::Cuts(cuts(&request.sizes(source, rows)?))),
        By::RoundRobin => return Ok(Assignment::Turns(of)),
        By::Shuffle { seed, group } if group.is_empty() => {
            if rows.saturating_mul(8) > request.memory() {
                let message =
                    format!("a permutation of {rows} rows does not fit into the memory that is allowed");
                return Err(SplitError::usage(
                    message,
                    "allow 8 bytes per row with `--memory`, or use `hash`",
                ));
            }
            return Ok(Assignment::shuffled(*seed, &request.sizes(source, rows)?));
        }
        By::HashRow => hash(request, hashed(None)?.as_ref())?,
        By::Hash(columns) => hash(request, hashed(Some(columns))?.as_ref())?,
        By::Group(columns) => {
            let groups = Groups::new(request.size, 0);
            listed(request, hashed(Some(columns))?.as_ref(), groups)?
        }
        By::Shuffle { seed, group } => {
            let groups = Groups::new(request.size, *seed);
            listed(request, hashed(Some(group))?.as_ref(), groups)?
        }
        By::Value(column) => {
            let columns = Some(std::slice::from_ref(column));
            listed(request, hashed(columns)?.as_ref(), Firsts::default())?
        }
        By::Stratify(columns) => listed(request, hashed(Some(columns))?.as_ref(), Strata::new(request.size))?,
        By::Range(column) => {
            let wanted = KeyRequest { columns: Some(std::slice::from_ref(column)), plain: true };
            ranges(request, source, keys(wanted)?.as_ref(), rows)?
        }
    };
    if list.len() as u64 == rows { Ok(Assignment::Listed(list)) } else { Err(source.changed()) }
}

/// The number of the first row of each partition except the first.
pub(super) fn cuts(rows: &[u64]) -> Vec<u64> {
    let ends = rows.iter().scan(0, |end, rows| {
        *end += rows;
        Some(*end)
    });
    ends.take(rows.len() - 1).collect()
}

/// Applies `work` to the keys of each chunk and returns the results in order; at most as many chunks at a time as fit
/// into memory with their results.
fn waves<T: Send>(
    request: &Request,
    keys: &dyn Keys,
    work: impl Fn(usize) -> Result<T, SplitError> + Sync,
    mut then: impl FnMut(T) -> Result<(), SplitError>,
) -> Result<(), SplitError> {
    let (threads, chunks) = (request.threads(), keys.chunks());
    let wave = 8 * threads;
    for first in (0..chunks).step_by(wave) {
        let made = parallel::map(threads, wave.min(chunks - first), || (), |(), i| work(first + i))?;
        made.into_iter().try_for_each(&mut then)?;
    }
    Ok(())
}

fn hash(request: &Request, keys: &dyn Keys) -> Result<Listed, SplitError> {
    let of = request.size.partitions();
    let mut list = Listed::new(of);
    waves(
        request,
        keys,
        |chunk| keys.identities(chunk),
        |found| {
            found.into_iter().for_each(|identity| list.push(message::partition(identity, of)));
            Ok(())
        },
    )?;
    Ok(list)
}

/// Decides row by row, in order, so that later rows never change what happens to earlier ones.
trait Dealer {
    /// The partition of the next row, given the hash of its key.
    fn deal(&mut self, key: u128) -> usize;

    /// How many keys are held in memory.
    fn known(&self) -> usize;
}

/// About how many bytes a key takes in memory.
const KEY: u64 = 48;

fn listed(request: &Request, keys: &dyn Keys, mut dealer: impl Dealer) -> Result<Listed, SplitError> {
    let mut list = Listed::new(request.size.partitions());
    let most = (request.memory() / KEY) as usize;
    waves(
        request,
        keys,
        |chunk| keys.identities(chunk),
        |found| {
            found.into_iter().for_each(|key| list.push(dealer.deal(key)));
            if dealer.known() > most {
                let message =
                    format!("more than {most} different keys do not fit into the memory that is allowed");
                return Err(SplitError::usage(message, "allow more with `--memory`, or use `hash:COLUMN`"));
            }
            Ok(())
        },
    )?;
    Ok(list)
}

/// What is held in memory for each key.
type Remembered<T> = HashMap<u128, T, BuildHasherDefault<First>>;

/// Uses the first bytes of what is a hash already.
#[derive(Default)]
struct First(u64);

impl Hasher for First {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Groups: the first row of a key decides where all of them go.
struct Groups {
    seed: u64,
    weights: Vec<u64>,
    /// The cumulative sums of the weights.
    sums: Vec<u64>,
    known: Remembered<u32>,
    loads: Vec<u64>,
    rows: u64,
}

impl Groups {
    fn new(size: &Size, seed: u64) -> Self {
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
        let partition = match self.known.get(&key) {
            Some(partition) => *partition as usize,
            None => {
                let partition = self.place(key);
                self.known.insert(key, partition as u32);
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

/// A partition for each key, in the order in which they come first.
#[derive(Default)]
struct Firsts(Remembered<u32>);

impl Dealer for Firsts {
    fn deal(&mut self, key: u128) -> usize {
        let next = self.0.len() as u32;
        *self.0.entry(key).or_insert(next) as usize
    }

    fn known(&self) -> usize {
        self.0.len()
    }
}

/// The values of the one column that `keys` are the plain texts of, in the order in which they come first; `None` if
/// there are more than `most`.
pub(super) fn values(
    request: &Request,
    keys: &dyn Keys,
    most: usize,
) -> Result<Option<Vec<Vec<u8>>>, SplitError> {
    let (mut known, mut values) = (HashSet::new(), Vec::new());
    let of_chunk = |chunk: usize| {
        let (mut own, mut found) = (HashSet::<Vec<u8>>::new(), Vec::new());
        keys.visit(chunk, &mut |key| {
            if own.len() <= most && !own.contains(key) {
                own.insert(key.to_vec());
                found.push(key.to_vec());
            }
        })?;
        Ok(found)
    };
    let mut is_over = false;
    waves(request, keys, of_chunk, |found: Vec<Vec<u8>>| {
        if !is_over {
            values.extend(found.into_iter().filter(|value| known.insert(value.clone())));
            is_over = values.len() > most;
        }
        Ok(())
    })?;
    if is_over {
        return Ok(None);
    }
    Ok(Some(values))
}

/// Strata: the partitions take turns with the rows of each key.
struct Strata {
    turns: Turns,
    /// The next turn of each key.
    known: Remembered<u64>,
}

/// A sequence of partitions in which every prefix has the right shares.
enum Turns {
    Equal(u64),
    Listed(Vec<u32>),
}

impl Strata {
    fn new(size: &Size) -> Self {
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
        let first = self.known.len() as u64;
        let turn = self.known.entry(key).or_insert(first);
        *turn += 1;
        match &self.turns {
            Turns::Equal(count) => ((*turn - 1) % count) as usize,
            Turns::Listed(list) => list[((*turn - 1) % list.len() as u64) as usize] as usize,
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
fn ranges(request: &Request, source: &Source, keys: &dyn Keys, rows: u64) -> Result<Listed, SplitError> {
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

    #[test]
    fn growth_moves_the_ends_of_ranges_seldom() {
        let moves = (1000..2000).filter(|rows| coarse(rows / 4, 4) != coarse((rows + 1) / 4, 4)).count();
        assert_eq!(moves, 2);
        assert!((8..4000).all(|rows| coarse(rows, 8) * 2 > rows));
    }
}
