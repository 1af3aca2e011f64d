//! From what the partitions consist of to their digests and drafts, on all cores. Knows nothing of formats, stamps and
//! final names.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use camino::Utf8PathBuf;

use super::draft::Draft;
use super::error::SplitError;
use super::format::Compression;
use super::parallel;
use super::sha::Sha;
use super::source::{BUFFER, Source};
use crate::digest::Digest;

/// What is wanted of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Nothing.
    Skip,
    /// The digest only.
    Check,
    /// The digest and a draft.
    Write,
}

/// A partition that has been processed.
pub(super) struct Product {
    pub(super) rows: u64,
    /// The length of the partition as it is read: before compression.
    pub(super) bytes: u64,
    pub(super) digest: Digest,
    pub(super) draft: Option<Draft>,
}

/// An order to produce partitions.
pub(super) struct Order<'a> {
    pub(super) source: &'a Source,
    pub(super) threads: usize,
    /// What is wanted of each partition.
    pub(super) wants: &'a [Want],
    /// How to compress the partitions.
    pub(super) compress: Option<Compression>,
    /// The final path of partition `i` (from 0).
    pub(super) target: &'a (dyn Fn(usize) -> Utf8PathBuf + Sync),
    /// Called with the number of bytes just processed.
    pub(super) progress: &'a (dyn Fn(u64) + Sync),
}

impl Order<'_> {
    /// Creates the draft of partition `i`, if it is to be written.
    pub(super) fn draft(&self, i: usize) -> Result<Option<Draft>, SplitError> {
        match self.wants[i] {
            Want::Write => Draft::create(&(self.target)(i), self.compress).map(Some),
            Want::Check | Want::Skip => Ok(None),
        }
    }
}

/// Makes partitions. May be called several times, each time for different ones.
pub(super) trait Producer: Sync {
    /// Makes what is wanted; `None` for partitions to skip.
    fn produce(&self, order: &Order) -> Result<Vec<Option<Product>>, SplitError>;
}

/// A part of a partition.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes of the source.
    Range(Range<u64>),
}

/// Partitions that consist of whole ranges of the source.
pub(super) trait Ranges: Sync {
    /// The number of rows of partition `i`.
    fn rows(&self, i: usize) -> u64;

    /// What partition `i` consists of, in order.
    fn pieces(&self, i: usize) -> Box<dyn Iterator<Item = Piece> + '_>;
}

impl<T: Ranges> Producer for T {
    fn produce(&self, order: &Order) -> Result<Vec<Option<Product>>, SplitError> {
        let made: Vec<_> = order.wants.iter().map(|_| Mutex::new(None)).collect();
        let wanted: Vec<usize> = (0..made.len()).filter(|i| order.wants[*i] != Want::Skip).collect();
        let next = AtomicUsize::new(0);
        // Two partitions at once on each thread, so that they can be hashed together, unless that leaves threads idle.
        let lanes = wanted.len().div_ceil(order.threads).clamp(1, 2);
        parallel::map(
            order.threads,
            order.threads,
            || (),
            |(), _| {
                let take = || -> Result<Option<Lane>, SplitError> {
                    let taken = wanted.get(next.fetch_add(1, Ordering::Relaxed));
                    taken.map(|i| Lane::new(*i, self.pieces(*i), order)).transpose()
                };
                let finish = |lane: Lane| {
                    let i = lane.partition;
                    *made[i].lock().expect("no thread panics with the lock") =
                        Some(lane.finish(self.rows(i))?);
                    Ok(())
                };
                // After an error, the other threads finish the partitions that they have started.
                run_lanes(order, lanes, take, finish)
                    .inspect_err(|_| next.store(wanted.len(), Ordering::Relaxed))
            },
        )?;
        Ok(made.into_iter().map(|slot| slot.into_inner().expect("no thread panics with the lock")).collect())
    }
}

/// A partition being made.
struct Lane<'a> {
    partition: usize,
    pieces: Box<dyn Iterator<Item = Piece> + 'a>,
    piece: Option<Piece>,
    sha: Sha,
    bytes: u64,
    draft: Option<Draft>,
    buffer: Vec<u8>,
}

/// Processes the partitions from `take`, up to `lanes` at a time, and passes them to `finish`.
fn run_lanes<'a>(
    order: &Order,
    lanes: usize,
    take: impl Fn() -> Result<Option<Lane<'a>>, SplitError>,
    finish: impl Fn(Lane<'a>) -> Result<(), SplitError>,
) -> Result<(), SplitError> {
    let mut open: Vec<Lane> = Vec::new();
    loop {
        while open.len() < lanes {
            match take()? {
                Some(lane) => open.push(lane),
                None => break,
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        for i in (0..open.len()).rev() {
            if !open[i].fill(order.source)? {
                finish(open.swap_remove(i))?;
            }
        }
        match open.as_mut_slice() {
            [a, b] => Sha::update_pair((&mut a.sha, &a.buffer), (&mut b.sha, &b.buffer)),
            lanes => lanes.iter_mut().for_each(|lane| lane.sha.update(&lane.buffer)),
        }
        for lane in &mut open {
            (order.progress)(lane.buffer.len() as u64);
            if let Some(draft) = &mut lane.draft {
                draft.append(&lane.buffer)?;
            }
        }
    }
}

impl<'a> Lane<'a> {
    fn new(
        partition: usize,
        pieces: Box<dyn Iterator<Item = Piece> + 'a>,
        order: &Order,
    ) -> Result<Self, SplitError> {
        let draft = order.draft(partition)?;
        Ok(Self { partition, pieces, piece: None, sha: Sha::new(), bytes: 0, draft, buffer: Vec::new() })
    }

    /// Reads the next bytes of the partition; false at its end.
    fn fill(&mut self, source: &Source) -> Result<bool, SplitError> {
        let limit = BUFFER as usize;
        let mut filled = 0;
        while filled < limit {
            match self.piece.take().or_else(|| self.pieces.next()) {
                None => break,
                Some(Piece::Bytes(bytes)) => {
                    self.buffer.truncate(filled);
                    self.buffer.extend_from_slice(&bytes);
                    filled += bytes.len();
                }
                Some(Piece::Range(range)) => {
                    let end = range.end.min(range.start + (limit - filled) as u64);
                    let count = (end - range.start) as usize;
                    self.buffer.resize(filled + count, 0);
                    source.read_exact_at(&mut self.buffer[filled..], range.start)?;
                    filled += count;
                    if end < range.end {
                        self.piece = Some(Piece::Range(end..range.end));
                    }
                }
            }
        }
        self.buffer.truncate(filled);
        self.bytes += filled as u64;
        Ok(filled > 0)
    }

    fn finish(mut self, rows: u64) -> Result<Product, SplitError> {
        if let Some(draft) = &mut self.draft {
            draft.close()?;
        }
        Ok(Product { rows, bytes: self.bytes, digest: self.sha.finish(), draft: self.draft })
    }
}
