//! Bounds on what would otherwise grow with every build.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use super::failure::Failure;
use crate::file::{self, FileError};

/// Of a log longer than this, only the beginning and the end are kept once its run has ended.
const LONGEST_LOG: u64 = 64 << 20;
const KEPT_START: u64 = 1 << 20;
const KEPT_END: u64 = 15 << 20;

/// Shortens the log at `path`, if it is too long.
///
/// # Errors
/// If it cannot be read or written.
pub(super) fn log(path: &Utf8Path) -> Result<(), Failure> {
    let length = fs::metadata(path).map_or(0, |meta| meta.len());
    if length > LONGEST_LOG {
        file::context(shorten(path, length), "shorten", path)?;
    }
    Ok(())
}

fn shorten(path: &Utf8Path, length: u64) -> io::Result<()> {
    let mut log = File::options().read(true).write(true).open(path)?;
    let mut end = Vec::new();
    log.seek(SeekFrom::Start(length - KEPT_END))?;
    (&log).take(KEPT_END).read_to_end(&mut end)?;
    log.seek(SeekFrom::Start(KEPT_START))?;
    writeln!(log, "\n[… {} bytes are left out …]", length - KEPT_START - KEPT_END)?;
    log.write_all(&end)?;
    let now = log.stream_position()?;
    log.set_len(now)
}

/// Prunes a folder that has more than `most` files: only the newest stay, half of `most`.
///
/// # Errors
/// If one cannot be removed.
pub(crate) fn folder(path: &Utf8Path, most: usize) -> Result<(), FileError> {
    let Ok(entries) = path.read_dir_utf8() else { return Ok(()) };
    let names: Vec<Utf8PathBuf> = entries.flatten().map(camino::Utf8DirEntry::into_path).collect();
    if names.len() <= most {
        return Ok(());
    }
    let time = |path: &Utf8PathBuf| {
        path.symlink_metadata().and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let mut dated: Vec<_> = names.into_iter().map(|path| (time(&path), path)).collect();
    dated.sort();
    let old = dated.len() - most / 2;
    dated.iter().take(old).try_for_each(|(_, path)| file::remove(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_newest_files_and_a_long_log_its_two_ends() {
        let guard = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(guard.path().join("known")).unwrap();
        fs::create_dir(&path).unwrap();
        for i in 0..20u64 {
            let file = File::create(path.join(i.to_string())).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(i)).unwrap();
        }
        folder(&path, 20).unwrap();
        assert_eq!(fs::read_dir(&path).unwrap().count(), 20);
        folder(&path, 10).unwrap();
        assert_eq!(fs::read_dir(&path).unwrap().count(), 5);
        assert!((15..20).all(|i: u64| path.join(i.to_string()).exists()));

        let log = path.join("log");
        let file = File::create(&log).unwrap();
        file.set_len(LONGEST_LOG + 100).unwrap();
        (&file).seek(SeekFrom::End(-3)).unwrap();
        (&file).write_all(b"end").unwrap();
        super::log(&log).unwrap();
        let short = fs::read(&log).unwrap();
        assert!(short.len() < 17 << 20 && short.ends_with(b"end"));
        assert!(memchr::memmem::find(&short, b"bytes are left out").is_some());
    }
}
