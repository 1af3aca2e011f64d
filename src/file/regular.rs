//! Reads files in whose place there may be anything: to open a pipe waits for its writer, and a device may have no end.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a regular file for reading.
///
/// # Errors
/// If it cannot be opened, or is anything else.
pub(crate) fn open_regular(path: impl AsRef<Path>) -> io::Result<fs::File> {
    let path = path.as_ref();
    let mut options = fs::File::options();
    let opened = options.read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path);
    let file = match opened {
        // A file server may have to ask another client first.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock && path.is_file() => fs::File::open(path)?,
        opened => opened?,
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a file")) }
}

/// Reads what [`open_regular`] opens.
pub(crate) fn read_regular(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same as a text.
pub(crate) fn read_regular_text(path: impl AsRef<Path>) -> io::Result<String> {
    let mut text = String::new();
    open_regular(path)?.read_to_string(&mut text)?;
    Ok(text)
}
/// What tells a file from others of the same name, where the system has that: its inode.
#[cfg(unix)]
pub(crate) fn number(meta: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(meta)
}

#[cfg(not(unix))]
pub(crate) fn number(_meta: &std::fs::Metadata) -> u64 {
    0
}
