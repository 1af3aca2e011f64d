//! Some rows of one column as Parquet stores them: the levels that mark missing values and the beginnings of lists, and
//! the values that are present.

use parquet::column::reader::ColumnReader;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::ColumnDescriptor;

/// The values, by physical type.
pub(super) enum Values {
    Bool(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Int96(Vec<Int96>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
    /// Bytes that do not keep alive the page that they were read from.
    Packed(Packed),
    /// Categories by their numbers.
    Numbers(Vec<u32>),
}

/// Texts or bytes, concatenated.
#[derive(Default)]
pub(super) struct Packed {
    pub(super) bytes: Vec<u8>,
    pub(super) ends: Vec<usize>,
}

/// Rows of a column.
pub(super) struct Strip {
    pub(super) values: Values,
    /// One per value, present or missing; empty for a column without missing values.
    pub(super) definitions: Vec<i16>,
    /// One per value, present or missing; empty for a column without lists.
    pub(super) repetitions: Vec<i16>,
    /// The definition level of a present value.
    max_definition: i16,
}

/// Runs `$body` with `$v` bound to the vector of the physical type.
macro_rules! with_values {
    ($values:expr, $v:ident => $body:expr, $packed:ident => $other:expr) => {
        match $values {
            Values::Bool($v) => $body,
            Values::Int32($v) => $body,
            Values::Int64($v) => $body,
            Values::Int96($v) => $body,
            Values::Float($v) => $body,
            Values::Double($v) => $body,
            Values::Bytes($v) => $body,
            Values::Fixed($v) => $body,
            Values::Numbers($v) => $body,
            Values::Packed($packed) => $other,
        }
    };
}

impl Packed {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push(self.bytes.len());
    }

    /// The values, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }

    fn arrays(&self) -> Vec<ByteArray> {
        let bytes = bytes::Bytes::copy_from_slice(&self.bytes);
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| ByteArray::from(bytes.slice(start..*end))).collect()
    }
}

impl Strip {
    /// An empty strip of a column.
    pub(super) fn new(column: &ColumnDescriptor) -> Self {
        use parquet::basic::Type;
        let values = match column.physical_type() {
            Type::BOOLEAN => Values::Bool(Vec::new()),
            Type::INT32 => Values::Int32(Vec::new()),
            Type::INT64 => Values::Int64(Vec::new()),
            Type::INT96 => Values::Int96(Vec::new()),
            Type::FLOAT => Values::Float(Vec::new()),
            Type::DOUBLE => Values::Double(Vec::new()),
            Type::BYTE_ARRAY => Values::Bytes(Vec::new()),
            Type::FIXED_LEN_BYTE_ARRAY => Values::Fixed(Vec::new()),
        };
        let max_definition = column.max_def_level();
        Self { values, definitions: Vec::new(), repetitions: Vec::new(), max_definition }
    }

    /// An empty strip for rows that are kept for longer than a batch.
    pub(super) fn kept(column: &ColumnDescriptor) -> Self {
        let strip = Self::new(column);
        match strip.values {
            Values::Bytes(_) | Values::Fixed(_) => {
                Self { values: Values::Packed(Packed::default()), ..strip }
            }
            _ => strip,
        }
    }

    /// An empty strip for rows of categories.
    pub(super) fn numbered(column: &ColumnDescriptor) -> Self {
        Self { values: Values::Numbers(Vec::new()), ..Self::new(column) }
    }

    /// Adds the rows of `other`, whose values have these numbers.
    pub(super) fn add_numbers(&mut self, other: &Self, numbers: &[u32]) {
        self.definitions.extend_from_slice(&other.definitions);
        self.repetitions.extend_from_slice(&other.repetitions);
        if let Values::Numbers(own) = &mut self.values {
            own.extend_from_slice(numbers);
        }
    }

    /// Integers without missing values, for a nullable column.
    pub(super) fn of_numbers(numbers: Vec<i64>) -> Self {
        let definitions = vec![1; numbers.len()];
        Self { values: Values::Int64(numbers), definitions, repetitions: Vec::new(), max_definition: 1 }
    }

    /// Removes the rows, but keeps the memory.
    pub(super) fn clear(&mut self) {
        self.definitions.clear();
        self.repetitions.clear();
        with_values!(&mut self.values, v => v.clear(), packed => {
            packed.bytes.clear();
            packed.ends.clear();
        });
    }

    /// Whether there are no rows.
    pub(super) fn is_empty(&self) -> bool {
        self.definitions.is_empty() && with_values!(&self.values, v => v.is_empty(), p => p.ends.is_empty())
    }

    /// The number of rows.
    pub(super) fn rows(&self) -> usize {
        match (self.repetitions.is_empty(), self.definitions.is_empty()) {
            (false, _) => self.repetitions.iter().filter(|repetition| **repetition == 0).count(),
            (true, false) => self.definitions.len(),
            (true, true) => with_values!(&self.values, v => v.len(), p => p.ends.len()),
        }
    }

    /// How many levels there are.
    fn levels(&self) -> usize {
        self.definitions.len().max(self.repetitions.len())
    }

    /// How many values and levels there are.
    pub(super) fn count(&self) -> (usize, usize) {
        (with_values!(&self.values, v => v.len(), p => p.ends.len()), self.levels())
    }

    /// About how many bytes those take that were added since there were as many as this.
    pub(super) fn weight_from(&self, (values, levels): (usize, usize)) -> usize {
        let fixed = |width: usize| width * (self.count().0 - values);
        let added = match &self.values {
            Values::Bytes(v) => v[values..].iter().map(|value| value.len() + 32).sum(),
            Values::Fixed(v) => v[values..].iter().map(|value| value.len() + 32).sum(),
            Values::Bool(_) => fixed(1),
            Values::Int32(_) | Values::Numbers(_) | Values::Float(_) => fixed(4),
            Values::Int64(_) | Values::Double(_) | Values::Packed(_) => fixed(8),
            Values::Int96(_) => fixed(12),
        };
        added + 4 * (self.levels() - levels)
    }

    /// About how many bytes the rows take in memory.
    pub(super) fn weight(&self) -> usize {
        let values = match &self.values {
            Values::Bytes(v) => v.iter().map(|value| value.len() + 32).sum(),
            Values::Fixed(v) => v.iter().map(|value| value.len() + 32).sum(),
            Values::Packed(packed) => packed.bytes.capacity() + 8 * packed.ends.capacity(),
            Values::Bool(v) => v.len(),
            Values::Int32(v) => 4 * v.len(),
            Values::Numbers(v) => 4 * v.capacity(),
            Values::Float(v) => 4 * v.len(),
            Values::Int64(v) => 8 * v.len(),
            Values::Double(v) => 8 * v.len(),
            Values::Int96(v) => 12 * v.len(),
        };
        values + 2 * (self.definitions.capacity() + self.repetitions.capacity())
    }

    /// Reads up to `rows` more rows; returns how many there were.
    pub(super) fn read(&mut self, reader: &mut ColumnReader, rows: usize) -> Result<usize> {
        let levels = (&mut self.definitions, &mut self.repetitions);
        macro_rules! read {
            ($reader:expr, $values:expr) => {
                Ok($reader.read_records(rows, Some(levels.0), Some(levels.1), $values)?.0)
            };
        }
        match (reader, &mut self.values) {
            (ColumnReader::BoolColumnReader(r), Values::Bool(v)) => read!(r, v),
            (ColumnReader::Int32ColumnReader(r), Values::Int32(v)) => read!(r, v),
            (ColumnReader::Int64ColumnReader(r), Values::Int64(v)) => read!(r, v),
            (ColumnReader::Int96ColumnReader(r), Values::Int96(v)) => read!(r, v),
            (ColumnReader::FloatColumnReader(r), Values::Float(v)) => read!(r, v),
            (ColumnReader::DoubleColumnReader(r), Values::Double(v)) => read!(r, v),
            (ColumnReader::ByteArrayColumnReader(r), Values::Bytes(v)) => read!(r, v),
            (ColumnReader::FixedLenByteArrayColumnReader(r), Values::Fixed(v)) => read!(r, v),
            _ => Err(ParquetError::General("a column of another type than its schema says".to_owned())),
        }
    }

    /// Writes all rows.
    pub(super) fn write(&self, writer: &mut ColumnWriter) -> Result<()> {
        let (d, r) = (Some(self.definitions.as_slice()), Some(self.repetitions.as_slice()));
        let levels = (d.filter(|levels| !levels.is_empty()), r.filter(|levels| !levels.is_empty()));
        match (writer, &self.values) {
            (ColumnWriter::BoolColumnWriter(w), Values::Bool(v)) => w.write_batch(v, levels.0, levels.1),
            (ColumnWriter::Int32ColumnWriter(w), Values::Int32(v)) => w.write_batch(v, levels.0, levels.1),
            (ColumnWriter::Int64ColumnWriter(w), Values::Int64(v)) => w.write_batch(v, levels.0, levels.1),
            (ColumnWriter::Int96ColumnWriter(w), Values::Int96(v)) => w.write_batch(v, levels.0, levels.1),
            (ColumnWriter::FloatColumnWriter(w), Values::Float(v)) => w.write_batch(v, levels.0, levels.1),
            (ColumnWriter::DoubleColumnWriter(w), Values::Double(v)) => w.write_batch(v, levels.0, levels.1),
            (ColumnWriter::ByteArrayColumnWriter(w), Values::Bytes(v)) => {
                w.write_batch(v, levels.0, levels.1)
            }
            (ColumnWriter::ByteArrayColumnWriter(w), Values::Packed(packed)) => {
                w.write_batch(&packed.arrays(), levels.0, levels.1)
            }
            (ColumnWriter::FixedLenByteArrayColumnWriter(w), Values::Fixed(v)) => {
                w.write_batch(v, levels.0, levels.1)
            }
            (ColumnWriter::FixedLenByteArrayColumnWriter(w), Values::Packed(packed)) => {
                let arrays: Vec<_> = packed.arrays().into_iter().map(FixedLenByteArray::from).collect();
                w.write_batch(&arrays, levels.0, levels.1)
            }
            _ => Err(ParquetError::General("a column of another type than its schema says".to_owned())),
        }?;
        Ok(())
    }

    /// Appends each row to the strip of the partition given by `route`, if that has one.
    pub(super) fn deal(&self, route: &[u32], strips: &mut [Option<Self>]) {
        if self.repetitions.is_empty() {
            return self.deal_single(route, strips);
        }
        let (mut level, mut value) = (0, 0);
        for partition in route {
            let first = level;
            level += 1;
            while self.repetitions.get(level).is_some_and(|repetition| *repetition != 0) {
                level += 1;
            }
            let definitions = self.definitions.get(first..level).unwrap_or_default();
            let values = match definitions.is_empty() {
                true => level - first,
                false => definitions.iter().filter(|d| **d == self.max_definition).count(),
            };
            if let Some(strip) = &mut strips[*partition as usize] {
                strip.definitions.extend_from_slice(definitions);
                strip.repetitions.extend_from_slice(self.repetitions.get(first..level).unwrap_or_default());
                strip.values.extend(&self.values, value..value + values);
            }
            value += values;
        }
    }

    /// The same for rows of one value each: the type is looked up once, and not for each of them.
    fn deal_single(&self, route: &[u32], strips: &mut [Option<Self>]) {
        for (partition, definition) in route.iter().zip(&self.definitions) {
            if let Some(strip) = &mut strips[*partition as usize] {
                strip.definitions.push(*definition);
            }
        }
        let is_present = |i: &usize| self.definitions.get(*i).is_none_or(|d| *d == self.max_definition);
        let present = (0..route.len()).filter(is_present).map(|i| route[i] as usize);
        macro_rules! deal {
            ($from:expr, $kind:ident, $value:ident => $kept:expr) => {
                for (partition, $value) in present.zip($from) {
                    if let Some(Self { values: Values::$kind(to), .. }) = &mut strips[partition] {
                        to.push($kept);
                    }
                }
            };
        }
        match &self.values {
            Values::Bool(from) => deal!(from, Bool, value => *value),
            Values::Int32(from) => deal!(from, Int32, value => *value),
            Values::Int64(from) => deal!(from, Int64, value => *value),
            Values::Int96(from) => deal!(from, Int96, value => *value),
            Values::Float(from) => deal!(from, Float, value => *value),
            Values::Double(from) => deal!(from, Double, value => *value),
            Values::Bytes(from) => deal!(from, Packed, value => value.data()),
            Values::Fixed(from) => deal!(from, Packed, value => value.data()),
            Values::Packed(from) => deal!(from.iter(), Packed, value => value),
            Values::Numbers(from) => deal!(from, Numbers, value => *value),
        }
    }
}

impl Values {
    fn extend(&mut self, other: &Self, range: std::ops::Range<usize>) {
        match (self, other) {
            (Self::Bool(to), Self::Bool(from)) => to.extend_from_slice(&from[range]),
            (Self::Int32(to), Self::Int32(from)) => to.extend_from_slice(&from[range]),
            (Self::Int64(to), Self::Int64(from)) => to.extend_from_slice(&from[range]),
            (Self::Int96(to), Self::Int96(from)) => to.extend_from_slice(&from[range]),
            (Self::Float(to), Self::Float(from)) => to.extend_from_slice(&from[range]),
            (Self::Double(to), Self::Double(from)) => to.extend_from_slice(&from[range]),
            (Self::Numbers(to), Self::Numbers(from)) => to.extend_from_slice(&from[range]),
            (Self::Packed(to), Self::Bytes(from)) => from[range].iter().for_each(|v| to.push(v.data())),
            (Self::Packed(to), Self::Fixed(from)) => from[range].iter().for_each(|v| to.push(v.data())),
            _ => unreachable!("strips of one column have one type, and those that are kept are packed"),
        }
    }
}
