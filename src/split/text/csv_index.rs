//! Finds the rows of a CSV file with many threads. It is not known in advance whether a chunk begins between quotes:
//! each chunk is scanned from the likely state and, if a row then turns out malformed, from between quotes. The chunks
//! are joined in order, and one whose guess was wrong is scanned again from the true state. So a guess costs or saves
//! time, but decides nothing.

use std::ops::Range;

use super::csv::{Row, Rules, Scanner, State, Wrong};
use super::gather::{Gather, Taken, Taker, wave};
use super::index::{Index, Pace, Replay, Rows, Span, chunk_count, chunk_range, load_long};
use super::kept::Kept;
use crate::split::error::SplitError;
use crate::split::source::{BUFFER, Fault, Source};

/// What a chunk says about its rows, once its initial state is known.
struct Scanned {
    /// The state assumed at its beginning.
    guess: State,
    /// The first row that ends here, if it may begin in an earlier chunk, with its delimiters in this one.
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
    kept: Kept,
}

/// The state at the beginning of a chunk.
#[derive(Clone, Copy)]
struct Checkpoint {
    scanner: Scanner,
    rows: u64,
}

/// Finds the rows in the range `body` of the CSV file `source`, and checks that each has as many delimiters as the
/// header.
pub(super) fn index<T: Send>(
    source: &Source,
    (rules, delimiters): (Rules, u64),
    body: Range<u64>,
    pace: Pace,
    mut gather: Option<Gather<T>>,
) -> Result<Index, SplitError> {
    let mut joined = Joined {
        source,
        columns: delimiters,
        scanner: Scanner::new(rules, body.start),
        rows: 0,
        checkpoints: Vec::new(),
        kept: Kept::new(pace.keep),
    };
    let count = chunk_count(&body, pace.chunk);
    // In waves, so that an error in the first rows does not wait for the last ones.
    let most = gather.as_ref().map_or(64 * pace.threads, |gather| gather.chunks);
    let mut first = 0;
    while first < count {
        let taker = Taker::new(gather.as_ref(), joined.kept.is_open());
        let scan = Scan { source, columns: delimiters, rules, taker };
        let scanned = wave((pace.threads, most.min(count - first)), &scan.taker, |rows, i| {
            let range = chunk_range(&body, pace.chunk, first + i);
            (pace.progress)(range.end - range.start);
            scan.speculate(range, rows)
        })?;
        let mut found = (Vec::with_capacity(most), Vec::with_capacity(most));
        for chunk in scanned {
            let (before, made) = joined.join(&scan, chunk, chunk_range(&body, pace.chunk, first))?;
            found.0.push(before);
            found.1.push(made);
            first += 1;
        }
        if let Some(gather) = &mut gather {
            gather.hand_on(source, pace.threads, found)?;
        }
    }
    let last = joined.finish(body.end)?;
    if let Some(gather) = &mut gather {
        gather.hand_on(source, pace.threads, (vec![last], vec![None]))?;
    }
    let Joined { rows, checkpoints, kept, .. } = joined;
    let replay = Box::new(Csv { body: body.clone(), chunk: pace.chunk, checkpoints, kept });
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

/// How to scan chunks.
struct Scan<'a, T> {
    source: &'a Source,
    columns: u64,
    rules: Rules,
    taker: Taker<'a, T>,
}

impl<T: Send> Scan<'_, T> {
    /// Scans a chunk whose initial state is unknown.
    fn speculate(&self, range: Range<u64>, rows: &mut Rows) -> Result<(Scanned, Taken<T>), SplitError> {
        // The byte before the chunk tells what it begins in; without a header, a file has none.
        rows.base = range.start - range.start.min(1);
        self.source.read_into(&mut rows.bytes, rows.base..range.end)?;
        let before = (range.start > rows.base).then(|| rows.bytes[0]);
        let guess = match before {
            None | Some(b'\n') => State::LineStart,
            Some(b'\r') => State::Return,
            Some(byte) if byte == self.rules.delimiter => State::FieldStart,
            Some(_) => State::Unquoted,
        };
        let mut scanned = self.scan(guess, range.start, rows);
        if scanned.flaw.is_some() {
            let quoted = self.scan(State::Quoted, range.start, rows);
            if quoted.flaw.is_none() {
                scanned = quoted;
            }
        }
        self.taken(scanned, rows)
    }

    /// Scans a chunk from its true state.
    fn again(&self, place: State, range: Range<u64>) -> Result<(Scanned, Taken<T>), SplitError> {
        let mut rows = Rows { base: range.start, ..Rows::default() };
        self.source.read_into(&mut rows.bytes, range.clone())?;
        let scanned = self.scan(place, range.start, &mut rows);
        self.taken(scanned, &mut rows)
    }

    /// A scan with what is made of its rows, which are well formed if it has no flaw.
    fn taken(&self, scanned: Scanned, rows: &mut Rows) -> Result<(Scanned, Taken<T>), SplitError> {
        let is_good = scanned.flaw.is_none();
        let taken = if is_good { self.taker.chunk(self.source, rows, None)? } else { Taken::default() };
        Ok((scanned, taken))
    }

    /// Scans the bytes of `rows` from `start` on, and finds where the rows are that are whole there.
    fn scan(&self, guess: State, start: u64, rows: &mut Rows) -> Scanned {
        let Rows { base, bytes, spans } = rows;
        let (base, bytes) = (*base, &bytes[(start - *base) as usize..]);
        let scanner = Scanner { place: guess, ..Scanner::new(self.rules, start) };
        spans.clear();
        if !self.taker.wants_rows() {
            return scan(scanner, self.columns, bytes, &mut |_| {});
        }
        scan(scanner, self.columns, bytes, &mut |row| {
            spans.push(((row.start - base) as u32, (row.end - base) as u32));
        })
    }
}

/// Scans `bytes` and calls `found` with every row that certainly begins there.
#[inline]
fn scan(mut scanner: Scanner, columns: u64, bytes: &[u8], found: &mut impl FnMut(Row)) -> Scanned {
    let (guess, line) = (scanner.place, scanner.line);
    let (mut first, mut rows) = (None, 0);
    let result = scanner.feed(bytes, line, &mut |row: Row| {
        rows += 1;
        if row.start == line {
            first = Some(row);
            return Ok(());
        }
        found(row);
        if row.delimiters == columns { Ok(()) } else { Err(row) }
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
    kept: Kept,
}

impl Joined<'_> {
    /// The row that begins before the chunk or with it and ends in it, and what has been made of the other rows.
    fn join<T: Send>(
        &mut self,
        scan: &Scan<T>,
        (mut chunk, mut taken): (Scanned, Taken<T>),
        range: Range<u64>,
    ) -> Result<(Option<Range<u64>>, Option<T>), SplitError> {
        let before = self.scanner;
        self.checkpoints.push(Checkpoint { scanner: before, rows: self.rows });
        if chunk.guess != before.place {
            (chunk, taken) = scan.again(before.place, range.clone())?;
        }
        let first = chunk.first.map(|row| {
            let delimiters = before.delimiters + row.delimiters;
            Row { start: before.line, delimiters, ..row }
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
            Some(Flaw::Ragged(row)) => return Err(self.ragged(row, self.rows)),
            Some(Flaw::Byte(at, wrong)) => {
                return Err(wrong_byte(self.source, &self.scanner, (at, wrong), Some(self.rows + 1)));
            }
            None => {}
        }
        let first = first.map(|row| row.start..row.end);
        self.kept.add(taken.lengths.map(|rest| rest.behind(first.clone())));
        Ok((first, taken.made))
    }

    /// The last row, if no line feed ends it.
    fn finish(&mut self, end: u64) -> Result<Option<Range<u64>>, SplitError> {
        check_end(self.source, &self.scanner, end, Some(self.rows + 1))?;
        let Some(row) = self.scanner.finish(end) else { return Ok(None) };
        self.rows += 1;
        if row.delimiters != self.columns {
            return Err(self.ragged(row, self.rows));
        }
        self.kept.add_row(row.start..row.end);
        Ok(Some(row.start..row.end))
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
        if self.kept.load(source, chunk, rows)? {
            return Ok(());
        }
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
