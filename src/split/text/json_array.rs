//! The rows of a JSON array: its elements. One thread finds them from beginning to end; it keeps only the state at each
//! chunk.

use std::ops::Range;

use super::index::{Index, Pace, Replay, Rows, Span, chunk_count, chunk_range, load_long};
use super::json::{Json, Utf8};
use super::json_lines::{fault, not_utf8};
use super::kept::{Kept, Lengths};
use crate::split::error::SplitError;
use crate::split::source::{Fault, Source};

/// The state of a scan of an array.
#[derive(Clone, Debug)]
enum State {
    /// Before `[`.
    Before,
    /// After `[`.
    Opened,
    /// After a comma.
    Comma,
    /// In the element that begins at this offset.
    Element(u64, Json),
    /// After an element.
    Next,
    /// After `]`.
    Closed,
}

/// The scan of an array; it can resume at any byte.
#[derive(Clone, Debug)]
struct Scanner {
    state: State,
}

struct JsonArray {
    body: Range<u64>,
    chunk: u64,
    checkpoints: Vec<(Scanner, u64)>,
    kept: Kept,
}

/// Finds the elements of `source` and checks that its whole `body` is one JSON array in UTF-8.
pub(super) fn index(source: &Source, body: Range<u64>, pace: Pace) -> Result<Index, SplitError> {
    let (mut scanner, mut utf8) = (Scanner { state: State::Before }, Utf8::default());
    let (mut rows, mut checkpoints, mut buffer) = (0, Vec::new(), Vec::new());
    let mut kept = Kept::new(pace.keep);
    for i in 0..chunk_count(&body, pace.chunk) {
        let range = chunk_range(&body, pace.chunk, i);
        (pace.progress)(range.end - range.start);
        checkpoints.push((scanner.clone(), rows));
        source.read_into(&mut buffer, range.clone())?;
        let result = utf8.feed(&buffer).map_err(|at| not_utf8(range.start + at as u64));
        let mut lengths = kept.is_open().then(Lengths::default);
        let result = result.and_then(|()| {
            scanner.feed(&buffer, range.start, &mut |element| {
                rows += 1;
                lengths.iter_mut().for_each(|lengths| lengths.push(element.clone()));
                true
            })
        });
        if let Err(mut fault) = result {
            fault.row = Some(rows + 1);
            return Err(source.flaw(fault));
        }
        kept.add(lengths);
    }
    if !matches!(scanner.state, State::Closed) {
        return Err(source.flaw(scanner.cut(source.len)));
    }
    let replay = Box::new(JsonArray { body: body.clone(), chunk: pace.chunk, checkpoints, kept });
    Ok(Index { body, rows, replay })
}

impl Scanner {
    /// Scans `bytes`, whose offset is `base`, and calls `element` at the end of each element, until it returns false.
    fn feed(&mut self, bytes: &[u8], base: u64, element: &mut dyn FnMut(Span) -> bool) -> Result<(), Fault> {
        let mut i = 0;
        while i < bytes.len() {
            let at = base + i as u64;
            if let State::Element(start, json) = &mut self.state {
                i += json.value(&bytes[i..]).map_err(|wrong| fault(at, wrong))?;
                if json.ended() {
                    let span = *start..base + i as u64;
                    self.state = State::Next;
                    if !element(span) {
                        return Ok(());
                    }
                }
                continue;
            }
            self.state = match (&self.state, bytes[i]) {
                (_, b' ' | b'\t' | b'\n' | b'\r') => {
                    i += 1;
                    continue;
                }
                (State::Before, b'[') => State::Opened,
                (State::Opened | State::Next, b']') => State::Closed,
                (State::Next, b',') => State::Comma,
                (State::Opened | State::Comma, _) => {
                    self.state = State::Element(at, Json::new());
                    continue;
                }
                _ => return Err(self.unexpected(at)),
            };
            i += 1;
        }
        Ok(())
    }

    fn unexpected(&self, at: u64) -> Fault {
        match self.state {
            State::Before => Fault::new(at, "not a JSON array: expected `[`")
                .help("a file with one JSON value on each line is JSON Lines: `--format jsonl`"),
            State::Closed => Fault::new(at, "text behind the end of the JSON array"),
            _ => Fault::new(at, "not JSON: expected `,` or `]`"),
        }
    }

    fn cut(&self, end: u64) -> Fault {
        let expected = match &self.state {
            State::Before => "`[`",
            State::Element(_, json) if !json.complete() => json.expected(),
            State::Comma => "a value",
            _ => "`,` or `]`",
        };
        Fault::new(end, format!("the file ends in the middle of the JSON array: expected {expected}"))
    }
}

impl Replay for JsonArray {
    fn chunks(&self) -> usize {
        self.checkpoints.len()
    }

    fn rows_before(&self, chunk: usize) -> u64 {
        self.checkpoints[chunk].1
    }

    fn visit(
        &self,
        source: &Source,
        chunk: usize,
        row: &mut dyn FnMut(Span) -> bool,
    ) -> Result<(), SplitError> {
        let range = chunk_range(&self.body, self.chunk, chunk);
        let mut buffer = Vec::new();
        source.read_into(&mut buffer, range.clone())?;
        let mut scanner = self.checkpoints[chunk].0.clone();
        scanner.feed(&buffer, range.start, row).map_err(|_| source.changed())
    }

    fn load(&self, source: &Source, chunk: usize, rows: &mut Rows) -> Result<(), SplitError> {
        if self.kept.load(source, chunk, rows)? { Ok(()) } else { load_long(self, source, chunk, rows) }
    }
}
