//! What an earlier split learned of a text file, so that of a file with a few changed rows only the
//! partitions with those rows are searched for rows again: the others are hashed, and that is all.
//!
//! It rests on a fact that no edit makes wrong: bytes that once were, behind this header, so and so many
//! whole and well-formed rows from the first to the last are that wherever they come again; and equal
//! digests are equal bytes. Where the partitions lie in the changed file is guessed from their old
//! lengths. A guess that does not hold is given up, and the file gone through from its beginning.

use std::fs::File;
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

/// Another number whenever other bytes count as rows than before.
const RULES: u32 = 2;

/// How many bytes of a partition tell whether it begins at a place.
const SAMPLE: u64 = 4 << 10;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct EarlierSplit {
    rules: u32,
    /// The format, with the delimiter.
    kind: String,
    header: Digest,
    partitions: Vec<EarlierPartition>,
}

/// What is known of the contents of a partition.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct EarlierPartition {
    /// Of the header and the rows.
    digest: Digest,
    rows: u64,
    /// How long the rows are, without the header.
    bytes: u64,
}

/// Where the partitions may lie.
struct Guess {
    /// Where each begins, and where the last ends.
    offsets: Vec<u64>,
    /// The one that has grown or shrunk.
    changed: Option<usize>,
}

/// Splits by what is known; `None` if that says too little of the file as it is now.
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

/// Writes down what has been learned of `partitions`: contiguous rows of `text`. That this cannot be written is
/// no error: the partitions are in their places, and the next split will have to find it out again.
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

    /// What is known, if it is about files like `text` and about the partitions that are wanted.
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
        let text = std::fs::read_to_string(path).ok()?;
        let (digest, json) = text.split_once('\n')?;
        let json = json.strip_suffix('\n')?;
        (digest.parse() == Ok(Digest::of(json))).then(|| serde_json::from_str(json).ok())?
    }

    /// Where the partitions may lie if at most one of them has become longer or shorter.
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
        // If the next one does not begin as it did, that may be because its first rows have changed.
        let candidates = [changed, changed + 1].into_iter().filter(|i| *i < self.partitions.len());
        candidates.filter_map(|changed| shifted(&offsets, changed, more)).collect()
    }

    /// Whether the part `range` of `text` is as many rows as partition `i` had, from the first to the last.
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
            // What stands before the first row of all is a part of the first partition.
            let begins = i == 0 || index.offsets(text.source, pace.threads, &[0])? == [range.start];
            Ok(begins && index.rows == self.partitions[i].rows)
        };
        // An error is found again, and reported, when the file is gone through from its beginning.
        holds().unwrap_or(false)
    }
}

/// The guess that the partition `changed` has so many bytes `more` than before.
fn shifted(offsets: &[u64], changed: usize, more: i64) -> Option<Guess> {
    let mut offsets = offsets.to_vec();
    for offset in &mut offsets[changed + 1..] {
        *offset = offset.checked_add_signed(more)?;
    }
    (offsets[changed] <= offsets[changed + 1]).then_some(Guess { offsets, changed: Some(changed) })
}

/// Whether what lies at `offset` begins as partition `i`, or what there is of it on disk.
fn begins(request: &Request, text: &Text, i: usize, offset: u64) -> bool {
    let compare = || -> Result<bool, SplitError> {
        let path = request.layout.data(i as u64 + 1);
        let old = Source::new(file::context(File::open(&path), "read", &path)?, path.as_str())?;
        let sample = SAMPLE.min(old.len.saturating_sub(text.header.end)).min(text.source.len - offset);
        let (mut was, mut is) = (vec![0; sample as usize], vec![0; sample as usize]);
        old.read_exact_at(&mut was, text.header.end)?;
        text.source.read_exact_at(&mut is, offset)?;
        Ok(sample > 0 && was == is)
    };
    offset < text.source.len && compare().unwrap_or(false)
}
