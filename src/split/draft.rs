//! Partitions being written: next to their final names, removed if the split fails, published one by one once all are
//! complete. Knows nothing of their content.
//!
//! For each changed partition, the new data is flushed, the old stamp retired, the data renamed to its final name, and
//! the new stamp settled, in this order: whenever the process is killed or the power fails, a valid stamp is that of
//! the data next to it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};

use camino::{Utf8Path, Utf8PathBuf};

use super::error::SplitError;
use super::format::Compression;
use super::zst;
use crate::durable;
use crate::file::{self, Written};
use crate::layout::passing;
use crate::stamp;

/// A file that does not have its final name yet. It is removed unless it is published.
pub(super) struct Draft {
    path: Utf8PathBuf,
    compression: Option<Compression>,
    out: Option<Out>,
    published: bool,
}

/// An open file, and what compresses the bytes written to it. Reopening a file starts another gzip member or Zstandard
/// frame, which every reader treats as one file.
enum Out {
    Plain(File),
    Gzip(flate2::write::GzEncoder<File>),
    Zstd(zst::Encoder),
}

impl Out {
    fn new(file: File, compression: Option<Compression>) -> io::Result<Self> {
        Ok(match compression {
            None => Self::Plain(file),
            Some(Compression::Gzip) => {
                Self::Gzip(flate2::write::GzEncoder::new(file, flate2::Compression::default()))
            }
            Some(Compression::Zstd) => Self::Zstd(zst::Encoder::new(file)?),
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
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl Draft {
    /// An empty draft of the file at `target`, to be compressed as `compression` says. Its name is always the same, so
    /// that a file left by a killed split is reused; [`lock`] keeps two splits apart.
    pub(super) fn create(target: &Utf8Path, compression: Option<Compression>) -> Result<Self, SplitError> {
        // A link is replaced; what is a device or a pipe, also by a link, is somebody else's.
        if fs::metadata(target).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
            let error = io::Error::other("it is not a file");
            file::context(Err(error), "write", target)?;
        }
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

    /// Replaces the file at `target`, and sets its stamp at `stamp` to `content`.
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
        if stamp::settle(stamp, content)? == Written::Unchanged
            && let Ok(kept) = fs::metadata(stamp).and_then(|meta| meta.modified())
        {
            // Data that is younger than its stamp counts as edited; if the time cannot be set, it is only written again.
            let _ = File::open(target).and_then(|data| data.set_modified(kept));
        }
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

/// Reserves the folder for one split until the returned file is dropped. If a folder cannot be locked (on some network
/// file systems), nobody is kept out.
pub(super) fn lock(folder: &Utf8Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    folder.lock().ok()?;
    Some(folder)
}

/// Copies everything from `reader` to a nameless temporary file in `folder`.
pub(super) fn spool(reader: &mut dyn io::Read, folder: &Utf8Path) -> io::Result<File> {
    let file = tempfile::tempfile_in(folder)?;
    let mut writer = BufWriter::with_capacity(1 << 16, &file);
    io::copy(reader, &mut writer)?;
    writer.flush()?;
    drop(writer);
    Ok(file)
}
