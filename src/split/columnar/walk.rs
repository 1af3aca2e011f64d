//! Reads some rows of a batch from the parts of its buffers that hold them.

use std::ops::Range;

use arrow_buffer::{BooleanBuffer, Buffer};
use arrow_data::ArrayData;
use arrow_schema::{ArrowError, DataType, Field};

use super::large::{Dictionaries, Large};
use super::table::broken;
use crate::split::error::SplitError;
use crate::split::source::Source;

/// Goes through the fields of a batch in their order, as their buffers lie.
pub(super) struct Walk<'a> {
    large: &'a Large,
    source: &'a Source,
    dictionaries: Option<&'a Dictionaries>,
    node: usize,
    buffer: usize,
    variadic: usize,
}

/// How long an offset is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    Four,
    Eight,
}

impl<'a> Walk<'a> {
    pub(super) fn new(large: &'a Large, source: &'a Source, dictionaries: Option<&'a Dictionaries>) -> Self {
        let source = large.unpacked.as_ref().unwrap_or(source);
        Self { large, source, dictionaries, node: 0, buffer: 0, variadic: 0 }
    }

    fn bad(&self, error: impl std::fmt::Display) -> SplitError {
        broken(&self.source.name, "Arrow", error.to_string())
    }

    /// The next field, which must have the rows that are wanted of it; whether some are null.
    fn node(&mut self, rows: &Range<u64>) -> Result<bool, SplitError> {
        let (length, has_nulls) =
            *self.large.nodes.get(self.node).ok_or_else(|| self.bad("a field is not there"))?;
        self.node += 1;
        if rows.end > length { Err(self.bad("a column is shorter than its batch")) } else { Ok(has_nulls) }
    }

    fn place(&mut self) -> Result<Range<u64>, SplitError> {
        let place = self.large.buffers.get(self.buffer).cloned();
        self.buffer += 1;
        place.ok_or_else(|| self.bad("a buffer is not there"))
    }

    /// These bytes of the buffer at `place`.
    fn bytes(&self, place: &Range<u64>, wanted: Range<u64>) -> Result<Vec<u8>, SplitError> {
        let (start, end) = (place.start.checked_add(wanted.start), place.start.checked_add(wanted.end));
        match (start, end) {
            (Some(start), Some(end)) if start <= end && end <= place.end => {
                let mut bytes = Vec::new();
                self.source.read_into(&mut bytes, start..end)?;
                Ok(bytes)
            }
            _ => Err(self.bad("a column is shorter than its rows")),
        }
    }

    fn bits(&self, place: &Range<u64>, rows: &Range<u64>) -> Result<Buffer, SplitError> {
        let bytes = self.bytes(place, rows.start / 8..rows.end.div_ceil(8))?;
        let length = (rows.end - rows.start) as usize;
        Ok(BooleanBuffer::new(Buffer::from_vec(bytes), (rows.start % 8) as usize, length).sliced())
    }

    fn nulls(&mut self, has_nulls: bool, rows: &Range<u64>) -> Result<Option<Buffer>, SplitError> {
        let place = self.place()?;
        if has_nulls { self.bits(&place, rows).map(Some) } else { Ok(None) }
    }

    /// The offsets of the rows and of the end, from 0 on, and what they are offsets into.
    fn offsets(&mut self, rows: &Range<u64>, width: Width) -> Result<(Buffer, Range<u64>), SplitError> {
        let place = self.place()?;
        let offsets = self.raw_offsets(&place, rows.start..rows.end + 1, width)?;
        let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
        let range = self.range(first, last)?;
        let rebased = offsets.iter().map(|offset| offset.wrapping_sub(first));
        let buffer = match width {
            Width::Four => Buffer::from_vec(rebased.map(|offset| offset as i32).collect::<Vec<_>>()),
            Width::Eight => Buffer::from_vec(rebased.collect::<Vec<_>>()),
        };
        Ok((buffer, range))
    }

    fn raw_offsets(
        &self,
        place: &Range<u64>,
        wanted: Range<u64>,
        width: Width,
    ) -> Result<Vec<i64>, SplitError> {
        let size = if width == Width::Four { 4 } else { 8 };
        let bytes = self.bytes(place, wanted.start * size..wanted.end * size)?;
        Ok(match width {
            Width::Four => bytes.as_chunks().0.iter().map(|b| i32::from_le_bytes(*b).into()).collect(),
            Width::Eight => bytes.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b)).collect(),
        })
    }

    fn range(&self, first: i64, last: i64) -> Result<Range<u64>, SplitError> {
        match (u64::try_from(first), u64::try_from(last)) {
            (Ok(first), Ok(last)) if first <= last => Ok(first..last),
            _ => Err(self.bad("the offsets of a column do not ascend")),
        }
    }

    /// What the offsets of these rows are offsets into, without reading those between.
    fn span(&mut self, rows: &Range<u64>, width: Width) -> Result<Range<u64>, SplitError> {
        let place = self.place()?;
        let first = self.raw_offsets(&place, rows.start..rows.start + 1, width)?;
        let last = self.raw_offsets(&place, rows.end..rows.end + 1, width)?;
        self.range(first[0], last[0])
    }

    /// Goes past a field of which no row is wanted.
    fn skip(&mut self, field: &Field) -> Result<(), SplitError> {
        use DataType as T;
        self.node(&(0..0))?;
        match field.data_type() {
            T::Null => {}
            T::Utf8 | T::LargeUtf8 | T::Binary | T::LargeBinary => self.buffer += 3,
            T::Utf8View | T::BinaryView => self.buffer += 2 + self.data_buffers()?,
            T::List(item) | T::LargeList(item) | T::Map(item, _) => {
                self.buffer += 2;
                self.skip(item)?;
            }
            T::FixedSizeList(item, _) => {
                self.buffer += 1;
                self.skip(item)?;
            }
            T::Struct(fields) => {
                self.buffer += 1;
                fields.iter().try_for_each(|field| self.skip(field))?;
            }
            _ => self.buffer += 2,
        }
        Ok(())
    }

    fn data_buffers(&mut self) -> Result<usize, SplitError> {
        let count = self.large.variadic.get(self.variadic).copied();
        self.variadic += 1;
        count.map(|count| count as usize).ok_or_else(|| self.bad("a column of views has no buffers"))
    }

    /// How many bytes these rows of the next field take.
    pub(super) fn weigh(&mut self, field: &Field, rows: Range<u64>) -> Result<u64, SplitError> {
        use DataType as T;
        if rows.is_empty() {
            return self.skip(field).map(|()| 0);
        }
        self.node(&rows)?;
        let length = rows.end - rows.start;
        let item_rows = |size: i32| rows.start * size.max(0) as u64..rows.end * size.max(0) as u64;
        Ok(match field.data_type() {
            T::Null => 0,
            T::Utf8 | T::Binary | T::LargeUtf8 | T::LargeBinary => {
                self.buffer += 1;
                let span = self.span(&rows, width(field.data_type()))?;
                self.buffer += 1;
                length * 8 + (span.end - span.start)
            }
            T::Utf8View | T::BinaryView => {
                self.buffer += 1;
                let place = self.place()?;
                self.buffer += self.data_buffers()?;
                let mut weight = 0;
                for start in rows.clone().step_by(1 << 16) {
                    let views = self.bytes(&place, start * 16..rows.end.min(start + (1 << 16)) * 16)?;
                    weight += views.as_chunks::<16>().0.iter().map(|view| 16 + length_of(view)).sum::<u64>();
                }
                weight
            }
            T::List(item) | T::LargeList(item) | T::Map(item, _) => {
                self.buffer += 1;
                let span = self.span(&rows, width(field.data_type()))?;
                length * 8 + self.weigh(item, span)?
            }
            T::FixedSizeList(item, size) => {
                self.buffer += 1;
                self.weigh(item, item_rows(*size))?
            }
            T::Struct(fields) => {
                self.buffer += 1;
                fields.iter().map(|field| self.weigh(field, rows.clone())).sum::<Result<u64, _>>()?
            }
            kind => {
                self.buffer += 2;
                length * fixed(kind).unwrap_or(1) + length / 8
            }
        })
    }

    /// These rows of the next field.
    pub(super) fn array(&mut self, field: &Field, rows: Range<u64>) -> Result<ArrayData, SplitError> {
        use DataType as T;
        let kind = field.data_type();
        if rows.is_empty() {
            self.skip(field)?;
            return Ok(match self.dictionary(field) {
                Some(values) => self.build(
                    ArrayData::builder(kind.clone())
                        .len(0)
                        .add_buffer(Buffer::from_vec(Vec::<u64>::new()))
                        .add_child_data(values),
                )?,
                None => ArrayData::new_empty(kind),
            });
        }
        let has_nulls = self.node(&rows)?;
        let builder = ArrayData::builder(kind.clone()).len((rows.end - rows.start) as usize);
        if *kind == T::Null {
            return self.build(builder);
        }
        let nulls = self.nulls(has_nulls, &rows)?;
        let builder = builder.null_bit_buffer(nulls.clone());
        let builder = match kind {
            T::Boolean => {
                let place = self.place()?;
                builder.add_buffer(self.bits(&place, &rows)?)
            }
            T::Utf8 | T::Binary | T::LargeUtf8 | T::LargeBinary => {
                let (offsets, range) = self.offsets(&rows, width(kind))?;
                let place = self.place()?;
                builder.add_buffer(offsets).add_buffer(Buffer::from_vec(self.bytes(&place, range)?))
            }
            T::Utf8View | T::BinaryView => {
                let (views, data) = self.views(&rows, nulls.as_ref())?;
                builder.add_buffer(views).add_buffer(data)
            }
            T::List(item) | T::LargeList(item) | T::Map(item, _) => {
                let (offsets, range) = self.offsets(&rows, width(kind))?;
                builder.add_buffer(offsets).add_child_data(self.array(item, range)?)
            }
            T::FixedSizeList(item, size) => {
                let size = (*size).max(0) as u64;
                builder.add_child_data(self.array(item, rows.start * size..rows.end * size)?)
            }
            T::Struct(fields) => {
                let read = |field: &std::sync::Arc<Field>| self.array(field, rows.clone());
                builder.child_data(fields.iter().map(read).collect::<Result<_, _>>()?)
            }
            _ => {
                let size = fixed(kind).ok_or_else(|| self.bad(format!("a column of type {kind}")))?;
                let place = self.place()?;
                let values = self.bytes(&place, rows.start * size..rows.end * size)?;
                let builder = builder.add_buffer(Buffer::from_vec(values));
                self.dictionary(field)
                    .into_iter()
                    .fold(builder, |builder, values| builder.add_child_data(values))
            }
        };
        self.build(builder)
    }

    fn build(&self, builder: arrow_data::ArrayDataBuilder) -> Result<ArrayData, SplitError> {
        builder.align_buffers(true).build().map_err(|e: ArrowError| self.bad(e))
    }

    /// The values of a field of categories.
    fn dictionary(&self, field: &Field) -> Option<ArrayData> {
        let DataType::Dictionary(_, values) = field.data_type() else { return None };
        #[expect(deprecated, reason = "the number is known by no other way")]
        let number = field.dict_id();
        let found = number.and_then(|number| self.dictionaries?.get(&number));
        Some(found.map_or_else(|| ArrayData::new_empty(values), |values| values.to_data()))
    }

    /// The views of the rows, and the data of the long ones, one behind the other.
    fn views(&mut self, rows: &Range<u64>, nulls: Option<&Buffer>) -> Result<(Buffer, Buffer), SplitError> {
        let place = self.place()?;
        let places = (0..self.data_buffers()?).map(|_| self.place()).collect::<Result<Vec<_>, _>>()?;
        let mut views = self.bytes(&place, rows.start * 16..rows.end * 16)?;
        let mut data = Vec::new();
        let is_null = |i: usize| nulls.is_some_and(|nulls| nulls[i / 8] >> (i % 8) & 1 == 0);
        for (i, view) in views.as_chunks_mut::<16>().0.iter_mut().enumerate() {
            let length = length_of(view);
            if is_null(i) {
                *view = [0; 16];
            } else if length > 12 {
                let part =
                    |at: usize| u32::from_le_bytes([view[at], view[at + 1], view[at + 2], view[at + 3]]);
                let (buffer, start) = (part(8) as usize, u64::from(part(12)));
                let from = places.get(buffer).ok_or_else(|| self.bad("a view into no buffer"))?;
                let at = i32::try_from(data.len()).map_err(|_| self.bad("more than 2 GB in one batch"))?;
                data.extend(self.bytes(from, start..start + length)?);
                view[8..12].fill(0);
                view[12..].copy_from_slice(&at.to_le_bytes());
            }
        }
        Ok((Buffer::from_vec(views), Buffer::from_vec(data)))
    }
}

/// The length of the value of a view.
fn length_of(view: &[u8; 16]) -> u64 {
    u32::from_le_bytes([view[0], view[1], view[2], view[3]]).into()
}

fn width(kind: &DataType) -> Width {
    match kind {
        DataType::LargeUtf8 | DataType::LargeBinary | DataType::LargeList(_) => Width::Eight,
        _ => Width::Four,
    }
}

/// How many bytes each value takes, if all take the same.
fn fixed(kind: &DataType) -> Option<u64> {
    match kind {
        DataType::FixedSizeBinary(width) => u64::try_from(*width).ok(),
        DataType::Dictionary(number, _) => number.primitive_width().map(|width| width as u64),
        kind => kind.primitive_width().map(|width| width as u64),
    }
}
