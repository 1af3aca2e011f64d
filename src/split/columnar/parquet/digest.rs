//! The digest of a Parquet table: what its schema means to a reader, and for each column its levels, the lengths of its
//! texts, and its values. Pages, encodings, compression, row groups and the number of bytes in which a decimal is
//! stored make no difference.

use parquet::basic::{ConvertedType, LogicalType};
use parquet::schema::types::ColumnDescriptor;

use super::categories::Categories;
use super::strip::{Strip, Values};
use crate::digest::Digest;
use crate::split::sha::Sha;

/// The digest of a column being computed.
pub(super) struct ColumnDigest {
    definitions: Sha,
    repetitions: Sha,
    lengths: Sha,
    values: Sha,
    is_decimal: bool,
}

impl ColumnDigest {
    pub(super) fn new(column: &ColumnDescriptor) -> Self {
        let is_decimal = matches!(column.logical_type_ref(), Some(LogicalType::Decimal(_)))
            || column.converted_type() == ConvertedType::DECIMAL;
        let [definitions, repetitions, lengths, values] = [Sha::new(), Sha::new(), Sha::new(), Sha::new()];
        Self { definitions, repetitions, lengths, values, is_decimal }
    }

    /// Adds the rows of a strip, which may have the numbers of categories.
    pub(super) fn update(&mut self, strip: &Strip, categories: Option<&Categories>) {
        let levels =
            |levels: &[i16]| levels.iter().flat_map(|level| level.to_le_bytes()).collect::<Vec<u8>>();
        self.definitions.update(&levels(&strip.definitions));
        self.repetitions.update(&levels(&strip.repetitions));
        match &strip.values {
            Values::Int32(v) if self.is_decimal => {
                self.texts(v.iter().map(|v| v.to_be_bytes()).collect::<Vec<_>>().iter().map(|v| &v[..]))
            }
            Values::Int64(v) if self.is_decimal => {
                self.texts(v.iter().map(|v| v.to_be_bytes()).collect::<Vec<_>>().iter().map(|v| &v[..]))
            }
            Values::Bool(v) => self.values.update(&v.iter().map(|v| u8::from(*v)).collect::<Vec<_>>()),
            Values::Int32(v) => self.fixed(v.iter().map(|v| v.to_le_bytes())),
            Values::Int64(v) => self.fixed(v.iter().map(|v| v.to_le_bytes())),
            Values::Float(v) => self.fixed(v.iter().map(|v| v.to_le_bytes())),
            Values::Double(v) => self.fixed(v.iter().map(|v| v.to_le_bytes())),
            Values::Int96(v) => self
                .fixed(v.iter().flat_map(|v| [v.data()[0], v.data()[1], v.data()[2]].map(u32::to_le_bytes))),
            Values::Bytes(v) => self.texts(v.iter().map(|v| v.data())),
            Values::Fixed(v) => self.texts(v.iter().map(|v| v.data())),
            Values::Packed(packed) => self.texts(packed.iter()),
            Values::Numbers(numbers) => {
                self.texts(numbers.iter().filter_map(|number| categories?.get(*number)));
            }
        }
    }

    fn fixed<const N: usize>(&mut self, values: impl Iterator<Item = [u8; N]>) {
        self.values.update(values.collect::<Vec<_>>().as_flattened());
    }

    fn texts<'a>(&mut self, values: impl Iterator<Item = &'a [u8]>) {
        let (mut lengths, mut buffer) = (Vec::new(), Vec::new());
        for value in values {
            let value = if self.is_decimal { shortest(value) } else { value };
            lengths.extend((value.len() as u64).to_le_bytes());
            if value.len() < 1 << 12 {
                buffer.extend_from_slice(value);
            } else {
                self.values.update(&buffer);
                buffer.clear();
                self.values.update(value);
            }
            if buffer.len() > 1 << 16 {
                self.values.update(&buffer);
                buffer.clear();
            }
        }
        self.values.update(&buffer);
        self.lengths.update(&lengths);
    }

    /// The digest; with `categories` for a column that readers treat as categorical.
    pub(super) fn finish(self, categories: Option<&Categories>) -> Digest {
        let mut sha = Sha::new();
        for digest in [self.definitions, self.repetitions, self.lengths, self.values].map(Sha::finish) {
            sha.update(format!("{digest}\n").as_bytes());
        }
        if let Some(categories) = categories {
            sha.update(format!("categories {}\n", Digest::of(categories.page())).as_bytes());
        }
        sha.finish()
    }
}

/// A big-endian number without the leading bytes that only repeat its sign.
fn shortest(mut number: &[u8]) -> &[u8] {
    while let [first, second, ..] = number {
        let sign = if second & 0x80 == 0 { 0 } else { 0xFF };
        if *first != sign {
            break;
        }
        number = &number[1..];
    }
    number
}
