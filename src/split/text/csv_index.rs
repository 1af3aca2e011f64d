//! Finds the rows of a CSV file with many threads. It is not known in advance whether a chunk begins between quotes:
//! each chunk is scanned from the likely state and, if a row then turns out malformed, from between quotes. The chunks
//! are joined in order, and one whose guess was wrong is scanned again from the true state. So a guess costs or saves
//! time, but decides nothing.

use std::ops::Range;

use super::csv::{Row, Rules, Scanner, State, Wrong};
use super::index::{Index, Pace, Replay, Rows, Span, chunk_count, chunk_range, load_long};
use crate::split::error::SplitError;
use crate::split::parallel;
use crate::split::source::{BUFFER, Fault, Source};

/// What a chunk says about its rows, once its initial state is known.
struct Scanned {
    /// The state assumed at its beginning.
    guess: State,
    /// The delimiters of the first row that ends here, some of which may be in earlier chunks.
    first: Option<Row>,
    rows: u64,
    /// The state of the scan at its end.
    end: Scanner,
    /// Whether a line has ended, so that `end` says where the current line begins.
    line_ended: bool,
    flaw: Option<Flaw>,
}

/// Something wrong in a chunk.
#[derive(Clone, Copy)]
enum Flaw {
    Byte(u64, Wrong),
    Ragged(Row),
}

struct Csv {
    body: Range<u64>,
    chunk: u64,
    checkpoints: Vec<Checkpoint>,
}

/// The state at the beginning of a chunk.
#[derive(Clone, Copy)]
struct Checkpoint {
    scanner: Scanner,
    rows: u64,
}

/// Finds the rows in the range `body` of the CSV file `source`, and checks that each has as many delimiters as the
/// header.
pub(super) fn index(
    source: &Source,
    (rules, delimiters): (Rules, u64),
    body: Range<u64>,
    pace: Pace,
) -> Result<Index, SplitError> {
    let mut joined = Joined {
        source,
        columns: delimiters,
        scanner: Scanner::new(rules, body.start),
        rows: 0,
        checkpoints: Vec::new(),
    };
    let count = chunk_count(&body, pace.chunk);
    // In waves, so that an error in the first rows does not wait for the last ones.
    let wave = 64 * pace.threads;
    for first in (0..count).step_by(wave) {
        let scanned = parallel::map(pace.threads, wave.min(count - first), Vec::new, |buffer, i| {
            let range = chunk_range(&body, pace.chunk, first + i);
            (pace.progress)(range.end - range.start);
            speculate(source, joined.columns, rules, range, buffer)
        })?;
        for (i, chunk) in scanned.into_iter().enumerate() {
            joined.join(chunk, chunk_range(&body, pace.chunk, first + i))?;
        }
    }
    let Joined { rows, checkpoints, .. } = joined.finish(body.end)?;
    let replay = Box::new(Csv { body: body.clone(), chunk: pace.chunk, checkpoints });
    Ok(Index { body, rows, replay })
}

/// The first row at or after `start`; `None` if there is none.
pub(super) fn first_row(source: &Source, rules: Rules, start: u64) -> Result<Option<Row>, SplitError> {
    let mut scanner = Scanner::new(rules, start);
    let mut buffer = Vec::new();
    let mut at = start;
    while at < source.len {
        let end = source.len.min(at + BUFFER);
        source.read_into(&mut buffer, at..end)?;
        match scanner.bytes(&buffer, at, &mut Err) {
            Ok(()) => at = end,
            Err(Ok(row)) => return Ok(Some(row)),
            Err(Err((at, wrong))) => return Err(wrong_byte(source, &scanner, (at, wrong), None)),
        }
    }
    check_end(source, &scanner, source.len, None)?;
    Ok(scanner.finish(source.len))
}

/// Scans a chunk whose initial state is unknown.
fn speculate(
    source: &Source,
    columns: u64,
    rules: Rules,
    range: Range<u64>,
    buffer: &mut Vec<u8>,
) -> Result<Scanned, SplitError> {
    // The byte before the chunk tells what it begins in; without a header, a file has none.
    let before = range.start.min(1);
    source.read_into(buffer, range.start - before..range.end)?;
    let (before, chunk) = buffer.split_at(before as usize);
    let guess = match before.first() {
        None | Some(b'\n') => State::LineStart,
        Some(b'\r') => State::Return,
        Some(byte) if *byte == rules.delimiter => State::FieldStart,
        Some(_) => State::Unquoted,
    };
    let from = |place| {
        let scanner = Scanner { place, ..Scanner::new(rules, range.start) };
        scan(scanner, columns, chunk, range.start)
    };
    let scanned = from(guess);
    if scanned.flaw.is_none() {
        return Ok(scanned);
    }
    let quoted = from(State::Quoted);
    Ok(if quoted.flaw.is_none() { quoted } else { scanned })
}

fn scan(mut scanner: Scanner, columns: u64, bytes: &[u8], base: u64) -> Scanned {
    let guess = scanner.place;
    let line = scanner.line;
    let (mut first, mut rows) = (None, 0);
    let result = scanner.feed(bytes, base, &mut |row: Row| {
        rows += 1;
        if first.is_none() {
            first = Some(row);
        } else if row.delimiters != columns {
            return Err(row);
        }
        Ok(())
    });
    let flaw = match result {
        Ok(()) => None,
        Err(Ok(row)) => Some(Flaw::Ragged(row)),
        Err(Err((at, wrong))) => Some(Flaw::Byte(at, wrong)),
    };
    Scanned { guess, first, rows, end: scanner, line_ended: scanner.line != line, flaw }
}

/// The chunks joined so far.
struct Joined<'a> {
    source: &'a Source,
    columns: u64,
    scanner: Scanner,
    rows: u64,
    checkpoints: Vec<Checkpoint>,
}

impl Joined<'_> {
    fn join(&mut self, mut chunk: Scanned, range: Range<u64>) -> Result<(), SplitError> {
        let before = self.scanner;
        self.checkpoints.push(Checkpoint { scanner: before, rows: self.rows });
        if chunk.guess != before.place {
            let mut buffer = Vec::new();
            self.source.read_into(&mut buffer, range.clone())?;
            let scanner = Scanner { place: before.place, ..Scanner::new(before.rules, range.start) };
            chunk = scan(scanner, self.columns, &buffer, range.start);
        }
        // If a blank line has ended before the first row, that row is whole.
        let first = chunk.first.map(|row| {
            if row.start > range.start {
                return row;
            }
            Row { start: before.line, delimiters: before.delimiters + row.delimiters, ..row }
        });
        if let Some(row) = first.filter(|row| row.delimiters != self.columns) {
            return Err(self.ragged(row, self.rows + 1));
        }
        self.scanner = chunk.end;
        if !chunk.line_ended {
            self.scanner.line = before.line;
            self.scanner.delimiters += before.delimiters;
        }
        self.rows += chunk.rows;
        match chunk.flaw {
            Some(Flaw::Ragged(row)) => Err(self.ragged(row, self.rows)),
            Some(Flaw::Byte(at, wrong)) => {
                Err(wrong_byte(self.source, &self.scanner, (at, wrong), Some(self.rows + 1)))
            }
            None => Ok(()),
        }
    }

    fn finish(mut self, end: u64) -> Result<Self, SplitError> {
        check_end(self.source, &self.scanner, end, Some(self.rows + 1))?;
        if let Some(row) = self.scanner.finish(end) {
            self.rows += 1;
            if row.delimiters != self.columns {
                return Err(self.ragged(row, self.rows));
            }
        }
        Ok(self)
    }

    fn ragged(&self, row: Row, number: u64) -> SplitError {
        let fields = |delimiters: u64| match delimiters + 1 {
            1 => "1 field".to_owned(),
            count => format!("{count} fields"),
        };
        let message =
            format!("row {number} has {}, the header has {}", fields(row.delimiters), self.columns + 1);
        let mut fault = Fault::new(row.start, message);
        fault.row = Some(number);
        let help = "put a field that holds the delimiter or a line end in double quotes";
        self.source.flaw(fault.help(help))
    }
}

/// An error if the rows cannot end at `end`, in the state of `scanner`.
fn check_end(source: &Source, scanner: &Scanner, end: u64, row: Option<u64>) -> Result<(), SplitError> {
    match scanner.place {
        State::Quoted => {
            let at = last_opening_quote(source, scanner, end)?;
            let mut fault = Fault::new(at, "a quote is opened here and never closed");
            fault.row = row;
            Err(source.flaw(fault.help("close it, or double it if it is part of a quoted field")))
        }
        State::Return | State::BlankReturn => Err(wrong_byte(source, scanner, (end, Wrong::BareReturn), row)),
        _ => Ok(()),
    }
}

/// Where the field begins that is still open, according to `last`, at `end`.
fn last_opening_quote(source: &Source, last: &Scanner, end: u64) -> Result<u64, SplitError> {
    let mut scanner = Scanner::new(last.rules, last.line);
    let mut buffer = Vec::new();
    let mut opened = last.line;
    let mut at = last.line;
    while at < end {
        let stop = end.min(at + BUFFER);
        source.read_into(&mut buffer, at..stop)?;
        for (i, byte) in buffer.iter().enumerate() {
            let before = scanner.place;
            let fed = scanner.bytes(std::slice::from_ref(byte), 0, &mut |_| Ok::<_, ()>(()));
            debug_assert!(fed.is_ok(), "the row was scanned before");
            if scanner.place == State::Quoted && !matches!(before, State::Quoted | State::Closed) {
                opened = at + i as u64;
            }
        }
        at = stop;
    }
    Ok(opened)
}

fn wrong_byte(source: &Source, scanner: &Scanner, (at, wrong): (u64, Wrong), row: Option<u64>) -> SplitError {
    let mut fault = match wrong {
        Wrong::Nul => Fault::new(at, "a NUL byte: this is not text in UTF-8 or another one-byte encoding")
            .help("convert the file (UTF-16?) to UTF-8"),
        Wrong::AfterQuote => Fault::new(at, "text after the closing quote of a field").help(format!(
            "a quote inside a quoted field is doubled; behind the field comes `{}` or the end of the line",
            (scanner.rules.delimiter as char).escape_default()
        )),
        Wrong::BareReturn => Fault::new(at - 1, "a carriage return without a line feed")
            .help("put the field in quotes, or convert the line ends to LF or CRLF"),
    };
    fault.row = row;
    source.flaw(fault)
}

impl Replay for Csv {
    fn chunks(&self) -> usize {
        self.checkpoints.len()
    }

    fn rows_before(&self, chunk: usize) -> u64 {
        self.checkpoints[chunk].rows
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
        let mut scanner = self.checkpoints[chunk].scanner;
        let mut each = |found: Row| if row(found.start..found.end) { Ok(()) } else { Err(()) };
        match scanner.feed(&buffer, range.start, &mut each) {
            Ok(()) => {}
            Err(Ok(())) => return Ok(()),
            Err(Err(_)) => return Err(source.changed()),
        }
        if range.end == self.body.end
            && let Some(last) = scanner.finish(range.end)
        {
            row(last.start..last.end);
        }
        Ok(())
    }

    fn load(&self, source: &Source, chunk: usize, rows: &mut Rows) -> Result<(), SplitError> {
        let range = chunk_range(&self.body, self.chunk, chunk);
        let mut scanner = self.checkpoints[chunk].scanner;
        // What the first row has before the chunk is read with it, unless it is long.
        let base = scanner.line.min(range.start);
        if range.end - base > (2 * self.chunk).min(u32::MAX.into()) {
            return load_long(self, source, chunk, rows);
        }
        rows.spans.clear();
        rows.base = base;
        source.read_into(&mut rows.bytes, base..range.end)?;
        let spans = &mut rows.spans;
        let mut add = |row: Row| {
            spans.push(((row.start - base) as u32, (row.end - base) as u32));
            Ok::<_, ()>(())
        };
        let fed = scanner.feed(&rows.bytes[(range.start - base) as usize..], range.start, &mut add);
        fed.map_err(|_| source.changed())?;
        if range.end == self.body.end
            && let Some(last) = scanner.finish(range.end)
        {
            spans.push(((last.start - base) as u32, (last.end - base) as u32));
        }
        Ok(())
    }
}
