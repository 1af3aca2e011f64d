//! What is made of rows while they are found, so that nobody has to read them again for it.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::index::{Rows, too_long};
use super::kept::Lengths;
use crate::split::error::SplitError;
use crate::split::parallel;
use crate::split::source::Source;

/// What to make of rows.
pub(in crate::split) struct Gather<'a, T> {
    /// Makes something of a few rows.
    pub(in crate::split) take: &'a Take<'a, T>,
    /// Called with what has been made, in the order of the rows.
    pub(in crate::split) then: &'a mut dyn FnMut(T) -> Result<(), SplitError>,
    /// How many chunks may be on their way.
    pub(in crate::split) chunks: usize,
    /// How many bytes are made of a row.
    pub(in crate::split) weight: u64,
    /// How many bytes may be on their way.
    pub(in crate::split) memory: u64,
}

/// Makes something of rows: the bytes that they lie in, and the start and end of each.
pub(in crate::split) type Take<'a, T> = dyn Fn(&[u8], &[(u32, u32)]) -> T + Sync + 'a;

/// What threads do with the rows of the chunks of a wave, which they have found.
pub(super) struct Taker<'a, T> {
    take: Option<&'a Take<'a, T>>,
    /// How many bytes are made of a row, and of all rows at most.
    weight: (u64, u64),
    /// How many bytes have been made.
    made: AtomicU64,
    /// Whether to keep where they are.
    keep: bool,
}

/// What has been made of the rows of a chunk.
pub(super) struct Taken<T> {
    pub(super) made: Option<T>,
    pub(super) lengths: Option<Lengths>,
}

/// Applies `look` to the chunks of a wave, numbered from 0, until what is made of their rows is enough. Returns what it
/// returns for the first ones, of which there is at least one.
pub(super) fn wave<T: Send, F: Send>(
    (threads, chunks): (usize, usize),
    taker: &Taker<T>,
    look: impl Fn(&mut Rows, usize) -> Result<F, SplitError> + Sync,
) -> Result<Vec<F>, SplitError> {
    let found = parallel::map(threads, chunks, Rows::default, |rows, i| {
        if i > 0 && taker.is_full() { Ok(None) } else { look(rows, i).map(Some) }
    })?;
    Ok(found.into_iter().map_while(|one| one).collect())
}

impl<T> Default for Taken<T> {
    fn default() -> Self {
        Self { made: None, lengths: None }
    }
}

impl<'a, T: Send> Taker<'a, T> {
    pub(super) fn new(gather: Option<&Gather<'a, T>>, keep: bool) -> Self {
        let weight = gather.map_or((0, 0), |gather| (gather.weight, gather.memory));
        Self { take: gather.map(|gather| gather.take), weight, made: AtomicU64::new(0), keep }
    }

    /// Whether no more of what is made of rows may be on its way.
    pub(super) fn is_full(&self) -> bool {
        self.made.load(Ordering::Relaxed) > self.weight.1
    }

    /// Whether it matters where rows are, and not only how many there are.
    pub(super) fn wants_rows(&self) -> bool {
        self.keep || self.take.is_some()
    }

    /// What is made of `rows`, and of a last one, `tail`, that ends after what has been read.
    pub(super) fn chunk(
        &self,
        source: &Source,
        rows: &mut Rows,
        tail: Option<Range<u64>>,
    ) -> Result<Taken<T>, SplitError> {
        let lengths = self.keep.then(|| {
            let mut lengths = Lengths::of(rows.base, &rows.spans);
            tail.iter().for_each(|tail| lengths.push(tail.clone()));
            lengths
        });
        let Some(take) = self.take else { return Ok(Taken { made: None, lengths }) };
        if let Some(tail) = tail {
            let (start, end) = (tail.start - rows.base, tail.end - rows.base);
            let end = u32::try_from(end).map_err(|_| too_long(source))?;
            let read = rows.bytes.len();
            rows.bytes.resize(end as usize, 0);
            source.read_exact_at(&mut rows.bytes[read..], rows.base + read as u64)?;
            rows.spans.push((start as u32, end));
        }
        self.made.fetch_add(self.weight.0 * rows.spans.len() as u64, Ordering::Relaxed);
        Ok(Taken { made: Some(take(&rows.bytes, &rows.spans)), lengths })
    }

    /// What is made of one row.
    fn row(&self, source: &Source, row: Range<u64>, buffer: &mut Vec<u8>) -> Result<Option<T>, SplitError> {
        let Some(take) = self.take else { return Ok(None) };
        let length = u32::try_from(row.end - row.start).map_err(|_| too_long(source))?;
        source.read_into(buffer, row)?;
        Ok(Some(take(buffer, &[(0, length)])))
    }
}

/// What is enough work to share: bytes of rows.
const SHARED: u64 = 1 << 20;

impl<T: Send> Gather<'_, T> {
    /// Hands on what has been made of the rows of some chunks. Before those of each there may be one that begins before
    /// it.
    pub(super) fn hand_on(
        &mut self,
        source: &Source,
        threads: usize,
        (before, made): (Vec<Option<Range<u64>>>, Vec<Option<T>>),
    ) -> Result<(), SplitError> {
        let taker = Taker::new(Some(self), false);
        let bytes: u64 = before.iter().flatten().map(|row| row.end - row.start).sum();
        let threads = if bytes < SHARED { 1 } else { threads };
        let before = parallel::map(threads, before.len(), Vec::new, |buffer, i| match &before[i] {
            Some(row) => taker.row(source, row.clone(), buffer),
            None => Ok(None),
        })?;
        before
            .into_iter()
            .zip(made)
            .flat_map(|(row, rest)| [row, rest])
            .flatten()
            .try_for_each(&mut self.then)
    }
}
