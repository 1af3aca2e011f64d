//! The beginning of a value: the first rows of a table, the shape of an array, a text, an image. Reads only a little of
//! a file, whatever its size, and shows nothing of a file that it cannot read.

use std::io::{Read as _, Seek as _, SeekFrom};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use camino::Utf8Path;

use super::document::{Head, Log};
use crate::file;
use crate::split::Kind;
#[cfg(feature = "columnar")]
use crate::split::{self, Most};

/// How many rows of a table are shown.
const ROWS: usize = 8;
/// How many columns.
const COLUMNS: usize = 24;
/// How many characters of a cell.
const CELL: usize = 120;
/// How many items of a list in a cell.
#[cfg(feature = "columnar")]
const ITEMS: usize = 12;
/// How many bytes of a text.
const TEXT: usize = 2_000;
/// How many bytes of a file are read to find the first rows of a table.
const BEGINNING: u64 = 64 << 10;
/// The largest image that is shown, in bytes.
const IMAGE: u64 = 8 << 20;

/// The beginning of the file at `path`, a value in `format`.
pub(super) fn of(path: &Utf8Path, format: &str) -> Option<Head> {
    if !is_plain_file(path) {
        return None;
    }
    match (format, path.extension().unwrap_or_default()) {
        ("npy", _) | ("file", "npy") => array(path),
        ("json", _) => text(path),
        ("file", "csv") => table(path, b','),
        ("file", "tsv") => table(path, b'\t'),
        ("arrow", _) | ("file", "arrow" | "feather" | "ipc") => columnar(path, Kind::Arrow),
        ("file", "arrows") => columnar(path, Kind::ArrowStream),
        ("file", "parquet" | "pq") => columnar(path, Kind::Parquet),
        ("file", extension) => image(path, extension).or_else(|| text(path)),
        _ => None,
    }
}

/// The last `most` bytes of a log.
pub(super) fn tail(path: &Utf8Path, most: u64) -> Option<Log> {
    let mut file = file::open_regular(path).ok().filter(|_| is_plain_file(path))?;
    let bytes = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(bytes.saturating_sub(most))).ok()?;
    let mut end = Vec::new();
    file.take(most).read_to_end(&mut end).ok()?;
    // A character cut in two is left out, and so is a cut line, unless the tail has no other.
    let start = if bytes <= most { 0 } else { end.iter().position(|b| *b == b'\n').map_or(0, |i| i + 1) };
    Some(Log { bytes, tail: String::from_utf8_lossy(&end[start..]).into_owned() })
}

/// Nothing else is opened: a link may lead anywhere.
fn is_plain_file(path: &Utf8Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.is_file())
}

fn beginning(path: &Utf8Path, most: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    file::open_regular(path).ok()?.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// At most `most` characters of a text, with an ellipsis if something is missing.
pub(super) fn at_most(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn text(path: &Utf8Path) -> Option<Head> {
    let bytes = beginning(path, TEXT as u64 + 4)?;
    let cut = bytes.len() > TEXT;
    let whole = &bytes[..bytes.len().min(TEXT)];
    let text = match std::str::from_utf8(whole) {
        Ok(text) => text,
        // A character cut in two at the end is no reason to show nothing.
        Err(error) if cut && error.error_len().is_none() => {
            std::str::from_utf8(&whole[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return None,
    };
    let is_text = !text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{1b}'));
    is_text.then(|| Head::Text { text: text.to_owned(), is_cut: cut })
}

fn table(path: &Utf8Path, delimiter: u8) -> Option<Head> {
    let bytes = beginning(path, BEGINNING)?;
    let is_whole = (bytes.len() as u64) < BEGINNING;
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(bytes.as_slice());
    let cells = |record: &csv::ByteRecord| -> Vec<String> {
        let cells = record.iter().take(COLUMNS);
        cells.map(|cell| at_most(&String::from_utf8_lossy(cell), CELL)).collect()
    };
    let header = reader.byte_headers().ok()?.clone();
    let records: Vec<_> = reader.byte_records().take(ROWS + 1).map_while(Result::ok).collect();
    // The last row may have been cut at the end of what was read.
    let is_cut = records.len() > ROWS || header.len() > COLUMNS || !is_whole;
    let whole = if is_whole { records.len() } else { records.len().saturating_sub(1) };
    let rows = records.iter().take(whole.min(ROWS)).map(|row| cells(row).into_iter().map(Some).collect());
    let (columns, rows) = (cells(&header), rows.collect());
    Some(Head::Table { columns, types: Vec::new(), index: 0, rows, is_cut, size: None })
}

/// The first rows of an Arrow or Parquet file, with the types of its columns.
#[cfg(feature = "columnar")]
fn columnar(path: &Utf8Path, kind: Kind) -> Option<Head> {
    let most = Most { rows: ROWS, columns: COLUMNS, items: ITEMS };
    let found = split::beginning(path, kind, most)?;
    let clipped = |text: &String| at_most(text, CELL);
    let index = found.columns.iter().filter(|column| column.is_index).count();
    let length = found.columns.iter().map(|column| column.values.len()).max().unwrap_or_default();
    let row = |i: usize| found.columns.iter().map(|column| column.values[i].as_ref().map(clipped)).collect();
    Some(Head::Table {
        columns: found.columns.iter().map(|column| clipped(&column.name)).collect(),
        types: found.columns.iter().map(|column| clipped(&column.kind)).collect(),
        index,
        rows: (0..length).map(row).collect(),
        is_cut: found.rows > length as u64 || found.width > found.columns.len() - index,
        size: Some((found.rows, found.width)),
    })
}

#[cfg(not(feature = "columnar"))]
fn columnar(_: &Utf8Path, _: Kind) -> Option<Head> {
    None
}

/// The header of a `.npy` file: `\x93NUMPY`, a two-byte version, its length, and a Python dictionary.
/// <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>
fn array(path: &Utf8Path) -> Option<Head> {
    let bytes = beginning(path, BEGINNING)?;
    let version = *bytes.strip_prefix(b"\x93NUMPY")?.first()?;
    let (length, start): (usize, usize) = match version {
        1 => (usize::from(u16::from_le_bytes(bytes.get(8..10)?.try_into().ok()?)), 10),
        _ => (usize::try_from(u32::from_le_bytes(bytes.get(8..12)?.try_into().ok()?)).ok()?, 12),
    };
    let header = std::str::from_utf8(bytes.get(start..start.checked_add(length)?)?).ok()?;
    let shape = header.split_once("'shape':")?.1.split_once('(')?.1.split_once(')')?.0;
    let shape = shape.split(',').map(str::trim).filter(|length| !length.is_empty());
    let shape: Option<Vec<u64>> = shape.map(|length| length.parse().ok()).collect();
    let dtype = header.split_once("'descr':")?.1.split_once(", 'fortran_order'")?.0.trim();
    Some(Head::Array { dtype: at_most(dtype.trim_matches('\''), CELL), shape: shape? })
}

fn image(path: &Utf8Path, extension: &str) -> Option<Head> {
    let kind = match extension.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        // Scripts in it do not run inside an `<img>`.
        "svg" => "image/svg+xml",
        _ => return None,
    };
    let bytes = beginning(path, IMAGE + 1)?;
    let fits = (bytes.len() as u64) <= IMAGE;
    fits.then(|| Head::Image { url: format!("data:{kind};base64,{}", STANDARD.encode(bytes)) })
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;

    use super::*;

    fn head_of(name: &str, content: &[u8], format: &str) -> Option<Head> {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join(name)).unwrap();
        std::fs::write(&path, content).unwrap();
        of(&path, format)
    }

    #[test]
    fn a_table_begins_with_its_first_whole_rows() {
        let cells = |row: &[&str]| row.iter().map(|cell| Some((*cell).to_owned())).collect::<Vec<_>>();
        let Some(Head::Table { columns, rows, is_cut, .. }) =
            head_of("a.csv", b"x,\"y\nz\"\n1,<b>\n2", "file")
        else {
            panic!("no table")
        };
        assert_eq!((columns, is_cut), (vec!["x".to_owned(), "y\nz".to_owned()], false));
        assert_eq!(rows, [cells(&["1", "<b>"]), cells(&["2"])]);
        let long = format!("x\n{}\n{}\n", "1", "2".repeat(BEGINNING as usize));
        let Some(Head::Table { rows, is_cut, .. }) = head_of("a.csv", long.as_bytes(), "file") else {
            panic!("no table")
        };
        assert_eq!((rows, is_cut), (vec![cells(&["1"])], true));
    }

    #[test]
    fn an_array_has_its_type_and_shape() {
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 40), }\n";
        let file =
            [b"\x93NUMPY\x01\x00".as_slice(), &[u8::try_from(header.len()).unwrap(), 0], header.as_bytes()];
        let head = head_of("a.npy", &file.concat(), "npy");
        assert_eq!(head, Some(Head::Array { dtype: "<f8".to_owned(), shape: vec![3, 40] }));
        assert_eq!(head_of("a.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "npy"), None);
    }

    #[test]
    fn what_is_no_text_is_not_shown_and_a_long_text_is_cut_between_characters() {
        assert_eq!(head_of("a.bin", b"\x00\x01", "file"), None);
        let Some(Head::Text { text, is_cut: true }) = head_of("a.txt", "é".repeat(TEXT).as_bytes(), "file")
        else {
            panic!("no text")
        };
        assert_eq!(text, "é".repeat(TEXT / 2));
    }
}
