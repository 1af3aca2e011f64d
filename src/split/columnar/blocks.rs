//! The messages of an Arrow file: where they are, and whether what they claim is possible.

use arrow_ipc::{Block, CompressionType, RecordBatch as RecordBatchHeader, root_as_message};
use arrow_schema::DataType;

use super::table::broken;
use crate::split::error::SplitError;
use crate::split::source::Source;

/// The longest metadata of a schema or a batch that is read.
pub(super) const METADATA: u64 = 256 << 20;

pub(super) fn check_endianness(same: bool, source: &Source) -> Result<(), SplitError> {
    if same {
        Ok(())
    } else {
        let message =
            "the numbers of this Arrow file are in big-endian order, which is not read on this machine";
        let help = "write it with little-endian numbers (pyarrow: read it there, and write it again)";
        Err(SplitError::whole(&source.name, message, Some(help)))
    }
}

/// Where a message begins and ends.
pub(super) fn bounds(source: &Source, block: &Block) -> Result<(u64, u64), SplitError> {
    let part = |number: i64| u64::try_from(number).ok();
    let bounds = || {
        let (start, head) = (part(block.offset())?, part(block.metaDataLength().into())?);
        let end = start.checked_add(head)?.checked_add(part(block.bodyLength())?)?;
        ((8..=METADATA).contains(&head) && end <= source.len).then_some((start, end))
    };
    bounds().ok_or_else(|| broken(&source.name, "Arrow", "a message lies outside the file; is it cut short?"))
}

/// Checks that the buffers of a batch are inside its body and do not claim an impossible unpacked size; returns that
/// size.
pub(super) fn check_buffers(
    source: &Source,
    block: &Block,
    batch: RecordBatchHeader,
) -> Result<u64, SplitError> {
    let mut total = 0u64;
    let (start, end) = bounds(source, block)?;
    let body = start + block.metaDataLength() as u64;
    // LZ4 compresses at most by 255 to one; for Zstandard no limit is known, but this is plenty.
    let ratio =
        batch.compression().map(|packed| if packed.codec() == CompressionType::ZSTD { 1 << 16 } else { 256 });
    for buffer in batch.buffers().iter().flatten() {
        let place = || {
            let (offset, length) =
                (u64::try_from(buffer.offset()).ok()?, u64::try_from(buffer.length()).ok()?);
            (offset.checked_add(length)? <= end - body).then_some((body + offset, length))
        };
        let outside = || broken(&source.name, "Arrow", "a column lies outside its batch");
        let (at, length) = place().ok_or_else(outside)?;
        total = total.saturating_add(length);
        if let Some(ratio) = ratio.filter(|_| length >= 8) {
            let mut unpacked = [0; 8];
            source.read_exact_at(&mut unpacked, at)?;
            // -1 means that the buffer is not compressed after all.
            total = total.saturating_add(i64::from_le_bytes(unpacked).max(0) as u64);
            if i64::from_le_bytes(unpacked) > length.saturating_mul(ratio) as i64 {
                return Err(broken(&source.name, "Arrow", "a column claims to be longer than it can be"));
            }
        }
    }
    Ok(total)
}

/// Whether each row of a column of this type takes at least one bit.
pub(super) fn takes_space(kind: &DataType) -> bool {
    match kind {
        DataType::Null | DataType::RunEndEncoded(_, _) => false,
        DataType::FixedSizeBinary(width) => *width > 0,
        DataType::FixedSizeList(item, width) => *width > 0 && takes_space(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| takes_space(field.data_type())),
        _ => true,
    }
}

/// The bytes that precede the body of a message.
pub(super) fn metadata(source: &Source, block: &Block) -> Result<Vec<u8>, SplitError> {
    let (start, _) = bounds(source, block)?;
    let mut bytes = Vec::new();
    source.read_into(&mut bytes, start..start + block.metaDataLength() as u64)?;
    Ok(bytes)
}

/// `bytes` without the marker (of newer writers) and the length.
pub(super) fn strip(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xFF\xFF\xFF\xFF").map_or(&bytes[4..], |rest| &rest[4..])
}

/// The message of a stream at `at`, and where the next one begins; `None` at the end.
pub(super) fn next_block(source: &Source, at: u64) -> Result<Option<(Block, u64)>, SplitError> {
    let bad = |error: &dyn std::fmt::Display| broken(&source.name, "Arrow", error.to_string());
    if at == source.len {
        return Ok(None);
    }
    let mut head = [0; 8];
    let there = (source.len - at).min(8) as usize;
    source.read_exact_at(&mut head[..there], at)?;
    let (prefix, length) = match head {
        [0xFF, 0xFF, 0xFF, 0xFF, a, b, c, d] => (8, u32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, ..] => (4, u32::from_le_bytes([a, b, c, d])),
    };
    if length == 0 {
        return Ok(None);
    }
    let head = prefix + u64::from(length);
    if head > METADATA || head > source.len - at {
        return Err(bad(&"the stream ends in the middle of a message"));
    }
    let block = |body: i64| Block::new(at as i64, head as i32, body);
    let bytes = metadata(source, &block(0))?;
    let message = root_as_message(strip(&bytes)).map_err(|e| bad(&e))?;
    let block = block(message.bodyLength());
    let (_, end) = bounds(source, &block)?;
    Ok(Some((block, end)))
}
