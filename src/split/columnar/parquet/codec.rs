//! Codecs of Parquet: which one a column has, and the packing of pages that are built here.

use std::io::Write;

use parquet::basic::Compression;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;

/// The codec for copies of a column.
pub(super) fn codec(column: &ColumnChunkMetaData) -> Compression {
    match column.compression() {
        // The older LZ4 was never specified.
        Compression::LZ4 => Compression::LZ4_RAW,
        Compression::LZO => Compression::SNAPPY,
        other => other,
    }
}

/// The content of a page as `codec` packs it.
pub(super) fn pack(page: &[u8], codec: Compression) -> Result<Vec<u8>> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| ParquetError::External(error);
    match codec {
        Compression::UNCOMPRESSED => Ok(page.to_vec()),
        Compression::SNAPPY => {
            snap::raw::Encoder::new().compress_vec(page).map_err(|error| failed(error.into()))
        }
        Compression::GZIP(level) => {
            let level = flate2::Compression::new(level.compression_level());
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(page)?;
            Ok(encoder.finish()?)
        }
        Compression::BROTLI(level) => {
            let mut packed = Vec::new();
            let mut encoder =
                brotli::CompressorWriter::new(&mut packed, 1 << 12, level.compression_level(), 22);
            encoder.write_all(page)?;
            drop(encoder);
            Ok(packed)
        }
        Compression::ZSTD(level) => Ok(zstd::bulk::compress(page, level.compression_level())?),
        Compression::LZ4_RAW => Ok(lz4_flex::block::compress(page)),
        Compression::LZ4 | Compression::LZO => {
            Err(ParquetError::General(format!("no page is written in {codec}")))
        }
    }
}
