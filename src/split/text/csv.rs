//! The CSV scanner: where the rows of RFC 4180 text end, and whether they are well formed. It can stop between any two
//! bytes and resume there. Knows nothing of files or partitions.
//!
//! Beyond the RFC, it assumes that a quote inside an unquoted field is data, that a blank line is not a row (unless
//! there is only one column: then its value is missing), that a carriage return outside quotes precedes a line feed,
//! and that text never contains NUL.
//!
//! [`Scanner::step`] is the definition, byte by byte. [`Scanner::block`] takes 64 bytes at once if nothing out of the
//! ordinary happens in them, and leaves every other block to `step`; a test compares the two.

use super::mask::{BLOCK, Block, prefix_xor};
use crate::split::format::Dialect;

/// The position of the scanner in a row, between two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::split) enum State {
    /// Before the first byte of a line.
    LineStart,
    /// After a delimiter.
    FieldStart,
    /// In an unquoted field.
    Unquoted,
    /// Between quotes.
    Quoted,
    /// After a quote between quotes: the closing one, or the first of a pair.
    Closed,
    /// After a carriage return outside quotes.
    Return,
    /// After a carriage return at the beginning of a line.
    BlankReturn,
    /// In a comment line.
    Comment,
}

/// What is wrong with a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::split) enum Wrong {
    /// A NUL.
    Nul,
    /// Something other than a delimiter or a line end after a closing quote.
    AfterQuote,
    /// A carriage return without a line feed; the byte is the one after it.
    BareReturn,
}

/// What a byte does to its row.
enum Event {
    None,
    Delimiter,
    Row,
    Blank,
    Comment,
}

/// The end of a line that is a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::split) struct Row {
    /// Where the row begins.
    pub(in crate::split) start: u64,
    /// Where the next line begins.
    pub(in crate::split) end: u64,
    /// The number of its delimiters.
    pub(in crate::split) delimiters: u64,
}

/// The meaning of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::split) struct Rules {
    pub(in crate::split) delimiter: u8,
    /// NUL if there is none, which never occurs in text.
    pub(in crate::split) quote: u8,
    /// What begins a comment; likewise.
    pub(in crate::split) comment: u8,
    /// Whether a blank line is a row.
    pub(in crate::split) blank_is_row: bool,
}

impl Rules {
    /// The rules of a dialect, for a file with several columns.
    pub(in crate::split) fn new(dialect: Dialect) -> Self {
        let Dialect { delimiter, quote, comment, .. } = dialect;
        Self { delimiter, quote: quote.unwrap_or(0), comment: comment.unwrap_or(0), blank_is_row: false }
    }
}

/// Everything needed to resume scanning at a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::split) struct Scanner {
    pub(in crate::split) rules: Rules,
    pub(in crate::split) place: State,
    /// Delimiters seen in the current line.
    pub(in crate::split) delimiters: u64,
    /// Where the current line begins.
    pub(in crate::split) line: u64,
}

/// Why a scan stopped early: at a wrong byte, with its offset, or with what the visitor returned.
pub(in crate::split) type Stop<E> = Result<E, (u64, Wrong)>;

impl Scanner {
    /// A scanner at the beginning of a line at offset `line`.
    pub(in crate::split) fn new(rules: Rules, line: u64) -> Self {
        Self { rules, place: State::LineStart, delimiters: 0, line }
    }

    /// Scans `bytes`, whose offset is `base`, and calls `row` at the end of each row. Stops at the first wrong byte and
    /// at the first error from `row`.
    pub(in crate::split) fn feed<E>(
        &mut self,
        bytes: &[u8],
        base: u64,
        row: &mut impl FnMut(Row) -> Result<(), E>,
    ) -> Result<(), Stop<E>> {
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        let mut at = base;
        for block in blocks {
            if !self.block(block, at, row).map_err(Ok)? {
                self.bytes(block, at, row)?;
            }
            at += BLOCK as u64;
        }
        self.bytes(rest, at, row)
    }

    /// The last row of the file, given that the scanner is at its end, if no line feed ends it.
    pub(in crate::split) fn finish(&self, end: u64) -> Option<Row> {
        let open = !matches!(self.place, State::LineStart | State::Comment);
        open.then_some(Row { start: self.line, end, delimiters: self.delimiters })
    }

    /// Like [`Self::feed`], byte by byte.
    pub(in crate::split) fn bytes<E>(
        &mut self,
        bytes: &[u8],
        base: u64,
        row: &mut impl FnMut(Row) -> Result<(), E>,
    ) -> Result<(), Stop<E>> {
        for (i, byte) in bytes.iter().enumerate() {
            let at = base + i as u64;
            match self.step(*byte).map_err(|wrong| Err((at, wrong)))? {
                Event::None => {}
                Event::Delimiter => self.delimiters += 1,
                Event::Blank if !self.rules.blank_is_row => (self.line, self.delimiters) = (at + 1, 0),
                Event::Comment => (self.line, self.delimiters) = (at + 1, 0),
                Event::Row | Event::Blank => {
                    let ended = Row { start: self.line, end: at + 1, delimiters: self.delimiters };
                    (self.line, self.delimiters) = (at + 1, 0);
                    row(ended).map_err(Ok)?;
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn step(&mut self, byte: u8) -> Result<Event, Wrong> {
        use State::{BlankReturn, Closed, Comment, FieldStart, LineStart, Quoted, Return, Unquoted};
        let Rules { delimiter, quote, comment, .. } = self.rules;
        let (place, event) = match (self.place, byte) {
            (_, 0) => return Err(Wrong::Nul),
            (Comment, b'\n') => (LineStart, Event::Comment),
            (Comment, _) => (Comment, Event::None),
            (LineStart, byte) if byte == comment => (Comment, Event::None),
            (Quoted, byte) if byte == quote => (Closed, Event::None),
            (Quoted, _) => (Quoted, Event::None),
            (Return, b'\n') => (LineStart, Event::Row),
            (BlankReturn, b'\n') => (LineStart, Event::Blank),
            (Return | BlankReturn, _) => return Err(Wrong::BareReturn),
            (LineStart, b'\n') => (LineStart, Event::Blank),
            (LineStart, b'\r') => (BlankReturn, Event::None),
            (_, b'\n') => (LineStart, Event::Row),
            (_, b'\r') => (Return, Event::None),
            (_, byte) if byte == delimiter => (FieldStart, Event::Delimiter),
            (LineStart | FieldStart | Closed, byte) if byte == quote => (Quoted, Event::None),
            (Closed, _) => return Err(Wrong::AfterQuote),
            (LineStart | FieldStart | Unquoted, _) => (Unquoted, Event::None),
        };
        self.place = place;
        Ok(event)
    }

    /// Processes the whole block and returns true, or changes nothing and returns false: if the block begins after a
    /// quote or a carriage return, or contains a NUL, a lone carriage return, or quotes that are not at the ends of
    /// fields.
    #[inline]
    fn block<E>(
        &mut self,
        bytes: &[u8; BLOCK],
        base: u64,
        row: &mut impl FnMut(Row) -> Result<(), E>,
    ) -> Result<bool, E> {
        let (inside, at_field, at_line) = match self.place {
            State::LineStart => (0, 1, 1),
            State::FieldStart => (0, 1, 0),
            State::Unquoted => (0, 0, 0),
            State::Quoted => (!0, 0, 0),
            State::Closed | State::Return | State::BlankReturn | State::Comment => return Ok(false),
        };
        let block = Block::new(bytes);
        let Rules { quote, comment, delimiter, blank_is_row } = self.rules;
        let quotes = if quote == 0 { 0 } else { block.equal(quote) };
        if comment != 0 && block.equal(comment) & (block.equal(b'\n') << 1 | at_line) != 0 {
            return Ok(false);
        }
        let blanks = if blank_is_row { 0 } else { !0 };
        if quotes == 0 && !block.has_either(0, b'\r') {
            if inside == 0 {
                let (feeds, delimiters) = (block.equal(b'\n'), block.equal(delimiter));
                self.rows(base, feeds, (feeds & (feeds << 1 | at_line) & blanks, delimiters), row)?;
                self.place = self.outside_behind(bytes[BLOCK - 1]);
            }
            return Ok(true);
        }
        let (feeds, returns, delimiters) = (block.equal(b'\n'), block.equal(b'\r'), block.equal(delimiter));
        let quoted = prefix_xor(quotes) ^ inside;
        let (ends, delimiters) = (feeds & !quoted, delimiters & !quoted);
        let lone = returns & !quoted & !(feeds >> 1);
        let opening = quotes & quoted;
        let closing = quotes & !quoted;
        let may_open = (ends | delimiters | closing) << 1 | at_field;
        let may_follow = ((feeds | returns | quotes) >> 1) | (delimiters >> 1) | 1 << 63;
        if (lone | (opening & !may_open) | (closing & !may_follow) | block.equal(0)) != 0 {
            return Ok(false);
        }
        let starts = ends << 1 | at_line;
        let blank = ends & (starts | (starts & returns) << 1) & blanks;
        self.rows(base, ends, (blank, delimiters), row)?;
        self.place = match bytes[BLOCK - 1] {
            _ if quoted >> 63 == 1 => State::Quoted,
            byte if byte == quote => State::Closed,
            byte => self.outside_behind(byte),
        };
        Ok(true)
    }

    /// The state after a byte outside quotes that is neither a quote nor a carriage return.
    #[inline]
    fn outside_behind(&self, byte: u8) -> State {
        match byte {
            b'\n' => State::LineStart,
            byte if byte == self.rules.delimiter => State::FieldStart,
            _ => State::Unquoted,
        }
    }

    /// Calls `row` for the line ends in a block that are not `blank`.
    #[inline(always)]
    fn rows<E>(
        &mut self,
        base: u64,
        mut ends: u64,
        (blank, mut delimiters): (u64, u64),
        row: &mut impl FnMut(Row) -> Result<(), E>,
    ) -> Result<(), E> {
        while ends != 0 {
            let bit = ends & ends.wrapping_neg();
            let end = base + u64::from(ends.trailing_zeros()) + 1;
            let before = delimiters & (bit - 1);
            let ended =
                Row { start: self.line, end, delimiters: self.delimiters + u64::from(before.count_ones()) };
            (self.line, self.delimiters) = (end, 0);
            if blank & bit == 0 {
                row(ended)?;
            }
            delimiters ^= before;
            ends ^= bit;
        }
        self.delimiters += u64::from(delimiters.count_ones());
        Ok(())
    }
}
