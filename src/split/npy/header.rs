//! The header of an `.npy` file (NEP 1 and numpy.lib.format): read with suspicion, written in one canonical way, so
//! that the same array always has the same bytes.

use super::literal::{Literal, parse};

/// What the header says of the array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::split) struct Header {
    descr: Literal,
    /// The type of the elements, which are adjacent in a row.
    pub(super) dtype: Dtype,
    fortran: bool,
    pub(super) shape: Vec<u64>,
    /// Where the data begins.
    pub(super) data: u64,
}

/// The type of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dtype {
    /// Kind letter, size in bytes, whether they are big-endian, unit of a date or duration.
    Plain { kind: u8, size: u64, big: bool, unit: String },
    /// Fields: name, type, shape.
    Structure(Vec<(String, Dtype, Vec<u64>)>),
}

/// Why a header cannot be used; one sentence.
pub(in crate::split) type Bad = String;

/// The longest header that is read.
const LIMIT: u64 = 1 << 20;

impl Dtype {
    /// Bytes per element; `None` if that exceeds 64 bits.
    pub(super) fn size(&self) -> Option<u64> {
        match self {
            Self::Plain { size, .. } => Some(*size),
            Self::Structure(fields) => fields.iter().try_fold(0u64, |sum, (_, dtype, shape)| {
                sum.checked_add(product(shape)?.checked_mul(dtype.size()?)?)
            }),
        }
    }
}

fn product(shape: &[u64]) -> Option<u64> {
    shape.iter().try_fold(1u64, |product, axis| product.checked_mul(*axis))
}

impl Header {
    /// The length of the header of a file that begins with `start` (at least 12 bytes, if the file is that long),
    /// including the magic and the length field.
    pub(in crate::split) fn length(start: &[u8]) -> Result<u64, Bad> {
        let length = match start {
            [0x93, b'N', b'U', b'M', b'P', b'Y', 1, 0, a, b, ..] => {
                10 + u64::from(u16::from_le_bytes([*a, *b]))
            }
            [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, 0, a, b, c, d, ..] => {
                12 + u64::from(u32::from_le_bytes([*a, *b, *c, *d]))
            }
            [0x93, b'N', b'U', b'M', b'P', b'Y', major, minor, ..] if !(1..=3).contains(major) => {
                return Err(format!("version {major}.{minor} of the `.npy` format is not known"));
            }
            _ => return Err("the file ends in the middle of its `.npy` header".to_owned()),
        };
        if length > LIMIT { Err(format!("the header claims to be {length} bytes long")) } else { Ok(length) }
    }

    /// Parses the header `bytes` of a file of length `len`, and checks that the array it describes is the rest of the
    /// file.
    pub(in crate::split) fn read(bytes: &[u8], len: u64) -> Result<Self, Bad> {
        let skip = if bytes[6] == 1 { 10 } else { 12 };
        let text: String = match bytes[6] {
            // Version 3 is UTF-8, the others are Latin-1.
            3 => String::from_utf8(bytes[skip..].to_vec()).map_err(|_| "the header is not UTF-8")?,
            _ => bytes[skip..].iter().map(|b| *b as char).collect(),
        };
        let dict = parse(&text).map_err(|at| format!("the header cannot be read at byte {}", skip + at))?;
        let Literal::Dict(fields) = dict else { return Err("the header is not a dictionary".to_owned()) };
        let field = |name: &str| {
            let found = fields.iter().find(|(key, _)| *key == Literal::Text(name.to_owned()));
            found.map(|(_, value)| value).ok_or_else(|| format!("the header has no `{name}`"))
        };
        let descr = field("descr")?.clone();
        let Literal::Bool(fortran) = *field("fortran_order")? else {
            return Err("`fortran_order` is neither True nor False".to_owned());
        };
        let shape = shape(field("shape")?).ok_or("`shape` is not a tuple of whole numbers")?;
        let header = Self { dtype: dtype(&descr)?, descr, fortran, shape, data: bytes.len() as u64 };
        header.check(len)?;
        Ok(header)
    }

    fn check(&self, len: u64) -> Result<(), Bad> {
        if self.shape.is_empty() {
            return Err("the array has no axis, so it has no rows".to_owned());
        }
        let bytes = product(&self.shape).and_then(|count| count.checked_mul(self.dtype.size()?));
        let there = len - self.data;
        // If one axis is zero, the others can claim anything.
        let rows = self.row_bytes().ok_or("the header describes a row of more than 2^64 bytes")?;
        if rows == 0 && self.shape[0] > 1 << 24 {
            return Err(format!("the header claims {} empty rows", self.shape[0]));
        }
        match bytes {
            Some(bytes) if bytes == there => Ok(()),
            Some(bytes) => Err(format!(
                "the header describes {} rows of {rows} bytes, {bytes} in all, but {there} follow it",
                self.shape[0]
            )),
            None => Err(format!("the header describes more than 2^64 bytes, but {there} follow it")),
        }
    }

    /// How many elements a row has.
    pub(super) fn columns(&self) -> u64 {
        product(&self.shape[1..]).unwrap_or(0)
    }

    fn row_bytes(&self) -> Option<u64> {
        product(&self.shape[1..])?.checked_mul(self.dtype.size()?)
    }

    /// How many separate pieces a partition has in the file, and how many bytes each row takes in each of them: in
    /// Fortran order, the first axis varies fastest.
    pub(super) fn pieces(&self) -> (u64, u64) {
        let size = self.dtype.size().unwrap_or(0);
        match (self.fortran, self.columns()) {
            (true, columns) if self.shape.len() > 1 => (columns, size),
            (_, columns) => (1, columns * size),
        }
    }

    /// The header of an array of `rows` rows like these.
    pub(super) fn with_rows(&self, rows: u64) -> Vec<u8> {
        let mut shape: Vec<Literal> = self.shape.iter().map(|axis| Literal::Int(*axis)).collect();
        shape[0] = Literal::Int(rows);
        let text = |text: &str| Literal::Text(text.to_owned());
        let dict = Literal::Dict(vec![
            (text("descr"), self.descr.clone()),
            (text("fortran_order"), Literal::Bool(self.fortran)),
            (text("shape"), Literal::Tuple(shape)),
        ]);
        let dict = dict.to_string();
        // The version determines how the text is encoded and how long it may be.
        let (version, text): (u8, Vec<u8>) = match dict.chars().map(|c| u8::try_from(u32::from(c))).collect()
        {
            Ok(latin) if dict.len() < 60_000 => (1, latin),
            Ok(latin) => (2, latin),
            Err(_) => (3, dict.into_bytes()),
        };
        let skip = if version == 1 { 10 } else { 12 };
        let total = (skip + text.len() + 1).next_multiple_of(64);
        let mut bytes = [b"\x93NUMPY".as_slice(), &[version, 0]].concat();
        match version {
            1 => bytes.extend(((total - skip) as u16).to_le_bytes()),
            _ => bytes.extend(((total - skip) as u32).to_le_bytes()),
        }
        bytes.extend(text);
        bytes.resize(total - 1, b' ');
        bytes.push(b'\n');
        bytes
    }
}

fn shape(literal: &Literal) -> Option<Vec<u64>> {
    let Literal::Tuple(axes) = literal else { return None };
    axes.iter().map(|axis| if let Literal::Int(axis) = axis { Some(*axis) } else { None }).collect()
}

fn dtype(descr: &Literal) -> Result<Dtype, Bad> {
    match descr {
        Literal::Text(text) => plain(text),
        Literal::List(fields) => {
            fields.iter().map(structure_field).collect::<Result<_, _>>().map(Dtype::Structure)
        }
        _ => Err(format!("`{descr}` is not a type")),
    }
}

fn structure_field(literal: &Literal) -> Result<(String, Dtype, Vec<u64>), Bad> {
    let bad = || format!("`{literal}` is not a field");
    let Literal::Tuple(parts) = literal else { return Err(bad()) };
    let (name, descr, axes) = match parts.as_slice() {
        [name, descr] => (name, descr, Vec::new()),
        [name, descr, Literal::Int(axis)] => (name, descr, vec![*axis]),
        [name, descr, axes] => (name, descr, shape(axes).ok_or_else(bad)?),
        _ => return Err(bad()),
    };
    let name = match name {
        Literal::Text(name) => name,
        // A title and a name.
        Literal::Tuple(pair) => match pair.as_slice() {
            [_, Literal::Text(name)] => name,
            _ => return Err(bad()),
        },
        _ => return Err(bad()),
    };
    Ok((name.clone(), dtype(descr)?, axes))
}

fn plain(text: &str) -> Result<Dtype, Bad> {
    let bad = || format!("`{text}` is not a type that can be split");
    let (big, rest) = match text.as_bytes().first() {
        Some(b'>') => (true, &text[1..]),
        Some(b'<' | b'|' | b'=') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "?" {
        return Ok(Dtype::Plain { kind: b'b', size: 1, big, unit: String::new() });
    }
    let kind = *rest.as_bytes().first().ok_or_else(bad)?;
    if kind == b'O' {
        return Err("the elements are Python objects, which only Python can read".to_owned());
    }
    if !b"biufcSaUVmM".contains(&kind) {
        return Err(bad());
    }
    let (digits, unit) = rest[1..].split_once('[').unwrap_or((&rest[1..], ""));
    let count: u64 = digits.parse().map_err(|_| bad())?;
    let size = if kind == b'U' { count.checked_mul(4).ok_or_else(bad)? } else { count };
    let known = match kind {
        b'b' => count == 1,
        b'i' | b'u' => matches!(count, 1 | 2 | 4 | 8),
        b'f' => matches!(count, 2 | 4 | 8 | 12 | 16),
        b'c' => matches!(count, 8 | 16 | 24 | 32),
        b'm' | b'M' => count == 8,
        _ => true,
    };
    if !known {
        return Err(bad());
    }
    Ok(Dtype::Plain { kind, size, big, unit: unit.trim_end_matches(']').to_owned() })
}

/// Parses the possible beginning of any file: for the fuzzer.
#[doc(hidden)]
pub(in crate::split) fn survive(bytes: &[u8]) {
    if let Ok(length) = Header::length(bytes)
        && length <= bytes.len() as u64
        && let Ok(header) = Header::read(&bytes[..length as usize], bytes.len() as u64)
    {
        let written = header.with_rows(header.shape[0]);
        let again = Header::read(&written, written.len() as u64 + bytes.len() as u64 - length);
        let again = again.expect("what was written can be read");
        assert_eq!((again.dtype, again.fortran, again.shape), (header.dtype, header.fortran, header.shape));
    }
}
