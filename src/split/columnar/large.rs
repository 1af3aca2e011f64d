//! A batch of an Arrow file that is too large for memory: where its buffers are, unpacked.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;

use arrow_array::ArrayRef;
use arrow_ipc::{CompressionType, RecordBatch as Header};
use camino::Utf8Path;

use super::table::broken;
use crate::file;
use crate::split::error::SplitError;
use crate::split::source::{BUFFER, Source};

/// The dictionaries that have been read, by their numbers.
pub(super) type Dictionaries = HashMap<i64, ArrayRef>;

/// A batch that is too large for memory.
pub(super) struct Large {
    /// The nameless file, if the batch is packed.
    pub(super) unpacked: Option<Source>,
    /// The number of rows of each field, and whether some are null.
    pub(super) nodes: Vec<(u64, bool)>,
    /// Where each buffer lies.
    pub(super) buffers: Vec<Range<u64>>,
    /// How many data buffers each field of views has.
    pub(super) variadic: Vec<u64>,
}

impl Large {
    /// The batch with this `header`, whose buffers begin at `body`. They have been looked at: they lie in the file.
    pub(super) fn new(
        source: &Source,
        body: u64,
        header: Header,
        folder: Option<&Utf8Path>,
    ) -> Result<Self, SplitError> {
        let number = |number: i64| u64::try_from(number).unwrap_or_default();
        let nodes = header.nodes().into_iter().flatten();
        let nodes = nodes.map(|node| (number(node.length()), node.null_count() > 0)).collect();
        let place = |buffer: &arrow_ipc::Buffer| {
            let start = body + number(buffer.offset());
            start..start + number(buffer.length())
        };
        let mut buffers: Vec<_> = header.buffers().into_iter().flatten().map(place).collect();
        let variadic = header.variadicBufferCounts().into_iter().flatten().map(number).collect();
        let codec = header.compression().map(|compression| compression.codec());
        let packed = codec.zip(folder);
        let unpacked =
            packed.map(|(codec, folder)| unpack(source, &mut buffers, codec, folder)).transpose()?;
        Ok(Self { unpacked, nodes, buffers, variadic })
    }
}

/// Lays the buffers in a nameless file in `folder`, unpacked; `buffers` then says where they lie there.
fn unpack(
    source: &Source,
    buffers: &mut [Range<u64>],
    codec: CompressionType,
    folder: &Utf8Path,
) -> Result<Source, SplitError> {
    let mut spool = file::context(tempfile::tempfile_in(folder), "write", folder)?;
    let mut at = 0;
    for place in buffers {
        let copied = copy(source, place.clone(), codec, &mut spool);
        let length = copied.map_err(|e| broken(&source.name, "Arrow", e))?;
        *place = at..at + length;
        at += length;
    }
    Source::new(spool, &source.name)
}

/// Unpacks what lies at `place`; how long it is then.
fn copy(source: &Source, place: Range<u64>, codec: CompressionType, out: &mut File) -> io::Result<u64> {
    if place.end - place.start < 8 {
        return Ok(0);
    }
    let mut packed = source.reader(place);
    let mut length = [0; 8];
    packed.read_exact(&mut length)?;
    let length = i64::from_le_bytes(length);
    let packed = io::BufReader::with_capacity(BUFFER as usize, packed);
    // -1 says that the buffer is not packed after all.
    let Ok(length) = u64::try_from(length) else { return io::copy(&mut { packed }, out) };
    let copied = match codec {
        CompressionType::ZSTD => {
            io::copy(&mut zstd::stream::read::Decoder::with_buffer(packed)?.take(length + 1), out)?
        }
        _ => io::copy(&mut lz4_flex::frame::FrameDecoder::new(packed).take(length + 1), out)?,
    };
    let is_right = copied == length;
    is_right.then_some(length).ok_or_else(|| io::Error::other("a column is not as long as it claims to be"))
}
