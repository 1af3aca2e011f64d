//! Entry points for the fuzzer: readers of hostile bytes, compared with slower ones. Not part of the API.

use camino::Utf8PathBuf;

#[cfg(feature = "columnar")]
use super::columnar::{Most, beginning};
use super::format::Format;
use super::npy;
use super::request::{Layout, Request};
use super::run::{digest_of, run};
use super::source::Input;
use super::text::csv::{Row, Rules, Scanner};
use super::text::json::{Json, Utf8};
use super::text::json_line;
use crate::size::{By, Size};

/// Scanning by blocks, in two pieces, must find the same as scanning byte by byte.
pub fn csv(bytes: &[u8]) {
    let Some((cut, text)) = bytes.split_first() else { return };
    let (blank_is_row, has_comments) = (cut & 1 == 1, cut & 2 == 2);
    let cut = usize::from(*cut).min(text.len());
    let quote = if cut & 12 == 12 { 0 } else { b'"' };
    let rules = Rules { delimiter: b',', quote, comment: if has_comments { b'#' } else { 0 }, blank_is_row };
    let (mut fast, mut slow) = (Scanner::new(rules, 0), Scanner::new(rules, 0));
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    let mut keep = |row: Row| {
        found.push(row);
        Ok::<_, ()>(())
    };
    let first = fast.feed(&text[..cut], 0, &mut keep);
    let result = first.and_then(|()| fast.feed(&text[cut..], cut as u64, &mut keep));
    let reference = slow.bytes(text, 0, &mut |row| {
        expected.push(row);
        Ok::<_, ()>(())
    });
    assert_eq!((result, found), (reference, expected));
    assert!(result.is_err() || fast == slow);
}

/// The JSON checker, fed in two pieces, must accept what serde_json accepts.
pub fn json(bytes: &[u8]) {
    let Some((cut, text)) = bytes.split_first() else { return };
    let cut = usize::from(*cut).min(text.len());
    let (mut json, mut utf8) = (Json::new(), Utf8::default());
    let fed =
        [&text[..cut], &text[cut..]].iter().all(|piece| utf8.feed(piece).is_ok() && json.feed(piece).is_ok());
    let accepted = fed && utf8.complete() && json.complete();
    let nested = text.iter().filter(|b| matches!(b, b'[' | b'{')).count() > 100;
    let reference =
        std::str::from_utf8(text).is_ok_and(|t| serde_json::from_str::<serde::de::IgnoredAny>(t).is_ok());
    assert!(accepted == reference || nested);
    assert!(!json_line::accepts(text) || reference || nested || std::str::from_utf8(text).is_err());
}

/// An `.npy` header must be read without a panic, and read back the same after being written.
pub fn npy(bytes: &[u8]) {
    npy::survive(bytes);
}

/// A file of this format must be split or refused without a panic, and no row may be lost.
fn whole_and_parts(bytes: &[u8], format: &str) {
    let Ok(folder) = tempfile::tempdir() else { return };
    let Ok(folder) = Utf8PathBuf::try_from(folder.path().to_owned()).map(|path| (path, folder)) else {
        return;
    };
    let (path, format) = (folder.0.join("data"), format.parse::<Format>().ok());
    std::fs::write(&path, bytes).expect("a temporary folder can be written to");
    let whole = digest_of(&path, format);
    #[cfg(feature = "columnar")]
    if let Some(format) = format {
        // The first rows, for people.
        drop(beginning(&path, format.rows, Most { rows: 8, columns: 24, items: 12 }));
    }
    for by in [By::Rows, By::Shuffle { seed: 1, group: Vec::new() }, By::HashRow] {
        let parts = run(&Request {
            source: Input::Path(path.clone()),
            format,
            size: &Size::Equal(2),
            each: None,
            by: &by,
            layout: &Folder(folder.0.join("out")),
            key: "data",
            extra: &[],
            compress: None,
            threads: 1,
            chunk: 0,
            memory: 50_000_000,
            progress: None,
        });
        let Ok(parts) = parts else { continue };
        let rows = parts.iter().map(|part| part.rows).sum::<u64>();
        assert_eq!(whole.as_ref().ok().map(|whole| whole.rows), Some(rows), "{by}");
        for part in &parts {
            let again = digest_of(&part.path, format).expect("a partition can be read");
            assert_eq!((again.digest, again.rows), (part.digest, part.rows), "{by}");
        }
    }
}

/// Any bytes as a Parquet file.
pub fn parquet(bytes: &[u8]) {
    whole_and_parts(bytes, "parquet");
}

/// Any bytes as an Arrow IPC file, and as a stream.
pub fn arrow(bytes: &[u8]) {
    whole_and_parts(bytes, if bytes.starts_with(b"ARROW1") { "arrow" } else { "arrows" });
}

/// All partitions in one folder.
struct Folder(Utf8PathBuf);

impl Layout for Folder {
    fn data(&self, i: u64) -> Utf8PathBuf {
        self.0.join(format!("p{i}"))
    }

    fn stamp(&self, i: u64) -> Utf8PathBuf {
        self.0.join(format!("p{i}.stamp"))
    }
}
