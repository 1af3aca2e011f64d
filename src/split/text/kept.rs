//! Where rows are, in a byte for most of them, so that they need not be searched again when the file is cut.

use std::ops::Range;

use super::index::Rows;
use crate::split::error::SplitError;
use crate::split::source::Source;

/// Before what lies between two rows, as four bytes.
const GAP: u8 = 0;

/// Before the length of a row, as four bytes.
const LONG: u8 = u8::MAX;

/// Where the rows of a chunk are.
#[derive(Default)]
pub(super) struct Lengths {
    range: Range<u64>,
    /// The lengths of rows, and of what is between them.
    codes: Vec<u8>,
    /// Whether there was a length that does not fit into four bytes.
    is_partial: bool,
}

impl Lengths {
    /// Of rows after `base`: where each starts and ends.
    pub(super) fn of(base: u64, spans: &[(u32, u32)]) -> Self {
        let Some(first) = spans.first() else { return Self::default() };
        let mut all = Self { codes: Vec::with_capacity(spans.len()), ..Self::default() };
        let mut behind = first.0;
        for (start, end) in spans {
            if end - start < LONG.into() && *start == behind {
                all.codes.push((end - start) as u8);
            } else {
                all.push_long(GAP, u64::from(start - behind));
                all.push_long(LONG, u64::from(end - start));
            }
            behind = *end;
        }
        all.range = base + u64::from(first.0)..base + u64::from(behind);
        all
    }

    /// Adds the next row, which has at least one byte.
    pub(super) fn push(&mut self, row: Range<u64>) {
        if self.range.is_empty() {
            self.range = row.start..row.start;
        }
        self.push_long(GAP, row.start - self.range.end);
        self.push_long(LONG, row.end - row.start);
        self.range.end = row.end;
    }

    /// The same behind another row.
    pub(super) fn behind(self, row: Option<Range<u64>>) -> Self {
        let Some(row) = row else { return self };
        let mut all = Self { codes: Vec::with_capacity(self.codes.len() + 10), ..Self::default() };
        all.push(row);
        if !self.range.is_empty() {
            all.push_long(GAP, self.range.start - all.range.end);
            all.codes.extend_from_slice(&self.codes);
            all.range.end = self.range.end;
        }
        all.is_partial |= self.is_partial;
        all
    }

    fn push_long(&mut self, code: u8, length: u64) {
        if length > 0 {
            let length = u32::try_from(length).inspect_err(|_| self.is_partial = true).unwrap_or_default();
            self.codes.push(code);
            self.codes.extend(length.to_le_bytes());
        }
    }

    /// Start and end of each row, from the beginning of the first.
    fn spans(&self, spans: &mut Vec<(u32, u32)>) {
        spans.clear();
        spans.reserve(self.codes.len());
        let (mut rest, mut at) = (self.codes.as_slice(), 0);
        while let Some((code, behind)) = rest.split_first() {
            rest = behind;
            let mut length = u32::from(*code);
            if matches!(*code, GAP | LONG)
                && let Some((long, behind)) = rest.split_first_chunk()
            {
                (length, rest) = (u32::from_le_bytes(*long), behind);
            }
            if *code != GAP {
                spans.push((at, at + length));
            }
            at += length;
        }
    }
}

/// Where the rows of chunks are, as long as there is memory for it.
pub(super) struct Kept {
    chunks: Vec<Option<Lengths>>,
    /// How many bytes are left.
    left: u64,
}

impl Kept {
    /// Of no chunk yet, in at most `most` bytes.
    pub(super) fn new(most: u64) -> Self {
        Self { chunks: Vec::new(), left: most }
    }

    /// Whether there may be room for more.
    pub(super) fn is_open(&self) -> bool {
        self.left > 0
    }

    /// Adds the next chunk; `None` if it is not known where its rows are.
    pub(super) fn add(&mut self, chunk: Option<Lengths>) {
        let chunk = chunk.filter(|chunk| !chunk.is_partial && chunk.range.end - chunk.range.start <= MOST);
        let weight = |chunk: &Lengths| (chunk.codes.capacity() + size_of::<Option<Lengths>>()) as u64;
        // What there is no room for shall not be followed by what there is room for: then nobody has to look for it.
        let left = chunk.as_ref().map_or(Some(self.left), |chunk| self.left.checked_sub(weight(chunk)));
        self.left = left.unwrap_or(0);
        self.chunks.push(left.and(chunk));
    }

    /// Adds a row to the last chunk.
    pub(super) fn add_row(&mut self, row: Range<u64>) {
        if let Some(Some(last)) = self.chunks.last_mut() {
            last.push(row);
            if last.is_partial || last.range.end - last.range.start > MOST {
                self.chunks.pop();
            }
        }
    }

    /// Reads the rows of a chunk; false if it is not known where they are.
    pub(super) fn load(&self, source: &Source, chunk: usize, rows: &mut Rows) -> Result<bool, SplitError> {
        let Some(Some(lengths)) = self.chunks.get(chunk) else { return Ok(false) };
        rows.base = lengths.range.start;
        source.read_into(&mut rows.bytes, lengths.range.clone())?;
        lengths.spans(&mut rows.spans);
        Ok(true)
    }
}

/// The longest chunk.
const MOST: u64 = u32::MAX as u64;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_where_they_were(
            rows in prop::collection::vec((prop_oneof![Just(0), 0u64..300], prop_oneof![1u64..300, 1u64..70_000]), 0..40),
        ) {
            let mut at = 7;
            let place = |(gap, length): &(u64, u64)| {
                let start = at + gap;
                at = start + length;
                start..at
            };
            let places: Vec<Range<u64>> = rows.iter().map(place).collect();
            let spans: Vec<_> = places.iter().map(|row| ((row.start - 5) as u32, (row.end - 5) as u32)).collect();
            let middle = spans.get(1..spans.len().saturating_sub(1)).unwrap_or_default();
            let mut one = Lengths::of(5, middle).behind(places.first().cloned());
            places.iter().skip(1 + middle.len()).for_each(|row| one.push(row.clone()));
            let (mut spans, start) = (vec![(1, 2)], one.range.start);
            one.spans(&mut spans);
            let found: Vec<_> =
                spans.iter().map(|(a, b)| start + u64::from(*a)..start + u64::from(*b)).collect();
            prop_assert_eq!(&found, &places);
            prop_assert_eq!(one.range.end, places.last().map_or(0, |last| last.end));
        }
    }

    #[test]
    fn what_does_not_fit_is_not_kept() {
        let mut long = Lengths::default();
        long.push(5..6);
        long.push(6..MOST + 10);
        let mut row = Lengths::default();
        row.push(8..9);
        let mut kept = Kept::new(3 * size_of::<Lengths>() as u64);
        kept.add(Some(long));
        (0..3).for_each(|_| kept.add(Some(Lengths { codes: row.codes.clone(), ..Lengths::default() })));
        let known: Vec<bool> = kept.chunks.iter().map(Option::is_some).collect();
        assert_eq!((known, kept.is_open()), (vec![false, true, true, false], false));
    }
}
