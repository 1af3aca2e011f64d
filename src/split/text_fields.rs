//! The fields of well-formed rows of CSV.

use std::borrow::Cow;
use std::ops::Range;

use super::format::Dialect;
use super::text::mask::{BLOCK, Block};

/// A row in the bytes of its chunk.
#[derive(Clone, Copy)]
pub(super) struct From<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'a> From<'a> {
    #[inline]
    pub(super) fn new(bytes: &'a [u8], (start, end): &(u32, u32)) -> Self {
        Self { bytes, start: *start as usize, end: *end as usize }
    }

    #[inline]
    pub(super) fn row(self) -> &'a [u8] {
        &self.bytes[self.start..self.end]
    }

    /// Where the field `number` of a well-formed row is, if that is near the row's beginning and no quote is before its
    /// end.
    #[inline(always)]
    pub(super) fn near_field(self, dialect: Dialect, number: usize) -> Option<Range<usize>> {
        let block = Block::new(self.bytes[self.start..].first_chunk::<BLOCK>()?);
        let length = self.end - self.start;
        let mut ends = block.equal(dialect.delimiter) & before(length);
        let mut start = 0;
        for _ in 0..number {
            start = ends.trailing_zeros() as usize + 1;
            ends &= ends.wrapping_sub(1);
        }
        let end = match ends.trailing_zeros() as usize {
            BLOCK if length <= BLOCK => without_line_end(self.row()).len(),
            end => end,
        };
        let quotes = dialect.quote.map_or(0, |quote| block.equal(quote)) & before(end);
        (start <= end && end < BLOCK && quotes == 0).then(|| self.start + start..self.start + end)
    }
}

/// The bits of a block that are before `end`.
#[inline]
fn before(end: usize) -> u64 {
    if end < BLOCK { (1 << end) - 1 } else { !0 }
}

/// The value of the field `number` of a well-formed row.
pub(super) fn nth_field(row: &[u8], dialect: Dialect, number: usize) -> Cow<'_, [u8]> {
    let mut rest = without_line_end(row);
    for _ in 0..number {
        let (_, end) = field(rest, dialect);
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    field(rest, dialect).0
}

pub(super) fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The values of the fields of a well-formed row.
pub(super) fn split_fields(row: &[u8], dialect: Dialect) -> Vec<Cow<'_, [u8]>> {
    let (row, mut ends, mut start) = (without_line_end(row), Vec::new(), 0);
    field_ends(row, dialect, &mut ends);
    let mut one = |end: usize| field(&row[std::mem::replace(&mut start, end + 1)..end], dialect).0;
    ends.into_iter().map(&mut one).collect()
}

/// Where each field of a row without its line end ends.
pub(super) fn field_ends(row: &[u8], dialect: Dialect, ends: &mut Vec<usize>) {
    ends.clear();
    if dialect.quote.is_none_or(|quote| memchr::memchr(quote, row).is_none()) {
        ends.extend(memchr::memchr_iter(dialect.delimiter, row));
        return ends.push(row.len());
    }
    let mut at = 0;
    loop {
        at += field(&row[at..], dialect).1;
        ends.push(at);
        if at >= row.len() {
            return;
        }
        at += 1;
    }
}

/// The value of the field that `text` begins with, and where the field ends.
pub(super) fn field(text: &[u8], dialect: Dialect) -> (Cow<'_, [u8]>, usize) {
    let Some(quote) = dialect.quote.filter(|quote| text.first() == Some(quote)) else {
        let end = memchr::memchr(dialect.delimiter, text).unwrap_or(text.len());
        return (Cow::Borrowed(&text[..end]), end);
    };
    let (mut value, mut at) = (Vec::new(), 1);
    while let Some(found) = memchr::memchr(quote, &text[at..]) {
        value.extend_from_slice(&text[at..at + found]);
        at += found + 1;
        if text.get(at) != Some(&quote) {
            break;
        }
        value.push(quote);
        at += 1;
    }
    (Cow::Owned(value), at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_field_is_the_field() {
        let long = format!("a,{},b,c", "x".repeat(70));
        let lines =
            ["a,bc,,d\r\n", "a,b\"c,d\n", "\"a\",b\n", "a,\"b,c\",d", "\n", ",,,\n", "", long.as_str()];
        for line in lines {
            let bytes = [b"\n,", line.as_bytes(), b"x,y\n", &[b','; BLOCK]].concat();
            let row = From::new(&bytes, &(2, 2 + line.len() as u32));
            let fields = split_fields(row.row(), Dialect::new(b','));
            for (number, field) in fields.iter().enumerate() {
                let found = row.near_field(Dialect::new(b','), number).map(|place| &bytes[place]);
                let up_to = fields[..=number].iter().map(|field| field.len() + 1).sum::<usize>();
                let is_near = up_to <= BLOCK && !line.as_bytes()[..up_to.min(line.len())].contains(&b'"');
                assert_eq!(found, is_near.then_some(&field[..]), "{line} {number}");
            }
        }
    }

    #[test]
    fn fields_are_read_without_their_quotes() {
        let fields = split_fields(b"a,\"b,\"\"c\"\"\n\",,x\"y\r\n", Dialect::new(b','));
        assert_eq!(fields, [&b"a"[..], b"b,\"c\"\n", b"", b"x\"y"]);
        assert_eq!(split_fields(b"", Dialect::new(b',')), [b"".as_slice()]);
        assert_eq!(split_fields(b"a,\n", Dialect::new(b',')), [&b"a"[..], b""]);
    }
}
