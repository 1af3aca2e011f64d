//! Stamps: the small text files that build tools watch. A stamp describes the content that an instance made: one line
//! per key, `sha256:HEX rows=N key=NAME file=NAME` (`rows=` only if the value is a partition, `file=` only if its
//! reader is given a path, and so sees the file's name), and one for its metrics. A process that reads the key can
//! observe what its line says and nothing else, so an unchanged stamp promises that nothing downstream can differ.
//!
//! A stamp is rewritten only when its content changes: its time is that of the last change.

use std::fmt;
use std::fs;
use std::str::FromStr;

use camino::Utf8Path;

use crate::digest::Digest;
use crate::durable;
use crate::file::{self, FileError, Written};
use crate::layout::passing::retired;

/// What a line of a stamp is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The value of an output key.
    Key(String),
    /// The metrics that the instance logged.
    Metrics,
}

/// One line of a stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The digest of what a reader can observe.
    pub digest: Digest,
    /// The number of rows, if the value is a partition.
    pub rows: Option<u64>,
    /// What was hashed.
    pub subject: Subject,
    /// The name of the file, if readers are given its path.
    pub file: Option<String>,
}

/// The content of a stamp file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The lines, in the order in which they are printed.
    pub lines: Vec<Line>,
}

impl Stamp {
    /// The line about the output key `key`.
    pub fn key(&self, key: &str) -> Option<&Line> {
        self.lines.iter().find(|line| matches!(&line.subject, Subject::Key(k) if k == key))
    }

    /// Reads the stamp at `path`; `None` if it is missing or unreadable.
    pub fn read(path: &Utf8Path) -> Option<Self> {
        file::read_regular_text(path).ok()?.parse().ok()
    }

    /// Whether the file at `path` is this stamp, to the byte.
    pub(crate) fn is_at(&self, path: &Utf8Path) -> bool {
        file::read_regular(path).is_ok_and(|text| text == self.to_string().as_bytes())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.digest)?;
        if let Some(rows) = self.rows {
            write!(f, " rows={rows}")?;
        }
        match &self.subject {
            Subject::Key(key) => write!(f, " key={}", escape(key))?,
            Subject::Metrics => f.write_str(" metrics")?,
        }
        match &self.file {
            Some(name) => write!(f, " file={}", escape(name)),
            None => Ok(()),
        }
    }
}

impl FromStr for Line {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const BAD: &str =
            "a stamp line is `sha256:HEX [rows=N] key=NAME [file=NAME]` or `sha256:HEX metrics`";
        let mut words = text.split(' ');
        let digest = words.next().and_then(|w| w.strip_prefix("sha256:")).ok_or(BAD)?.parse()?;
        let mut word = words.next().ok_or(BAD)?;
        let mut rows = None;
        if let Some(count) = word.strip_prefix("rows=") {
            rows = Some(count.parse().map_err(|_| BAD)?);
            word = words.next().ok_or(BAD)?;
        }
        let subject = match word.strip_prefix("key=") {
            Some(key) => Subject::Key(unescape(key).ok_or(BAD)?),
            None if word == "metrics" => Subject::Metrics,
            None => return Err(BAD),
        };
        let file = match words.next() {
            Some(word) => Some(word.strip_prefix("file=").and_then(unescape).ok_or(BAD)?),
            None => None,
        };
        words.next().is_none().then_some(Self { digest, rows, subject, file }).ok_or(BAD)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Stamp {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self { lines: text.lines().map(str::parse).collect::<Result<_, _>>()? })
    }
}

/// A key may contain any character; a line made of words may not.
fn escape(key: &str) -> String {
    let mut out = String::new();
    for c in key.chars() {
        match c {
            ' ' | '%' => out.push_str(&format!("%{:02X}", c as u32)),
            c if c.is_control() => {
                let mut bytes = [0; 4];
                c.encode_utf8(&mut bytes).bytes().for_each(|b| out.push_str(&format!("%{b:02X}")));
            }
            c => out.push(c),
        }
    }
    out
}

fn unescape(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let pair = [rest.next()?, rest.next()?];
            out.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

/// The stamp of an instance that was dropped. It says nothing else, so that it is always the same.
pub(crate) const FAILED: &str = "failed\n";

/// Whether the stamp at `path` is that of an instance that was dropped.
pub(crate) fn is_failed(path: &Utf8Path) -> bool {
    file::read_regular(path).is_ok_and(|content| content == FAILED.as_bytes())
}

/// Invalidates the stamp at `path` before anything that it vouches for is touched. If the build dies now, the next one
/// finds no stamp and remakes the instance; [`settle`] restores the old file with its old time if it turns out to be
/// right after all.
pub(crate) fn retire(path: &Utf8Path) -> Result<(), FileError> {
    file::make_way(path)?;
    file::make_way(&retired(path))?;
    match fs::rename(path, retired(path)) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => file::context(other, "retire", path),
    }
}

/// Makes `stamp` the valid one at `path`: keeps the current file, or the one before [`retire`], if its content is the
/// same, and writes a new one otherwise.
pub(crate) fn settle(path: &Utf8Path, stamp: &Stamp) -> Result<Written, FileError> {
    settle_text(path, &stamp.to_string())
}

/// Like [`settle`], for a file with any content.
pub(crate) fn settle_text(path: &Utf8Path, content: &str) -> Result<Written, FileError> {
    let retired = retired(path);
    file::forsake(path);
    if !path.exists() && file::read_regular(&retired).is_ok_and(|old| old == content.as_bytes()) {
        file::context(fs::rename(&retired, path), "write", path)?;
        return Ok(Written::Unchanged);
    }
    let written = durable::write_if_changed(path, content.as_bytes())?;
    file::remove(&retired)?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;

    use super::*;

    fn stamp(content: &str) -> Stamp {
        let key = |name: &str, rows| Line {
            digest: Digest::of(content),
            rows,
            subject: Subject::Key(name.to_owned()),
            file: rows.map(|_| "two words.csv".to_owned()),
        };
        let metrics = Line { digest: Digest::of(""), rows: None, subject: Subject::Metrics, file: None };
        Stamp { lines: vec![key("df", Some(3)), key("a b%\nä", None), metrics] }
    }

    #[test]
    fn prints_and_parses_back() {
        let stamp = stamp("x");
        assert_eq!(stamp.to_string().lines().count(), 3);
        assert_eq!(stamp.to_string().parse(), Ok(stamp));
        for bad in ["", "sha256:00 key=a", "md5:x key=a", &format!("sha256:{} key=a b", Digest::of(""))] {
            assert!(bad.parse::<Line>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_same_content_keeps_its_time_through_retirement() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().join("stamp")).unwrap();
        assert_eq!(settle(&path, &stamp("x")).unwrap(), Written::Changed);
        let old = std::time::SystemTime::UNIX_EPOCH;
        fs::File::open(&path).unwrap().set_modified(old).unwrap();
        retire(&path).unwrap();
        assert!(Stamp::read(&path).is_none());
        assert_eq!(settle(&path, &stamp("x")).unwrap(), Written::Unchanged);
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), old);
        retire(&path).unwrap();
        assert_eq!(settle(&path, &stamp("y")).unwrap(), Written::Changed);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
