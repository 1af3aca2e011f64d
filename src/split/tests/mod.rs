//! The splitter compared with a slow and obvious one, on random files, with any chunk size and number of threads.

#![allow(clippy::too_many_arguments, reason = "a call in a test reads like the command line")]

#[cfg(feature = "columnar")]
mod columnar;
mod files;
mod gathered;
mod known;
mod reference;
mod strategies;
mod text;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Format, Input, Layout, Partition, Request, SplitError, run};
use crate::digest::Digest;
use crate::size::{By, Size};
use crate::stamp::Stamp;

/// A folder for one test.
pub(super) struct Space {
    _guard: tempfile::TempDir,
    pub(super) folder: Utf8PathBuf,
}

/// `out/p1.csv` and `out/p1.stamp`.
pub(super) struct Parts(pub(super) Utf8PathBuf);

impl Layout for Parts {
    fn data(&self, i: u64) -> Utf8PathBuf {
        self.0.join(format!("p{i}"))
    }

    fn stamp(&self, i: u64) -> Utf8PathBuf {
        self.0.join(format!("p{i}.stamp"))
    }

    fn known(&self) -> Option<Utf8PathBuf> {
        Some(self.0.with_extension("known"))
    }
}

/// How to split: a chunk size and a number of threads.
pub(super) type Pace = (u64, usize);

impl Space {
    pub(super) fn new() -> Self {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::try_from(guard.path().to_owned()).unwrap();
        Self { _guard: guard, folder }
    }

    pub(super) fn split(
        &self,
        data: &[u8],
        format: &str,
        size: &str,
        by: &str,
        pace: Pace,
    ) -> Result<Vec<Partition>, SplitError> {
        std::fs::write(self.folder.join("data"), data).unwrap();
        let (size, by): (Size, By) = (size.parse().unwrap(), by.parse().unwrap());
        run(&self.request(format, (&size, &by), &Parts(self.folder.join("out")), pace))
    }

    /// A request to split the file `data`.
    pub(super) fn request<'a>(
        &self,
        format: &str,
        (size, by): (&'a Size, &'a By),
        layout: &'a Parts,
        pace: Pace,
    ) -> Request<'a> {
        Request {
            source: Input::Path(self.folder.join("data")),
            format: Some(format.parse::<Format>().unwrap()),
            size,
            each: None,
            by,
            layout,
            key: "df",
            extra: &[],
            compress: None,
            threads: pace.1,
            chunk: pace.0,
            memory: 0,
            progress: None,
        }
    }

    /// Splits, checks every digest and stamp against the files, and returns the files.
    pub(super) fn parts(
        &self,
        data: &[u8],
        format: &str,
        size: &str,
        by: &str,
        pace: Pace,
    ) -> Result<Vec<Vec<u8>>, String> {
        let parts = self.split(data, format, size, by, pace).map_err(|e| e.to_string())?;
        let check = |(i, part): (usize, Partition)| {
            let bytes = std::fs::read(&part.path).unwrap();
            assert_eq!(part.digest, Digest::of(&bytes));
            assert_eq!(part.bytes, bytes.len() as u64);
            let stamp = Stamp::read(&Parts(self.folder.join("out")).stamp(i as u64 + 1)).unwrap();
            let line = stamp.key("df").unwrap();
            assert_eq!((line.digest, line.rows), (part.digest, Some(part.rows)));
            bytes
        };
        Ok(parts.into_iter().enumerate().map(check).collect())
    }
}

/// Every file below `folder` with its content and time.
pub(super) fn tree(folder: &Utf8Path) -> Vec<(String, Vec<u8>, std::time::SystemTime)> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let time = entry.metadata().unwrap().modified().unwrap();
            found.push((entry.path().display().to_string(), std::fs::read(entry.path()).unwrap(), time));
        }
    }
    found
}
