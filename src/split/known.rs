//! What an earlier split learned about a text file. If only a few rows of the file have changed, rows are searched only
//! in the partitions with those rows: the others are just hashed.
//!
//! This relies on a fact that no edit can invalidate: bytes that once were so many whole and well-formed rows after
//! this header are that wherever they occur again, and equal digests mean equal bytes. Where the partitions are in the
//! changed file is guessed from their old lengths. If a guess turns out wrong, it is discarded and the whole file is
//! read from the beginning.

use std::ops::Range;

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::contiguous::{Contiguous, HEADER, length};
use super::error::SplitError;
use super::publish::Publication;
use super::request::{Partition, Request};
use super::rows::partition_rows;
use super::source::Source;
use super::text::{Pace, Text};
use crate::digest::Digest;
use crate::file;

/// Changes whenever different bytes count as rows.
const RULES: u32 = 2;

/// How many bytes of a partition are compared to tell whether it begins at a place.
const SAMPLE: u64 = 4 << 10;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct EarlierSplit {
    rules: u32,
    /// The format, with the delimiter.
    kind: String,
    header: Digest,
    partitions: Vec<EarlierPartition>,
}

/// What is known about the content of a partition.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct EarlierPartition {
    /// Of the header and rows.
    digest: Digest,
    rows: u64,
    /// The length of the rows, without the header.
    bytes: u64,
}

/// Where the partitions may be.
struct Guess {
    /// Where each begins, and finally where the last one ends.
    offsets: Vec<u64>,
    /// The partition that has grown or shrunk.
    changed: Option<usize>,
}

/// Splits using what is known; `None` if that is not enough for the file as it is now.
pub(super) fn split(
    request: &Request,
    text: &Text,
    pace: Pace,
) -> Result<Option<Vec<Partition>>, SplitError> {
    let Some(known) = EarlierSplit::read(request, text)? else { return Ok(None) };
    let holds = |offsets: &[u64], i: usize| known.holds(i, text, offsets[i]..offsets[i + 1], pace);
    let good = |guess: &Guess| guess.changed.is_none_or(|i| holds(&guess.offsets, i));
    let guess = known.guesses(request, text).into_iter().find(good);
    let Some(Guess { offsets, changed }) = guess else { return Ok(None) };
    let rows = known.partitions.iter().map(|fact| fact.rows).collect();
    let producer = Contiguous { header: text.header.clone(), rows, offsets: offsets.clone() };
    let publication = Publication::new(request, text.source, &producer);
    let made = publication.check()?;
    let is_other =
        |i: &usize| made[*i].as_ref().is_none_or(|made| made.digest != known.partitions[*i].digest);
    let others: Vec<usize> = (0..made.len()).filter(is_other).collect();
    if others.len() > 1 + made.len() / 2 || !others.iter().all(|i| Some(*i) == changed || holds(&offsets, *i))
    {
        return Ok(None);
    }
    let partitions = publication.complete(made, length(request))?;
    remember(request, text, &partitions);
    Ok(Some(partitions))
}

/// Records what has been learned about `partitions`: contiguous rows of `text`. Failing to write it is no error: the
/// partitions are in place, and the next split will just have to learn it again.
pub(super) fn remember(request: &Request, text: &Text, partitions: &[Partition]) {
    let Some(path) = request.layout.known().filter(|_| text.header.end <= HEADER) else { return };
    let fact = |part: &Partition| EarlierPartition {
        digest: part.digest,
        rows: part.rows,
        bytes: part.bytes - text.header.end,
    };
    let known = EarlierSplit::new(text, partitions.iter().map(fact).collect());
    if let Some(json) = known.ok().and_then(|known| serde_json::to_string(&known).ok()) {
        let _ = file::write_if_changed(&path, format!("{}\n{json}\n", Digest::of(&json)).as_bytes());
    }
}

impl EarlierSplit {
    fn new(text: &Text, partitions: Vec<EarlierPartition>) -> Result<Self, SplitError> {
        let header = Digest::of(text.source.start(text.header.end)?);
        Ok(Self { rules: RULES, kind: format!("{:?}", text.kind), header, partitions })
    }

    /// What is known, if it applies to files like `text` and to the requested partitions.
    fn read(request: &Request, text: &Text) -> Result<Option<Self>, SplitError> {
        let path = request.layout.known().filter(|_| text.header.end <= HEADER);
        let Some(known) = path.and_then(|path| Self::parse(&path)) else { return Ok(None) };
        let rows: Vec<u64> = known.partitions.iter().map(|fact| fact.rows).collect();
        let total = rows.iter().try_fold(0u64, |total, rows| total.checked_add(*rows));
        let wanted = total.and_then(|total| partition_rows(request.size, total).ok());
        let like = Self::new(text, known.partitions)?;
        let fits = wanted == Some(rows) && (known.rules, known.kind, known.header) == like.about();
        Ok(fits.then_some(like))
    }

    fn about(&self) -> (u32, String, Digest) {
        (self.rules, self.kind.clone(), self.header)
    }

    fn parse(path: &Utf8Path) -> Option<Self> {
        let text = file::read_regular_text(path).ok()?;
        let (digest, json) = text.split_once('\n')?;
        let json = json.strip_suffix('\n')?;
        (digest.parse() == Ok(Digest::of(json))).then(|| serde_json::from_str(json).ok())?
    }

    /// Where the partitions may be if at most one of them has become longer or shorter.
    fn guesses(&self, request: &Request, text: &Text) -> Vec<Guess> {
        let mut offsets = vec![text.header.end];
        for fact in &self.partitions {
            let Some(end) = offsets[offsets.len() - 1].checked_add(fact.bytes) else { return Vec::new() };
            offsets.push(end);
        }
        let more = i128::from(text.source.len) - i128::from(offsets[offsets.len() - 1]);
        let Ok(more) = i64::try_from(more) else { return Vec::new() };
        if more == 0 {
            return vec![Guess { offsets, changed: None }];
        }
        let starts: Vec<usize> = (1..self.partitions.len()).collect();
        let changed = starts.partition_point(|i| begins(request, text, *i, offsets[*i]));
        // If the next one begins differently, that may be because its own first rows have changed.
        let candidates = [changed, changed + 1].into_iter().filter(|i| *i < self.partitions.len());
        candidates.filter_map(|changed| shifted(&offsets, changed, more)).collect()
    }

    /// Whether the range `range` of `text` consists of exactly as many rows as partition `i` had.
    fn holds(&self, i: usize, text: &Text, range: Range<u64>, pace: Pace) -> bool {
        let ends = || -> Result<bool, SplitError> {
            let mut last = [0];
            text.source.read_exact_at(&mut last, range.end - 1)?;
            Ok(range.end == text.source.len || last == *b"\n")
        };
        let holds = || -> Result<bool, SplitError> {
            if range.is_empty() || !ends()? {
                return Ok(false);
            }
            let index = text.rows(range.clone(), pace)?;
            // Anything before the very first row belongs to the first partition.
            let begins = i == 0 || index.offsets(text.source, pace.threads, &[0])? == [range.start];
            Ok(begins && index.rows == self.partitions[i].rows)
        };
        // An error will be found again, and reported, when the file is read from the beginning.
        holds().unwrap_or(false)
    }
}

/// The guess that the partition `changed` has `more` bytes than before.
fn shifted(offsets: &[u64], changed: usize, more: i64) -> Option<Guess> {
    let mut offsets = offsets.to_vec();
    for offset in &mut offsets[changed + 1..] {
        *offset = offset.checked_add_signed(more)?;
    }
    (offsets[changed] <= offsets[changed + 1]).then_some(Guess { offsets, changed: Some(changed) })
}

/// Whether the text at `offset` begins like the file of partition `i` on disk.
fn begins(request: &Request, text: &Text, i: usize, offset: u64) -> bool {
    let compare = || -> Result<bool, SplitError> {
        let path = request.layout.data(i as u64 + 1);
        let old = Source::new(file::context(file::open_regular(&path), "read", &path)?, path.as_str())?;
        let sample = SAMPLE.min(old.len.saturating_sub(text.header.end)).min(text.source.len - offset);
        let (mut was, mut is) = (vec![0; sample as usize], vec![0; sample as usize]);
        old.read_exact_at(&mut was, text.header.end)?;
        text.source.read_exact_at(&mut is, offset)?;
        Ok(sample > 0 && was == is)
    };
    offset < text.source.len && compare().unwrap_or(false)
}
