//! Partitions whose rows are not contiguous in the source: each row goes where an [`Assignment`] sends it. The file is
//! processed in waves of a few megabytes; within a wave, the chunks are read and sorted by partition in parallel, and
//! then the partitions are hashed and written in parallel.

use std::sync::Mutex;

use super::assign::Assignment;
use super::draft::Draft;
use super::error::SplitError;
use super::parallel;
use super::produce::{Order, Producer, Product, Want};
use super::sha::Sha;
use super::text::Index;

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
    /// After how many items the rows start over: in an array in Fortran order, they do with each column.
    pub(super) period: u64,
    pub(super) glue: Glue,
    /// How many bytes of rows a wave may contain.
    pub(super) wave: u64,
}

/// With more partitions than this, files are reopened for each wave: a process may have as few as 64 open files.
pub(super) const HANDLES: usize = 40;

/// The rows of a chunk, by partition.
struct Sorted {
    bytes: Vec<u8>,
    /// Partition, start and length in `bytes`; the rows of each partition are in order.
    rows: Vec<(u32, u32, u32)>,
}

/// A partition being made.
struct Part {
    sha: Sha,
    rows: u64,
    bytes: u64,
    draft: Option<Draft>,
    /// Whether there are too many partitions to keep its file open.
    reopen: bool,
}

impl Producer for Scatter<'_> {
    fn produce(&self, order: &Order) -> Result<Vec<Option<Product>>, SplitError> {
        let parts = self.begin(order)?;
        let chunks = self.index.replay.chunks();
        let body = self.index.body.end - self.index.body.start;
        let chunk = body.checked_div(chunks as u64).unwrap_or(1).max(1);
        let wave = (self.wave / chunk).clamp(1, 1 << 16) as usize;
        for first in (0..chunks).step_by(wave) {
            let sorted = parallel::map(
                order.threads,
                wave.min(chunks - first),
                || (),
                |(), i| self.sort(order, first + i),
            )?;
            parallel::map(order.threads, parts.len(), Vec::new, |buffer, i| {
                let mut part = parts[i].lock().expect("no thread panics while it holds the lock");
                match part.as_mut() {
                    Some(part) => self.extend(part, i, &sorted, buffer),
                    None => Ok(()),
                }
            })?;
        }
        parallel::map(
            order.threads,
            parts.len(),
            || (),
            |(), i| {
                let part = parts[i].lock().expect("no thread panics while it holds the lock").take();
                part.map(|part| self.end(part)).transpose()
            },
        )
    }
}

impl Scatter<'_> {
    fn begin(&self, order: &Order) -> Result<Vec<Mutex<Option<Part>>>, SplitError> {
        let begin = |i: usize| -> Result<_, SplitError> {
            if order.wants[i] == Want::Skip {
                return Ok(Mutex::new(None));
            }
            let reopen = order.wants.len() > HANDLES;
            let mut part = Part { sha: Sha::new(), rows: 0, bytes: 0, draft: order.draft(i)?, reopen };
            part.add(self.glue.before.get(i).or(self.glue.before.first()).map_or(&[], Vec::as_slice))?;
            part.pause()?;
            Ok(Mutex::new(Some(part)))
        };
        (0..order.wants.len()).map(begin).collect()
    }

    /// Reads the rows of a chunk and sorts them by partition.
    fn sort(&self, order: &Order, chunk: usize) -> Result<Sorted, SplitError> {
        let mut spans = Vec::new();
        self.index.replay.visit(order.source, chunk, &mut |span| {
            spans.push(span);
            true
        })?;
        let mut sorted = Sorted { bytes: Vec::new(), rows: Vec::with_capacity(spans.len()) };
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return Ok(sorted) };
        let base = first.start;
        if last.end - base > u64::from(u32::MAX) {
            let message = "a row is longer than 4 GB: such rows can be split `--by rows` only";
            return Err(SplitError::whole(&order.source.name, message, None));
        }
        order.source.read_into(&mut sorted.bytes, base..last.end)?;
        (order.progress)(last.end - base);
        for (number, span) in (self.index.replay.rows_before(chunk)..).zip(spans) {
            let (start, len) = ((span.start - base) as usize, (span.end - span.start) as usize);
            let partition = self.assignment.partition(number % self.period);
            if order.wants[partition] != Want::Skip {
                sorted.rows.push((partition as u32, start as u32, len as u32));
            }
        }
        sorted.rows.sort_by_key(|(partition, _, _)| *partition);
        Ok(sorted)
    }

    /// Adds the rows of a wave that go to partition `i`.
    fn extend(
        &self,
        part: &mut Part,
        i: usize,
        wave: &[Sorted],
        buffer: &mut Vec<u8>,
    ) -> Result<(), SplitError> {
        buffer.clear();
        for chunk in wave {
            let first = chunk.rows.partition_point(|(partition, _, _)| (*partition as usize) < i);
            for (_, start, len) in chunk.rows[first..].iter().take_while(|(p, _, _)| *p as usize == i) {
                if part.rows > 0 {
                    buffer.extend_from_slice(self.glue.between);
                }
                part.rows += 1;
                buffer.extend_from_slice(&chunk.bytes[*start as usize..][..*len as usize]);
            }
        }
        if buffer.is_empty() {
            return Ok(());
        }
        part.add(buffer)?;
        part.pause()
    }

    fn end(&self, mut part: Part) -> Result<Product, SplitError> {
        part.add(self.glue.after)?;
        part.close()?;
        let Part { sha, rows, bytes, draft, .. } = part;
        Ok(Product { rows, bytes, digest: sha.finish(), draft })
    }
}

impl Part {
    fn add(&mut self, bytes: &[u8]) -> Result<(), SplitError> {
        self.sha.update(bytes);
        self.bytes += bytes.len() as u64;
        match &mut self.draft {
            Some(draft) if !bytes.is_empty() => draft.append(bytes),
            _ => Ok(()),
        }
    }

    /// Closes the file, if there are too many.
    fn pause(&mut self) -> Result<(), SplitError> {
        if self.reopen { self.close() } else { Ok(()) }
    }

    fn close(&mut self) -> Result<(), SplitError> {
        self.draft.as_mut().map_or(Ok(()), Draft::close)
    }
}
