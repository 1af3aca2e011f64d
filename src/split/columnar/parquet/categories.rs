//! The categories of a column that readers treat as categorical (according to `ARROW:schema`): they see them in the
//! order of the dictionary page, unused ones included. A Parquet writer sorts them by first appearance, so the column
//! chunk is built here.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::sync::Mutex;

use bytes::buf::Reader;
use bytes::{Buf, Bytes};
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page, PageReader, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::codec::pack;
use super::strip::{Strip, Values};

/// Categories in order.
#[derive(Default)]
pub(super) struct Categories {
    /// The number of each, by the hash of its text, or by the next number that is free.
    numbers: HashMap<u64, u32>,
    hasher: RandomState,
    /// As in a dictionary page: each preceded by its length.
    page: Vec<u8>,
    /// Where each begins and ends in `page`.
    places: Vec<(usize, usize)>,
    /// The page as it is written, and how long it is before it is packed with its header; made for the first partition.
    written: Mutex<Option<(Bytes, i64)>>,
}

impl Categories {
    /// The categories as a dictionary page.
    pub(super) fn page(&self) -> &[u8] {
        &self.page
    }

    /// The category with this number.
    pub(super) fn get(&self, number: u32) -> Option<&[u8]> {
        let (start, end) = *self.places.get(number as usize)?;
        self.page.get(start..end)
    }

    /// Whether the dictionary page of a column chunk has just these.
    pub(super) fn are_those_of(&self, pages: &mut dyn PageReader) -> Result<bool> {
        let Some(Page::DictionaryPage { buf, num_values, .. }) = pages.get_next_page()? else {
            return Ok(false);
        };
        Ok(num_values as usize == self.places.len() && buf[..] == self.page[..])
    }

    /// Adds the dictionary page of a column chunk; false if it has none.
    pub(super) fn read(&mut self, pages: &mut dyn PageReader) -> Result<bool> {
        let Some(Page::DictionaryPage { buf, num_values, .. }) = pages.get_next_page()? else {
            return Ok(false);
        };
        // To the byte, where it is the first: a page that grows is there twice, and at last half empty.
        self.page.reserve_exact(if self.page.is_empty() { buf.len() } else { 0 });
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

    /// The number of a category, or the key under which its number would be.
    fn find(&self, value: &[u8]) -> std::result::Result<u32, u64> {
        let mut key = self.hasher.hash_one(value);
        loop {
            match self.numbers.get(&key) {
                Some(number) if self.get(*number) == Some(value) => return Ok(*number),
                Some(_) => key = key.wrapping_add(1),
                None => return Err(key),
            }
        }
    }

    /// Adds a category, unless it is known.
    fn add(&mut self, value: &[u8]) {
        if let Err(key) = self.find(value) {
            self.numbers.insert(key, self.places.len() as u32);
            self.page.extend((value.len() as u32).to_le_bytes());
            self.places.push((self.page.len(), self.page.len() + value.len()));
            self.page.extend_from_slice(value);
        }
    }

    /// The category numbers of the values of `strip`.
    pub(super) fn numbers(&self, strip: &Strip) -> Result<Vec<u32>> {
        let number = |value: &ByteArray| {
            let unknown = |_| ParquetError::General("the categories changed while they were read".to_owned());
            self.find(value.data()).map_err(unknown)
        };
        match &strip.values {
            Values::Bytes(values) => values.iter().map(number).collect(),
            _ => Ok(Vec::new()),
        }
    }

    /// A column chunk, packed with `codec`, with these categories in order and the rows of `strip`, which has numbers.
    pub(super) fn chunk(
        &self,
        column: &ColumnDescPtr,
        codec: Compression,
        strip: &Strip,
        rows: u64,
    ) -> Result<(Pages, ColumnCloseResult)> {
        let numbers: &[u32] = if let Values::Numbers(numbers) = &strip.values { numbers } else { &[] };
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
        let bits = width((self.places.len() as u32).saturating_sub(1)).max(1);
        data.push(bits as u8);
        data.extend(hybrid(numbers.iter().copied(), bits));
        let page = Page::DataPage {
            buf: pack(&data, codec)?.into(),
            num_values: count,
            encoding: Encoding::RLE_DICTIONARY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let pages = [self.written(codec)?, write(page, data.len())?];
        close(column, codec, pages, (count, rows))
    }

    /// The dictionary page as it is written, and its length before it is packed.
    fn written(&self, codec: Compression) -> Result<(Bytes, i64)> {
        let mut written = self.written.lock().map_err(|e| ParquetError::General(e.to_string()))?;
        if let Some(written) = &*written {
            return Ok(written.clone());
        }
        let page = Page::DictionaryPage {
            buf: pack(&self.page, codec)?.into(),
            num_values: self.places.len() as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        Ok(written.insert(write(page, self.page.len())?).clone())
    }
}

/// A page with its header, and its length with an unpacked content of `size` bytes.
fn write(page: Page, size: usize) -> Result<(Bytes, i64)> {
    let mut out = TrackedWrite::new(Vec::new());
    let written = SerializedPageWriter::new(&mut out).write_page(CompressedPage::new(page, size))?;
    Ok((out.into_inner()?.into(), written.uncompressed_size as i64))
}

/// The pages of a column chunk, one behind the other.
pub(super) struct Pages([Bytes; 2]);

impl Length for Pages {
    fn len(&self) -> u64 {
        self.0.iter().map(|page| page.len() as u64).sum()
    }
}

impl ChunkReader for Pages {
    type T = io::Chain<Reader<Bytes>, Reader<Bytes>>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let [first, second] = &self.0;
        let at = (start as usize).min(first.len());
        Ok(first.slice(at..).reader().chain(second.clone().reader()))
    }

    fn get_bytes(&self, _: u64, _: usize) -> Result<Bytes> {
        Err(ParquetError::General("these pages are only written".to_owned()))
    }
}

/// Both pages, each with its unpacked length, as a column chunk.
fn close(
    column: &ColumnDescPtr,
    codec: Compression,
    [(dictionary, left), (data, right)]: [(Bytes, i64); 2],
    (count, rows): (u32, u64),
) -> Result<(Pages, ColumnCloseResult)> {
    let offset = dictionary.len() as i64;
    let pages = Pages([dictionary, data]);
    let metadata = ColumnChunkMetaData::builder(column.clone())
        .set_encodings(vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY])
        .set_compression(codec)
        .set_num_values(count.into())
        .set_total_compressed_size(pages.len() as i64)
        .set_total_uncompressed_size(left + right)
        .set_dictionary_page_offset(Some(0))
        .set_data_page_offset(offset)
        .build()?;
    let close = ColumnCloseResult {
        bytes_written: pages.len(),
        rows_written: rows,
        metadata,
        bloom_filter: None,
        column_index: None,
        offset_index: None,
    };
    Ok((pages, close))
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
