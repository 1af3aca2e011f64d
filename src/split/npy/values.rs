//! The values of an array's rows, as the texts hashed by [`crate::split::value`]. A row of a structured array has named
//! fields, a row of an array with one axis is a single value, and any other row is a list.

use std::ops::Range;

use super::header::{Dtype, Header};
use crate::split::error::SplitError;
use crate::split::keys::{KeyRequest, position};
use crate::split::message::Message;
use crate::split::source::Source;
use crate::split::time;
use crate::split::value::{of_float, of_half, of_single, of_text};

/// Reads rows and computes their keys.
pub(super) struct Reader<'a> {
    header: &'a Header,
    /// The fields that count; `None`: all.
    columns: Option<Vec<usize>>,
    plain: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        source: &Source,
        header: &'a Header,
        KeyRequest { columns, plain }: KeyRequest,
    ) -> Result<Self, SplitError> {
        let (wanted, fields) = match (columns, &header.dtype) {
            (None, _) => return Ok(Self { header, columns: None, plain }),
            (Some(wanted), Dtype::Structure(fields)) if header.shape.len() == 1 => (wanted, fields),
            (Some(_), _) => {
                let message = format!("{}: the array has no named columns to go by", source.name);
                return Err(SplitError::usage(message, "use `--by hash`, which hashes the whole row"));
            }
        };
        let names: Vec<&str> = fields.iter().map(|(name, ..)| name.as_str()).collect();
        let columns = wanted.iter().map(|column| position(&source.name, column, &names));
        Ok(Self { header, columns: Some(columns.collect::<Result<_, _>>()?), plain })
    }

    /// Calls `each` with the bytes of each of the `rows`.
    pub(super) fn read(
        &self,
        source: &Source,
        rows: Range<u64>,
        buffer: &mut Vec<u8>,
        each: &mut impl FnMut(&[u8]),
    ) -> Result<(), SplitError> {
        let (columns, bytes) = self.header.pieces();
        let count = (rows.end - rows.start) as usize;
        let (columns, size) = (columns as usize, bytes as usize);
        buffer.resize(columns * size * count, 0);
        let mut piece = vec![0; size * count];
        for column in 0..columns {
            let base = self.header.data + column as u64 * self.header.rows() * bytes;
            source.read_exact_at(&mut piece, base + rows.start * bytes)?;
            for row in 0..count {
                let to = (row * columns + column) * size;
                buffer[to..to + size].copy_from_slice(&piece[row * size..][..size]);
            }
        }
        (0..count).for_each(|row| each(&buffer[row * columns * size..][..columns * size]));
        Ok(())
    }

    /// Adds the key of `row` to `message`.
    pub(super) fn key(&self, row: &[u8], message: &mut Message) {
        let dtype = &self.header.dtype;
        if self.header.shape.len() > 1 {
            message.add(&list(dtype, row, self.header.columns()));
            return;
        }
        let Dtype::Structure(fields) = dtype else {
            message.add(&text(dtype, row));
            return;
        };
        let mut rest = row;
        let mut texts = fields.iter().map(|(name, dtype, shape)| {
            let count: u64 = shape.iter().product();
            let (value, behind) = rest.split_at((dtype.size().unwrap_or(0) * count) as usize);
            rest = behind;
            (name.as_bytes(), if shape.is_empty() { text(dtype, value) } else { list(dtype, value, count) })
        });
        match &self.columns {
            None => message.add_row(&mut texts.collect()),
            Some(columns) => {
                let texts: Vec<_> = texts.by_ref().collect();
                for i in columns {
                    let text = &texts[*i].1;
                    if self.plain { message.add_plain(text) } else { message.add(text) }
                }
            }
        }
    }
}

/// A row with several elements, in the order of its bytes.
fn list(dtype: &Dtype, bytes: &[u8], count: u64) -> Vec<u8> {
    let size = dtype.size().unwrap_or(0) as usize;
    let items = (0..count as usize).map(|i| text(dtype, &bytes[i * size..][..size]));
    [b"[".as_slice(), &items.collect::<Vec<_>>().join(&b','), b"]"].concat()
}

fn text(dtype: &Dtype, bytes: &[u8]) -> Vec<u8> {
    match dtype {
        Dtype::Plain { kind, big, unit, .. } => {
            let mut bytes = bytes.to_vec();
            if *big && !matches!(kind, b'U' | b'S' | b'a' | b'V' | b'c') {
                bytes.reverse();
            }
            plain(*kind, &bytes, unit, *big)
        }
        Dtype::Structure(fields) => {
            let mut rest = bytes;
            let texts = fields.iter().map(|(_, dtype, shape)| {
                let count: u64 = shape.iter().product();
                let (value, behind) = rest.split_at((dtype.size().unwrap_or(0) * count) as usize);
                rest = behind;
                if shape.is_empty() { text(dtype, value) } else { list(dtype, value, count) }
            });
            [b"[".as_slice(), &texts.collect::<Vec<_>>().join(&b','), b"]"].concat()
        }
    }
}

/// The text of one element, whose bytes are little-endian (except that those of texts and complex numbers are as in the
/// file).
fn plain(kind: u8, bytes: &[u8], unit: &str, big: bool) -> Vec<u8> {
    let unsigned = || bytes.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let signed = || {
        let shift = 64 - 8 * bytes.len().min(8);
        ((unsigned() << shift) as i64) >> shift
    };
    match (kind, bytes.len()) {
        (b'b', _) => if bytes == [0] { "false" } else { "true" }.into(),
        (b'i', _) => signed().to_string().into_bytes(),
        (b'u', _) => unsigned().to_string().into_bytes(),
        (b'f', 2) => of_half(unsigned() as u16).into_bytes(),
        (b'f', 4) => of_single(f32::from_bits(unsigned() as u32)).into_bytes(),
        (b'f', 8) => of_float(f64::from_bits(unsigned())).into_bytes(),
        (b'M', _) => time::datetime(signed(), unit).unwrap_or_else(|| signed().to_string()).into_bytes(),
        (b'm', _) if signed() == i64::MIN => Vec::new(),
        (b'm', _) => signed().to_string().into_bytes(),
        (b'S' | b'a', _) => {
            of_text(&bytes[..bytes.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1)]).into_owned()
        }
        (b'U', _) => {
            let code =
                |four: &[u8; 4]| if big { u32::from_be_bytes(*four) } else { u32::from_le_bytes(*four) };
            let codes: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(code).collect();
            let end = codes.iter().rposition(|code| *code != 0).map_or(0, |last| last + 1);
            let mut text = Vec::new();
            codes[..end].iter().for_each(|code| push_code(*code, &mut text));
            of_text(&text).into_owned()
        }
        // Complex numbers, long doubles and raw bytes.
        _ => bytes.to_vec(),
    }
}

/// Adds a character to `text`. Half a pair of surrogates becomes three bytes, as in JSON.
fn push_code(code: u32, text: &mut Vec<u8>) {
    match char::from_u32(code) {
        Some(c) => text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => text.extend([
            0xE0 | (code >> 12) as u8,
            0x80 | (code >> 6) as u8 & 0x3F,
            0x80 | code as u8 & 0x3F,
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_by_their_own_digits() {
        assert_eq!(plain(b'f', &[0x66, 0x2E], "", false), b"1e-1");
        assert_eq!(plain(b'f', &[0, 0x7E], "", false), b"NaN");
    }

    #[test]
    fn no_character_of_a_text_is_dropped() {
        let texts =
            [[0x61, 0xD83D, 0], [0x61, 0xD83E, 0], [0x61, 0, 0], [0x61, 0, 0x61], [0x61, 0xFFFF_FFFF, 0]];
        let spelled = texts.map(|codes: [u32; 3]| {
            let [little, big] =
                [codes.map(u32::to_le_bytes), codes.map(u32::to_be_bytes)].map(|each| each.concat());
            assert_eq!(plain(b'U', &little, "", false), plain(b'U', &big, "", true));
            plain(b'U', &little, "", false)
        });
        assert_eq!(spelled[0], b"a\xED\xA0\xBD");
        assert_eq!(std::collections::BTreeSet::from(spelled).len(), 5);
    }

    #[test]
    fn no_duration_is_a_missing_value() {
        assert_eq!(plain(b'm', &i64::MIN.to_le_bytes(), "s", false), b"");
    }
}
