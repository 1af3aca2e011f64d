//! The categories of a column that readers treat as categorical (according to `ARROW:schema`): they see them in the
//! order of the dictionary page, unused ones included. A Parquet writer sorts them by first appearance, so the column
//! chunk is built here.

use std::collections::HashMap;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page, PageReader, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::codec::pack;
use super::strip::{Strip, Values};

/// Categories in order.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Categories {
    numbers: HashMap<Vec<u8>, u32>,
    /// As in a dictionary page: each preceded by its length.
    page: Vec<u8>,
}

impl Categories {
    /// The categories as a dictionary page.
    pub(super) fn page(&self) -> &[u8] {
        &self.page
    }

    /// Adds the dictionary page of a column chunk; false if it has none.
    pub(super) fn read(&mut self, pages: &mut dyn PageReader) -> Result<bool> {
        let Some(Page::DictionaryPage { buf, num_values, .. }) = pages.get_next_page()? else {
            return Ok(false);
        };
        let mut rest = &buf[..];
        for _ in 0..num_values {
            let short = || ParquetError::General("a dictionary page that is cut short".to_owned());
            let (length, behind) = rest.split_first_chunk::<4>().ok_or_else(short)?;
            let length = u32::from_le_bytes(*length) as usize;
            self.add(behind.get(..length).ok_or_else(short)?);
            rest = &behind[length..];
        }
        Ok(true)
    }

    /// Adds the values of `strip`.
    pub(super) fn add_all(&mut self, strip: &Strip) {
        if let Values::Bytes(values) = &strip.values {
            values.iter().for_each(|value| self.add(value.data()));
        }
    }

    /// Adds a category, unless it is known.
    fn add(&mut self, value: &[u8]) {
        if !self.numbers.contains_key(value) {
            self.numbers.insert(value.to_vec(), self.numbers.len() as u32);
            self.page.extend((value.len() as u32).to_le_bytes());
            self.page.extend_from_slice(value);
        }
    }

    /// The category numbers of the values of `strip`.
    fn numbers(&self, strip: &Strip) -> Result<Vec<u32>> {
        let number = |value: &[u8]| {
            let unknown = || ParquetError::General("the categories changed while they were read".to_owned());
            self.numbers.get(value).copied().ok_or_else(unknown)
        };
        match &strip.values {
            Values::Bytes(values) => values.iter().map(|value| number(value.data())).collect(),
            Values::Packed(packed) => packed.iter().map(number).collect(),
            _ => Ok(Vec::new()),
        }
    }

    /// A column chunk, packed with `codec`, with these categories in order and the rows of `strip`.
    pub(super) fn chunk(
        &self,
        column: &ColumnDescPtr,
        codec: Compression,
        strip: &Strip,
        rows: u64,
    ) -> Result<(Bytes, ColumnCloseResult)> {
        let numbers = self.numbers(strip)?;
        let count = numbers.len().max(strip.definitions.len()) as u32;
        let mut data = Vec::new();
        for (levels, max) in
            [(&strip.repetitions, column.max_rep_level()), (&strip.definitions, column.max_def_level())]
        {
            if max > 0 {
                let packed = hybrid(levels.iter().map(|level| *level as u32), width(max as u32));
                data.extend((packed.len() as u32).to_le_bytes());
                data.extend(packed);
            }
        }
        // Not every reader supports a bit width of zero.
        let bits = width((self.numbers.len() as u32).saturating_sub(1)).max(1);
        data.push(bits as u8);
        data.extend(hybrid(numbers.into_iter(), bits));
        let dictionary = Page::DictionaryPage {
            buf: pack(&self.page, codec)?.into(),
            num_values: self.numbers.len() as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        let data_page = Page::DataPage {
            buf: pack(&data, codec)?.into(),
            num_values: count,
            encoding: Encoding::RLE_DICTIONARY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        finish(column, codec, [(dictionary, self.page.len()), (data_page, data.len())], (count, rows))
    }
}

/// Both pages, each with the length of its content before it was packed, as a column chunk.
fn finish(
    column: &ColumnDescPtr,
    codec: Compression,
    pages: [(Page, usize); 2],
    (count, rows): (u32, u64),
) -> Result<(Bytes, ColumnCloseResult)> {
    let mut out = TrackedWrite::new(Vec::new());
    let mut offsets = Vec::new();
    let mut unpacked = 0;
    for (page, size) in pages {
        offsets.push(out.bytes_written() as i64);
        let written = SerializedPageWriter::new(&mut out).write_page(CompressedPage::new(page, size))?;
        unpacked += written.uncompressed_size as i64;
    }
    let length = out.bytes_written() as i64;
    let metadata = ColumnChunkMetaData::builder(column.clone())
        .set_encodings(vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY])
        .set_compression(codec)
        .set_num_values(count.into())
        .set_total_compressed_size(length)
        .set_total_uncompressed_size(unpacked)
        .set_dictionary_page_offset(Some(offsets[0]))
        .set_data_page_offset(offsets[1])
        .build()?;
    let close = ColumnCloseResult {
        bytes_written: length as u64,
        rows_written: rows,
        metadata,
        bloom_filter: None,
        column_index: None,
        offset_index: None,
    };
    Ok((Bytes::from(out.into_inner()?), close))
}

/// How many bits a number up to `max` takes.
fn width(max: u32) -> u32 {
    32 - max.leading_zeros()
}

/// Numbers of `bits` bits in Parquet's hybrid encoding, as one run of bit-packed groups of eight (`Encodings.md` of the
/// format, "Run Length Encoding / Bit-Packing Hybrid").
fn hybrid(numbers: impl ExactSizeIterator<Item = u32>, bits: u32) -> Vec<u8> {
    let groups = numbers.len().div_ceil(8);
    let mut bytes = Vec::new();
    let mut head = (groups as u64) << 1 | 1;
    while head >= 0x80 {
        bytes.push(head as u8 | 0x80);
        head >>= 7;
    }
    bytes.push(head as u8);
    let end = bytes.len() + groups * bits as usize;
    let (mut pending, mut filled) = (0u64, 0);
    for number in numbers {
        pending |= u64::from(number) << filled;
        filled += bits;
        while filled >= 8 {
            bytes.push(pending as u8);
            pending >>= 8;
            filled -= 8;
        }
    }
    if filled > 0 {
        bytes.push(pending as u8);
    }
    bytes.resize(end, 0);
    bytes
}
