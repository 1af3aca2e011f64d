//! Partitions whose rows are not contiguous in the source: each row goes where an [`Assignment`] sends it. The file is
//! processed in waves of a few megabytes; within a wave, the chunks are read and sorted by partition in parallel, and
//! then the partitions are hashed and written in parallel.

use std::sync::{Mutex, MutexGuard};

use super::assign::Assignment;
use super::draft::Draft;
use super::error::SplitError;
use super::parallel;
use super::produce::{Order, Producer, Product, Want};
use super::sha::Sha;
use super::text::{Index, Rows};

/// What surrounds the rows of a partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Glue {
    /// One for each partition, or a single one for all.
    pub(super) before: Vec<Vec<u8>>,
    pub(super) between: &'static [u8],
    pub(super) after: &'static [u8],
}

/// Partitions of a text file, made row by row.
pub(super) struct Scatter<'a> {
    pub(super) index: &'a Index,
    pub(super) assignment: &'a Assignment,
    /// After how many items the rows begin again, if they do: those of an array in Fortran order do with each column.
    pub(super) period: Option<u64>,
    pub(super) glue: Glue,
    /// How many bytes of rows a wave may contain.
    pub(super) wave: u64,
}

/// With more partitions than this, files are reopened for each wave: a process may have as few as 64 open files.
pub(super) const HANDLES: usize = 40;

/// What partitions may hold back together until it is worth while to open their files.
const PENDING: usize = 64 << 20;

/// The least that is worth a call of the system.
const PIECE: usize = 16 << 10;

/// The rows of a chunk, laid out by partition.
#[derive(Default)]
struct Sorted {
    rows: Rows,
    /// The partition of each row.
    route: Vec<u32>,
    /// The rows, each behind what stands between rows.
    bytes: Vec<u8>,
    /// Where the rows of each partition lie in `bytes`.
    places: Vec<RowSpan>,
}

/// Where the rows of a partition lie.
#[derive(Clone, Copy, Default)]
struct RowSpan {
    start: usize,
    end: usize,
    rows: u64,
}

/// A partition being made.
struct Part {
    sha: Sha,
    rows: u64,
    bytes: u64,
    draft: Option<Draft>,
    /// What is hashed, but not yet written.
    pending: Vec<u8>,
    /// How much may be pending.
    most: usize,
    /// Whether there are too many partitions to keep its file open.
    reopen: bool,
}

/// A partition in the making; `None` if it is not wanted.
type Slot = Mutex<Option<Part>>;

const HELD: &str = "no thread panics while it holds the lock";

impl Producer for Scatter<'_> {
    fn produce(&self, order: &Order) -> Result<Vec<Option<Product>>, SplitError> {
        let parts = self.begin(order)?;
        let chunks = self.index.replay.chunks();
        let body = self.index.body.end - self.index.body.start;
        let chunk = body.checked_div(chunks as u64).unwrap_or(1).max(1);
        let wave = (self.wave / chunk).clamp(1, 1 << 16) as usize;
        let sorted: Vec<Mutex<Sorted>> = (0..wave.min(chunks)).map(|_| Mutex::default()).collect();
        // Two partitions at once on each thread, so that their hashes share it; but no thread idle.
        let lanes = parts.len().div_ceil(order.threads).clamp(1, 2);
        let pairs: Vec<&[Slot]> = parts.chunks(lanes).collect();
        for first in (0..chunks).step_by(wave) {
            let wave = &sorted[..wave.min(chunks - first)];
            let sort = |i: usize| self.sort(order, first + i, &mut wave[i].lock().expect(HELD));
            parallel::map(order.threads, wave.len(), || (), |(), i| sort(i))?;
            let wave: Vec<_> = wave.iter().map(|chunk| chunk.lock().expect(HELD)).collect();
            let wave: Vec<&Sorted> = wave.iter().map(|chunk| &**chunk).collect();
            let extend = |i: usize| self.extend(pairs[i], i * lanes, &wave);
            parallel::map(order.threads, pairs.len(), || (), |(), i| extend(i))?;
        }
        let end = |i: usize| parts[i].lock().expect(HELD).take().map(|part| self.end(part)).transpose();
        parallel::map(order.threads, parts.len(), || (), |(), i| end(i))
    }
}

impl Scatter<'_> {
    fn begin(&self, order: &Order) -> Result<Vec<Slot>, SplitError> {
        let reopen = order.wants.len() > HANDLES;
        let most = if reopen { (PENDING / order.wants.len()).min(4 * PIECE) } else { PIECE };
        let begin = |i: usize| -> Result<_, SplitError> {
            if order.wants[i] == Want::Skip {
                return Ok(Mutex::new(None));
            }
            let (sha, draft) = (Sha::new(), order.draft(i)?);
            let mut part = Part { sha, rows: 0, bytes: 0, draft, pending: Vec::new(), most, reopen };
            let before = self.glue.before.get(i).or(self.glue.before.first()).map_or(&[][..], Vec::as_slice);
            part.sha.update(before);
            part.write(before)?;
            if reopen {
                part.draft.as_mut().map_or(Ok(()), Draft::close)?;
            }
            Ok(Mutex::new(Some(part)))
        };
        (0..order.wants.len()).map(begin).collect()
    }

    /// Reads the rows of a chunk and lays them out by partition.
    fn sort(&self, order: &Order, chunk: usize, sorted: &mut Sorted) -> Result<(), SplitError> {
        self.index.replay.load(order.source, chunk, &mut sorted.rows)?;
        let Sorted { rows, route, bytes, places } = sorted;
        let (from, spans) = rows.parts();
        (order.progress)(from.len() as u64);
        let between = self.glue.between;
        places.clear();
        places.resize(order.wants.len(), RowSpan::default());
        route.clear();
        let first = self.index.replay.rows_before(chunk);
        let numbers = first..first + spans.len() as u64;
        match self.period {
            Some(period) => {
                route.extend(numbers.map(|number| self.assignment.partition(number % period) as u32));
            }
            None => self.assignment.route(numbers, route),
        }
        for (partition, (start, end)) in route.iter().zip(spans) {
            let place = &mut places[*partition as usize];
            place.rows += 1;
            place.end += (end - start) as usize + between.len();
        }
        let mut at = 0;
        for (place, want) in places.iter_mut().zip(order.wants) {
            if *want == Want::Skip {
                place.rows = 0;
            }
            let length = if place.rows == 0 { 0 } else { place.end + SHORT };
            (place.start, place.end) = (at, at);
            at += length;
        }
        bytes.resize(at, 0);
        for (partition, (start, end)) in route.iter().zip(spans) {
            let place = &mut places[*partition as usize];
            if place.rows > 0 {
                if !between.is_empty() {
                    bytes[place.end..place.end + between.len()].copy_from_slice(between);
                    place.end += between.len();
                }
                copy(bytes, place.end, from, (*start as usize, *end as usize));
                place.end += (end - start) as usize;
            }
        }
        Ok(())
    }

    /// Adds the rows that a wave has for `parts`, of which the first is partition `first`.
    fn extend(&self, parts: &[Slot], first: usize, wave: &[&Sorted]) -> Result<(), SplitError> {
        let mut parts: Vec<MutexGuard<_>> = parts.iter().map(|part| part.lock().expect(HELD)).collect();
        for chunk in wave {
            let mut pieces = parts.iter_mut().zip(first..).filter_map(|(part, i)| {
                let (part, place) = (part.as_mut()?, &chunk.places[i]);
                let piece = part.next(&chunk.bytes[place.start..place.end], self.glue.between);
                part.rows += place.rows;
                Some((part, piece))
            });
            match (pieces.next(), pieces.next()) {
                (Some((a, left)), Some((b, right))) => {
                    Sha::update_pair((&mut a.sha, left), (&mut b.sha, right));
                    a.write(left)?;
                    b.write(right)?;
                }
                (Some((part, piece)), None) => {
                    part.sha.update(piece);
                    part.write(piece)?;
                }
                (None, _) => return Ok(()),
            }
        }
        Ok(())
    }

    fn end(&self, mut part: Part) -> Result<Product, SplitError> {
        part.sha.update(self.glue.after);
        part.write(self.glue.after)?;
        part.flush()?;
        let Part { sha, rows, bytes, mut draft, .. } = part;
        draft.as_mut().map_or(Ok(()), Draft::close)?;
        Ok(Product { rows, bytes, digest: sha.finish(), draft })
    }
}

/// Up to so many bytes a row is copied in one go, with what lies behind it; the next one takes the place of that.
const SHORT: usize = 64;

/// Copies the bytes `start..end` of `from` to `at`, behind which there is room for [`SHORT`] bytes more.
#[inline]
fn copy(to: &mut [u8], at: usize, from: &[u8], (start, end): (usize, usize)) {
    match (to[at..].first_chunk_mut::<SHORT>(), from[start..].first_chunk::<SHORT>()) {
        (Some(to), Some(from)) if end - start <= SHORT => *to = *from,
        _ => copy_long(&mut to[at..], &from[start..end]),
    }
}

/// Apart, so that a short row is copied without a call.
#[inline(never)]
fn copy_long(to: &mut [u8], from: &[u8]) {
    to[..from.len()].copy_from_slice(from);
}

impl Part {
    /// What a chunk has for it: no more `between` stands before its first row.
    fn next<'a>(&self, bytes: &'a [u8], between: &[u8]) -> &'a [u8] {
        if self.rows == 0 { bytes.strip_prefix(between).unwrap_or(bytes) } else { bytes }
    }

    /// Takes what has been hashed.
    fn write(&mut self, bytes: &[u8]) -> Result<(), SplitError> {
        self.bytes += bytes.len() as u64;
        let Some(draft) = self.draft.as_mut().filter(|_| !bytes.is_empty()) else { return Ok(()) };
        if self.pending.is_empty() && !self.reopen && bytes.len() >= self.most {
            return draft.append(bytes);
        }
        self.pending.extend_from_slice(bytes);
        if self.pending.len() < self.most { Ok(()) } else { self.flush() }
    }

    /// Writes what is pending, and lets go of the file if there are too many.
    fn flush(&mut self) -> Result<(), SplitError> {
        let Some(draft) = self.draft.as_mut().filter(|_| !self.pending.is_empty()) else { return Ok(()) };
        draft.append(&self.pending)?;
        self.pending.clear();
        if self.reopen { draft.close() } else { Ok(()) }
    }
}
