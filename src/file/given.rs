//! Where output goes that the user has named: in that place there may be anything.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::{FileError, context};

/// What is at a path that was given for output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// A regular file, or nothing yet: where links lead to.
    File(Utf8PathBuf),
    /// A device, a pipe, or the standard output by another name: nothing may be renamed over it.
    Stream,
}

impl Given {
    /// The path that a user means: `-` is the standard output.
    pub(crate) fn path(written: &Utf8Path) -> &Utf8Path {
        if written == "-" { Utf8Path::new("/dev/stdout") } else { written }
    }

    /// Looks at `path`, and opens nothing. If it is only the usual name, which nobody has given, a link there may be part of
    /// somebody else's project: that itself is what will be replaced.
    ///
    /// # Errors
    /// If a folder is there, or a link that leads nowhere.
    pub(crate) fn at(path: &Utf8Path, is_usual: bool) -> Result<Self, FileError> {
        if is_usual && path.is_symlink() {
            return Ok(Self::File(path.to_owned()));
        }
        let found = match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(meta) if !meta.is_file() || is_standard_output(&meta) => Ok(Self::Stream),
            Ok(_) if path.is_symlink() => path.canonicalize_utf8().map(Self::File),
            Err(_) if path.is_symlink() => Err(io::Error::other("it is a link that leads nowhere")),
            _ => Ok(Self::File(path.to_owned())),
        };
        context(found, "write", path)
    }

    /// Looks at `path`, where only a file will do.
    ///
    /// # Errors
    /// As above, and if it is no file.
    pub(crate) fn file_at(path: &Utf8Path, is_usual: bool) -> Result<Utf8PathBuf, FileError> {
        match Self::at(path, is_usual)? {
            Self::File(path) => Ok(path),
            Self::Stream => context(Err(io::Error::other("it is not a file")), "write", path),
        }
    }
}

/// Writes `content` to what [`Given::Stream`] was said of.
///
/// # Errors
/// If it cannot be opened, or takes no more.
pub(crate) fn write_stream(path: &Utf8Path, content: &[u8]) -> Result<(), FileError> {
    let write = || match fs::metadata(path) {
        Ok(meta) if is_standard_output(&meta) => {
            let mut out = io::stdout();
            out.write_all(content).and_then(|()| out.flush())
        }
        _ => fs::File::options().write(true).open(path)?.write_all(content),
    };
    context(write(), "write", path)
}

/// Whether a file is what the standard output goes to. It then goes on where that is: `>>` keeps what is there.
fn is_standard_output(meta: &fs::Metadata) -> bool {
    let ours = rustix::fs::fstat(io::stdout());
    ours.is_ok_and(|ours| (ours.st_dev, ours.st_ino) == (meta.dev(), meta.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_files_and_not_to_streams() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::try_from(guard.path().canonicalize().unwrap()).unwrap();
        let link = |name: &str, to: &str| {
            let link = folder.join(name);
            std::os::unix::fs::symlink(to, &link).unwrap();
            link
        };
        let file = folder.join("file");
        assert_eq!(Given::at(&file, false).unwrap(), Given::File(file.clone()));
        assert!(Given::at(&link("early", "file"), false).unwrap_err().to_string().contains("leads nowhere"));
        fs::write(&file, "x").unwrap();
        assert_eq!(Given::at(&link("link", "file"), false).unwrap(), Given::File(file));
        let usual = folder.join("link");
        assert_eq!(Given::at(&usual, true).unwrap(), Given::File(usual.clone()));
        assert!(Given::at(&folder, false).is_err());
        let null = link("null", "/dev/null");
        assert_eq!(Given::at(&null, false).unwrap(), Given::Stream);
        assert!(Given::file_at(&null, false).is_err());
        write_stream(&null, b"x").unwrap();
        assert!(null.is_symlink());
    }
}
