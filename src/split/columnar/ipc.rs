//! Arrow's IPC file and stream formats. Both are sequences of messages, which are located first (from the footer, or by
//! going from one to the next), so that a batch can be read from its place at any time.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_dictionary};
use arrow_ipc::writer::{DictionaryHandling, FileWriter, IpcWriteOptions, StreamWriter};
use arrow_ipc::{
    Block, CompressionType, KeyValue, MessageHeader, MetadataVersion, RecordBatch as RecordBatchHeader,
    root_as_footer, root_as_message,
};
use arrow_schema::{ArrowError, Field, FieldRef, Schema, SchemaRef};
use camino::{Utf8Path, Utf8PathBuf};

use super::blocks::{
    METADATA, bounds, check_buffers, check_endianness, metadata, next_block, strip, takes_space,
};
use super::cut::uncuttable;
use super::guard::guarded;
use super::large::{Dictionaries, Large};
use super::table::{Batches, Footer, Sink, Table, TableWriter, broken};
use crate::split::error::SplitError;
use crate::split::source::Source;

/// A message in a file.
#[derive(Clone, Debug)]
struct Message {
    block: Block,
    /// `None` for a dictionary.
    rows: Option<u64>,
    /// Of a batch that is too large for memory: which of those, and its first row.
    piece: Option<(usize, u64)>,
}

/// An IPC file or stream.
pub(super) struct Ipc<'a> {
    source: &'a Source,
    schema: SchemaRef,
    messages: Vec<Message>,
    rows: u64,
    compression: Option<CompressionType>,
    stream: bool,
    /// The metadata in the footer of a file, which are not those of the schema.
    footer: Footer,
    /// The batches read last: partitions often share one.
    recent: Mutex<Vec<(usize, RecordBatch)>>,
    keep: usize,
    memory: u64,
    /// How many bytes each dictionary takes: they are held together.
    dictionaries: HashMap<i64, u64>,
    /// The batches that are too large for memory.
    large: Vec<Large>,
    /// Where they are unpacked; `None` if none may be.
    folder: Option<Utf8PathBuf>,
}

/// What an IPC file may take.
#[derive(Clone, Copy)]
pub(super) struct Means<'a> {
    /// How many threads there are.
    pub(super) threads: usize,
    /// How many bytes of memory.
    pub(super) memory: u64,
    /// Where nameless files may lie; `None` if nowhere.
    pub(super) folder: Option<&'a Utf8Path>,
}

impl<'a> Ipc<'a> {
    pub(super) fn open_file(source: &'a Source, means: Means) -> Result<Self, SplitError> {
        let bad = |error: &dyn std::fmt::Display| broken(&source.name, "Arrow", error.to_string());
        let mut end = [0; 10];
        if source.len < 18 {
            return Err(bad(&"the file is cut short"));
        }
        source.read_exact_at(&mut end, source.len - 10)?;
        if &end[4..] != b"ARROW1" {
            return Err(bad(&"the file does not end as an Arrow file does; is it cut short?"));
        }
        let length = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
        if length > source.len - 18 || length > METADATA {
            return Err(bad(&"its footer claims to be longer than the file"));
        }
        let mut footer = Vec::new();
        source.read_into(&mut footer, source.len - 10 - length..source.len - 10)?;
        let footer = root_as_footer(&footer).map_err(|e| bad(&e))?;
        let schema = footer.schema().ok_or_else(|| bad(&"its footer has no schema"))?;
        check_endianness(schema.endianness().equals_to_target_endianness(), source)?;
        let schema = Arc::new(try_fb_to_schema(schema).map_err(|e| bad(&e))?);
        let mut ipc = Self::new(source, schema, means);
        let pairs = footer.custom_metadata().into_iter().flatten();
        let pair = |pair: KeyValue| {
            (pair.key().unwrap_or_default().to_owned(), pair.value().unwrap_or_default().to_owned())
        };
        ipc.footer = pairs.map(pair).collect();
        for block in footer.dictionaries().iter().flatten() {
            ipc.add(*block)?;
        }
        for block in footer.recordBatches().iter().flatten() {
            ipc.add(*block)?;
        }
        Ok(ipc)
    }

    pub(super) fn open_stream(source: &'a Source, means: Means) -> Result<Self, SplitError> {
        let bad = |error: &dyn std::fmt::Display| broken(&source.name, "Arrow", error.to_string());
        let (block, mut at) = next_block(source, 0)?.ok_or_else(|| bad(&"there is no schema"))?;
        let metadata = metadata(source, &block)?;
        let message = root_as_message(strip(&metadata)).map_err(|e| bad(&e))?;
        let schema = message.header_as_schema().ok_or_else(|| bad(&"there is no schema"))?;
        check_endianness(schema.endianness().equals_to_target_endianness(), source)?;
        let schema = Arc::new(try_fb_to_schema(schema).map_err(|e| bad(&e))?);
        let mut ipc = Self::new(source, schema, means);
        ipc.stream = true;
        while let Some((block, next)) = next_block(source, at)? {
            ipc.add(block)?;
            at = next;
        }
        Ok(ipc)
    }

    fn new(source: &'a Source, schema: SchemaRef, means: Means) -> Self {
        Self {
            source,
            schema,
            messages: Vec::new(),
            rows: 0,
            compression: None,
            stream: false,
            footer: Footer::new(),
            recent: Mutex::new(Vec::new()),
            keep: means.threads,
            memory: means.memory,
            dictionaries: HashMap::new(),
            large: Vec::new(),
            folder: means.folder.map(Utf8Path::to_owned),
        }
    }

    /// Adds the message at `block`, after checking that it is inside the file.
    fn add(&mut self, block: Block) -> Result<(), SplitError> {
        let bad = |error: &dyn std::fmt::Display| broken(&self.source.name, "Arrow", error.to_string());
        let metadata = metadata(self.source, &block)?;
        let message = root_as_message(strip(&metadata)).map_err(|e| bad(&e))?;
        if message.custom_metadata().is_some_and(|metadata| !metadata.is_empty()) {
            let what = "a batch has metadata of its own, which rows that are cut anew cannot keep";
            let help = "write the table again without them, or as metadata of the schema";
            return Err(SplitError::whole(&self.source.name, what, Some(help)));
        }
        let rows = match message.header_type() {
            MessageHeader::DictionaryBatch => {
                let header = message.header_as_dictionary_batch();
                let dictionary = header.and_then(|header| Some((header, header.data()?)));
                let (header, batch) = dictionary.ok_or_else(|| bad(&"a dictionary without values"))?;
                let bytes = check_buffers(self.source, &block, batch)?;
                let held = self.dictionaries.entry(header.id()).or_default();
                *held = if header.isDelta() { held.saturating_add(bytes) } else { bytes };
                self.weigh(self.dictionaries.values().fold(0, |sum: u64, held| sum.saturating_add(*held)))?;
                None
            }
            MessageHeader::RecordBatch => {
                let batch =
                    message.header_as_record_batch().ok_or_else(|| bad(&"a batch without a header"))?;
                let bytes = check_buffers(self.source, &block, batch)?;
                let rows = u64::try_from(batch.length()).map_err(|_| bad(&"a batch of a negative length"))?;
                self.check_rows(rows, bytes)?;
                self.compression =
                    batch.compression().map(|compression| compression.codec()).or(self.compression);
                self.rows = self.rows.checked_add(rows).ok_or_else(|| bad(&"more than 2^64 rows"))?;
                if bytes > self.memory / 3 {
                    return self.add_large(block, batch, (rows, bytes));
                }
                self.weigh(bytes)?;
                Some(rows)
            }
            other => return Err(bad(&format!("a message of the kind {other:?} among the batches"))),
        };
        self.messages.push(Message { block, rows, piece: None });
        Ok(())
    }

    /// Takes a batch that is too large for memory, as pieces that are not.
    fn add_large(
        &mut self,
        block: Block,
        batch: RecordBatchHeader,
        (rows, bytes): (u64, u64),
    ) -> Result<(), SplitError> {
        let is_packed = batch.compression().is_some();
        if uncuttable(&self.schema).is_some() || is_packed && self.folder.is_none() {
            return self.weigh(bytes);
        }
        let (start, _) = bounds(self.source, &block)?;
        let body = start + block.metaDataLength() as u64;
        let large = Large::new(self.source, body, batch, self.folder.as_deref())?;
        let most = self.memory / 3 / self.keep.max(1) as u64;
        let (counts, heaviest) = large.cuts((self.source, &self.schema), rows, most)?;
        self.weigh(heaviest)?;
        let mut first = 0;
        for count in counts {
            self.messages.push(Message { block, rows: Some(count), piece: Some((self.large.len(), first)) });
            first += count;
        }
        self.large.push(large);
        Ok(())
    }

    /// An error if a batch of this many bytes, unpacked, would take too much memory; otherwise limits how many are
    /// kept.
    fn weigh(&mut self, bytes: u64) -> Result<(), SplitError> {
        let most = self.memory / 3 / bytes.max(1);
        if most == 0 {
            let (bytes, allowed) = (bytes / 1_000_000, self.memory / 1_000_000);
            let mut message = format!(
                "{}: a row or the dictionaries, of {bytes} MB, take more memory than is allowed ({allowed} MB)",
                self.source.name
            );
            if let Some(column) = uncuttable(&self.schema) {
                message = format!(
                    "{}: a batch of {bytes} MB takes more memory than is allowed ({allowed} MB), and the type of the column `{column}` does not let it be read in parts",
                    self.source.name
                );
            }
            let help = "allow three times as much with `--memory`, or store the table in smaller batches";
            return Err(SplitError::usage(message, help));
        }
        self.keep = self.keep.min(most as usize);
        Ok(())
    }

    /// An error if a batch of `bytes` bytes cannot have this many rows. If no column needs space for a row, only memory
    /// limits them.
    fn check_rows(&self, rows: u64, bytes: u64) -> Result<(), SplitError> {
        let takes_space = self.schema.fields().iter().any(|field| takes_space(field.data_type()));
        let most = if takes_space { bytes.saturating_mul(8) } else { self.memory };
        if rows > most {
            let error = format!("a batch of {bytes} bytes claims to have {rows} rows");
            return Err(broken(&self.source.name, "Arrow", error));
        }
        Ok(())
    }

    fn buffer(&self, block: &Block) -> Result<Buffer, SplitError> {
        let (start, end) = bounds(self.source, block)?;
        let mut bytes = Vec::new();
        self.source.read_into(&mut bytes, start..end)?;
        Ok(Buffer::from_vec(bytes))
    }

    /// The batch that is message `i`.
    fn batch(
        &self,
        i: usize,
        (decoder, dictionaries): (&FileDecoder, &Dictionaries),
    ) -> Result<RecordBatch, SplitError> {
        let recent = || self.recent.lock().expect("no thread panics while it holds the lock");
        if let Some((_, batch)) = recent().iter().find(|(known, _)| *known == i) {
            return Ok(batch.clone());
        }
        let Message { block, rows, piece } = &self.messages[i];
        if let Some((large, first)) = piece {
            let rows = *first..first + rows.unwrap_or_default();
            let read = || self.large[*large].read((self.source, &self.schema), rows, dictionaries);
            return guarded(&self.source.name, "Arrow", read);
        }
        let buffer = self.buffer(block)?;
        let batch = guarded(&self.source.name, "Arrow", || {
            let read = decoder.read_record_batch(block, &buffer);
            let batch = read.map_err(|e| self.blame(i, &buffer, e))?;
            batch.ok_or_else(|| broken(&self.source.name, "Arrow", "an empty message"))
        })?;
        let mut recent = recent();
        if recent.len() >= self.keep {
            recent.remove(0);
        }
        recent.push((i, batch.clone()));
        Ok(batch)
    }
}

impl Ipc<'_> {
    /// Reads a dictionary for batches that are read in parts.
    fn add_dictionary(
        &self,
        message: &Message,
        buffer: &Buffer,
        dictionaries: &mut Dictionaries,
    ) -> Result<(), ArrowError> {
        if self.large.is_empty() {
            return Ok(());
        }
        let header = root_as_message(strip(buffer));
        let header = header.map_err(|e| ArrowError::ParseError(e.to_string()))?;
        let Some(batch) = header.header_as_dictionary_batch() else { return Ok(()) };
        let body = buffer.slice(message.block.metaDataLength() as usize);
        read_dictionary(&body, batch, &self.schema, dictionaries, &header.version())
    }
}

/// Errors with the name of the column, which the reader does not tell.
impl Ipc<'_> {
    /// The error of the batch that is message `i`, about the first column that cannot be read by itself.
    fn blame(&self, i: usize, buffer: &Buffer, error: ArrowError) -> SplitError {
        let alone = |c: &usize| {
            let read = || {
                let decoder = FileDecoder::new(self.schema.clone(), MetadataVersion::V1);
                let mut decoder = decoder.with_projection(vec![*c]);
                for Message { block, .. } in
                    self.messages[..i].iter().filter(|message| message.rows.is_none())
                {
                    let read = decoder.read_dictionary(block, &self.buffer(block)?);
                    read.map_err(|e| broken(&self.source.name, "Arrow", e))?;
                }
                let read = decoder.read_record_batch(&self.messages[i].block, buffer);
                read.map(drop).map_err(|e| broken(&self.source.name, "Arrow", e))
            };
            guarded(&self.source.name, "Arrow", read).is_err()
        };
        let column = (0..self.schema.fields().len()).find(alone);
        self.about(column.map(|c| self.schema.field(c).name()), error)
    }

    /// The error of a dictionary, about the column that has it.
    fn blame_categories(&self, buffer: &Buffer, error: ArrowError) -> SplitError {
        let header = root_as_message(strip(buffer)).ok();
        let number = header.and_then(|header| Some(header.header_as_dictionary_batch()?.id()));
        let has = |field: &&FieldRef| number.is_some_and(|number| has_categories(field, number));
        let column = self.schema.fields().iter().find(has);
        self.about(column.map(|field| field.name()), format!("its categories: {error}"))
    }

    fn about(&self, column: Option<&String>, error: impl std::fmt::Display) -> SplitError {
        match column {
            Some(column) => broken(&self.source.name, "Arrow", format!("the column `{column}`: {error}")),
            None => broken(&self.source.name, "Arrow", error.to_string()),
        }
    }
}

/// Whether a column, or what is nested in it, has the dictionary of this number.
fn has_categories(field: &FieldRef, number: i64) -> bool {
    #[expect(deprecated, reason = "the number is known by no other way")]
    let has = |field: &&Field| field.dict_id() == Some(number);
    Schema::new(vec![field.clone()]).flattened_fields().iter().any(has)
}

impl Table for Ipc<'_> {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn footer(&self) -> &Footer {
        &self.footer
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn batches(&self) -> Vec<Range<u64>> {
        let mut at = 0;
        let rows = self.messages.iter().filter_map(|message| message.rows);
        rows.map(|rows| {
            at += rows;
            at - rows..at
        })
        .collect()
    }

    fn at_once(&self) -> usize {
        self.keep
    }

    fn scan(&self, wanted: Range<u64>) -> Result<Batches<'_>, SplitError> {
        // Each message says which version it has. The decoder demands that it is the footer's unless that is `V1`, but
        // pyarrow writes `V5` into the footer of files whose messages are `V4`.
        let mut decoder = FileDecoder::new(self.schema.clone(), MetadataVersion::V1);
        let (mut at, mut first, mut dictionaries) = (0, true, Dictionaries::new());
        let found = self.messages.iter().enumerate().filter_map(move |(i, message)| {
            let Some(rows) = message.rows else {
                if at >= wanted.end.max(1) {
                    return None;
                }
                let read = self.buffer(&message.block).and_then(|buffer| {
                    guarded(&self.source.name, "Arrow", || {
                        let read = decoder.read_dictionary(&message.block, &buffer);
                        let read =
                            read.and_then(|()| self.add_dictionary(message, &buffer, &mut dictionaries));
                        read.map_err(|e| self.blame_categories(&buffer, e))
                    })
                });
                return read.err().map(Err);
            };
            let batch = at..at + rows;
            at = batch.end;
            let (start, end) = (batch.start.max(wanted.start), batch.end.min(wanted.end));
            // Even with no rows, the first batch tells the categories.
            let is_first = std::mem::take(&mut first) && wanted.is_empty();
            let (start, end) = if is_first { (batch.start, batch.start) } else { (start, end) };
            (start < end || is_first).then(|| {
                let found = self.batch(i, (&decoder, &dictionaries))?;
                if found.num_rows() as u64 != rows {
                    return Err(self.source.changed());
                }
                Ok(found.slice((start - batch.start) as usize, (end - start) as usize))
            })
        });
        Ok(Box::new(found))
    }

    fn writer(&self, schema: &Schema, sink: Sink) -> Result<Box<dyn TableWriter>, ArrowError> {
        // Only what older readers support, and no choices of our own.
        let options = IpcWriteOptions::default().with_dictionary_handling(DictionaryHandling::Resend);
        let options = options.try_with_compression(self.compression)?;
        Ok(match self.stream {
            true => Box::new(StreamWriter::try_new_with_options(sink, schema, options)?),
            false => {
                let mut writer = FileWriter::try_new_with_options(sink, schema, options)?;
                self.footer.iter().for_each(|(key, value)| writer.write_metadata(key, value));
                Box::new(writer)
            }
        })
    }
}

impl TableWriter for FileWriter<Sink> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.write(batch)
    }

    fn finish(self: Box<Self>) -> Result<Sink, ArrowError> {
        self.into_inner()
    }
}

impl TableWriter for StreamWriter<Sink> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.write(batch)
    }

    fn finish(self: Box<Self>) -> Result<Sink, ArrowError> {
        self.into_inner()
    }
}
