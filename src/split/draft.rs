//! The partitions on their way to disk: written beside their final names, taken back if the split
//! fails, published one by one when all are complete. Knows nothing of what they hold.
//!
//! For each changed partition the new data is flushed, the old stamp is retired, the data takes its name, and the new
//! stamp is settled, in this order: whenever the process is killed or the power fails, a stamp that is in force is that
//! of the data beside it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};

use camino::{Utf8Path, Utf8PathBuf};

use super::error::SplitError;
use super::format::Compression;
use crate::durable;
use crate::file;
use crate::layout::passing;
use crate::stamp;

/// A file that is not yet in its place. It is removed again unless it is published.
pub(super) struct Draft {
    path: Utf8PathBuf,
    compression: Option<Compression>,
    out: Option<Out>,
    published: bool,
}

/// An open file, and what packs the bytes on their way to it. A file that is opened again goes on with
/// another gzip member or Zstandard frame, which is one file to every reader.
enum Out {
    Plain(File),
    Gzip(flate2::write::GzEncoder<File>),
    Zstd(zstd::stream::write::Encoder<'static, File>),
}

impl Out {
    fn new(file: File, compression: Option<Compression>) -> io::Result<Self> {
        Ok(match compression {
            None => Self::Plain(file),
            Some(Compression::Gzip) => {
                Self::Gzip(flate2::write::GzEncoder::new(file, flate2::Compression::default()))
            }
            Some(Compression::Zstd) => {
                let mut encoder = zstd::stream::write::Encoder::new(file, 0)?;
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.write_all(bytes),
            Self::Gzip(encoder) => encoder.write_all(bytes),
            Self::Zstd(encoder) => encoder.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Gzip(encoder) => encoder.finish().map(drop),
            Self::Zstd(encoder) => encoder.finish().map(drop),
        }
    }
}

impl Draft {
    /// An empty draft of the file at `target`, to be packed as `compression` says. Its name is always the same, so that what a killed
    /// split left behind is used again; [`lock`] keeps two splits apart.
    pub(super) fn create(target: &Utf8Path, compression: Option<Compression>) -> Result<Self, SplitError> {
        let path = passing::draft(target);
        file::remove(&path)?;
        let file = file::context(File::create_new(&path), "create", &path)?;
        let mut draft = Self { path, compression, out: None, published: false };
        if let Ok(meta) = fs::metadata(target) {
            file::context(file.set_permissions(meta.permissions()), "write", &draft.path)?;
        }
        draft.out = Some(file::context(Out::new(file, compression), "write", &draft.path)?);
        Ok(draft)
    }

    /// Adds `bytes` at the end.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), SplitError> {
        let mut append = || -> io::Result<()> {
            let out = match &mut self.out {
                Some(out) => out,
                closed => {
                    closed.insert(Out::new(File::options().append(true).open(&self.path)?, self.compression)?)
                }
            };
            out.write(bytes)
        };
        Ok(file::context(append(), "write", &self.path)?)
    }

    /// Closes the file; the next [`Self::append`] opens it again.
    pub(super) fn close(&mut self) -> Result<(), SplitError> {
        let finished = self.out.take().map_or(Ok(()), Out::finish);
        Ok(file::context(finished, "write", &self.path)?)
    }

    /// Puts the file in the place of the one at `target`, whose stamp at `stamp` then says `content`.
    pub(super) fn publish(
        mut self,
        target: &Utf8Path,
        stamp: &Utf8Path,
        content: &stamp::Stamp,
    ) -> Result<(), SplitError> {
        self.close()?;
        durable::flush_all(&self.path)?;
        stamp::retire(stamp)?;
        file::context(fs::rename(&self.path, target), "write", target)?;
        self.published = true;
        let folder = target.parent().filter(|folder| !folder.as_str().is_empty());
        durable::flush_folder(folder.unwrap_or(Utf8Path::new(".")))?;
        stamp::settle(stamp, content)?;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            self.out = None;
            // There is already an error to report, and the next split removes the file.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Holds the folder for one split at a time until the file is dropped. Where a folder cannot be
/// locked (some network file systems), nobody is kept out.
pub(super) fn lock(folder: &Utf8Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    folder.lock().ok()?;
    Some(folder)
}

/// Copies everything that `reader` gives to a nameless temporary file in `folder`.
pub(super) fn spool(reader: &mut dyn io::Read, folder: &Utf8Path) -> io::Result<File> {
    let file = tempfile::tempfile_in(folder)?;
    let mut writer = BufWriter::with_capacity(1 << 16, &file);
    io::copy(reader, &mut writer)?;
    writer.flush()?;
    drop(writer);
    Ok(file)
}
