//! From what the user names to a file that can be read at any position, and its format. Anything that cannot be read
//! like that is decompressed into a nameless file in the output folder.

use std::fs::File;
use std::io::{self, BufReader, Read};

use camino::Utf8Path;

use super::draft;
use super::error::SplitError;
use super::format::{Compression, Dialect, ENCRYPTED, Format, Kind, Looks, UTF16, UTF32, looks};
use super::gzip::Members;
use super::source::{BOM, Input, START, Source};
use super::text::json_line;
use super::zst;
use crate::digest::Digest;
use crate::file;

/// Opens `input` as `format`, or as the format that its name or first bytes indicate.
pub(super) fn open(
    input: &Input,
    format: Option<Format>,
    folder: &Utf8Path,
) -> Result<(Source, Format), SplitError> {
    let (reader, name): (Box<dyn Read>, &str) = match input {
        Input::Stdin(start) => (Box::new(start.chain(io::stdin().lock())), STDIN),
        Input::Path(path) => {
            let opened = file::context(File::open(path), "read", path)?;
            let meta = file::context(opened.metadata(), "read", path)?;
            if meta.is_dir() {
                return Err(SplitError::whole(path.as_str(), "this is a folder, not a file", None));
            }
            if meta.is_file() {
                return open_file(opened, path, format, folder);
            }
            (Box::new(opened), path.as_str())
        }
    };
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let start = file::context(io::BufRead::fill_buf(&mut reader), "read", name.into())?.to_vec();
    let format = decide(name, format.or_else(|| of_content(&start)), &start)?;
    Ok((spool(&mut reader, name, format, folder)?, format))
}

const STDIN: &str = "standard input";

/// Determines the format of `input` without reading more than its beginning.
pub(super) fn told(input: &Input, given: Option<Format>) -> Result<Format, SplitError> {
    let path = match input {
        Input::Path(path) => path,
        Input::Stdin(start) => {
            let told = given.or_else(|| of_content(start));
            return told.ok_or_else(|| nothing_tells(STDIN, looks(start)));
        }
    };
    if let Some(format) = given.or_else(|| Format::of_name(path)) {
        return Ok(format);
    }
    let meta = file::context(std::fs::metadata(path), "read", path)?;
    if !meta.is_file() {
        return Err(nothing_tells(path.as_str(), Looks::Unknown));
    }
    let start = Source::new(file::context(File::open(path), "read", path)?, path.as_str())?.start(START)?;
    of_content(&start).ok_or_else(|| nothing_tells(path.as_str(), looks(&start)))
}

fn nothing_tells(name: &str, looks: Looks) -> SplitError {
    let message = format!("{name}: nothing tells the format of the data");
    let help = match looks {
        Looks::Packed(packed) => format!("it looks like {packed}: give `--format`, as in `--format csv.gz`"),
        Looks::Foreign(what) => format!("it looks like {what}, which is not read"),
        _ => "give `--format`: csv, tsv, jsonl, lines or json".to_owned(),
    };
    SplitError::usage(message, help)
}

fn open_file(
    opened: File,
    path: &Utf8Path,
    format: Option<Format>,
    folder: &Utf8Path,
) -> Result<(Source, Format), SplitError> {
    let name = path.as_str();
    let source = Source::new(opened, name)?;
    let start = source.start(START)?;
    let told = format.or_else(|| Format::of_name(path)).or_else(|| of_content(&start));
    let format = decide(name, told, &start)?;
    if format.compression.is_none() {
        return Ok((source, format));
    }
    let source = spool(&mut source.reader(0..source.len), name, format, folder)?;
    Ok((source, format))
}

/// The format of a file whose name indicates none: the binary ones and JSON can be recognized by their bytes.
fn of_content(start: &[u8]) -> Option<Format> {
    let rows = match looks(start) {
        Looks::Like(rows) => Some(rows),
        Looks::Unknown => json(start),
        _ => None,
    };
    rows.map(|rows| Format { rows, compression: None })
}

/// JSON Lines, if the first line is an object or several lines have arrays; otherwise, what begins with `[` is a single
/// array.
fn json(start: &[u8]) -> Option<Kind> {
    let text = visible(start);
    let mut lines = text.splitn(2, |byte| *byte == b'\n');
    let (line, rest) = (lines.next()?, lines.next().unwrap_or_default());
    let is_value = std::str::from_utf8(line).is_ok() && json_line::accepts(line);
    match text.first()? {
        b'{' if is_value => Some(Kind::JsonLines),
        b'[' if is_value && !rest.trim_ascii().is_empty() => Some(Kind::JsonLines),
        b'[' => Some(Kind::JsonArray),
        _ => None,
    }
}

/// `told`, unless the first bytes of the file contradict it.
fn decide(name: &str, told: Option<Format>, start: &[u8]) -> Result<Format, SplitError> {
    let looks = looks(start);
    let Some(told) = told else { return Err(nothing_tells(name, looks)) };
    let Some(like) = contradiction(told, start) else { return Ok(told) };
    let message = format!("this is to be split as {}, but it looks like {like}", described(told));
    let help = match looks {
        Looks::Foreign(UTF32) => "convert it: `iconv -f UTF-32 -t UTF-8`",
        Looks::Foreign(UTF16) => "convert it: `iconv -f UTF-16 -t UTF-8`",
        Looks::Foreign(ENCRYPTED) => "write the table without encryption, and split that",
        _ => "rename the file, or give its format with `--format`",
    };
    Err(SplitError::whole(name, message, Some(help)))
}

/// What a file that begins with `start` looks like, if it cannot be CSV.
pub(crate) fn unlike_csv(start: &[u8]) -> Option<String> {
    contradiction(Format { rows: Kind::Csv(Dialect::new(b',')), compression: None }, start)
}

/// What a file that begins with `start` looks like, if it cannot be `told`.
fn contradiction(told: Format, start: &[u8]) -> Option<String> {
    match (told.compression, looks(start)) {
        (Some(told), Looks::Packed(packed)) if told == packed => None,
        (_, Looks::Packed(packed)) => Some(packed.to_string()),
        (_, Looks::Foreign(name)) => Some(name.to_owned()),
        (None, Looks::Like(kind)) if kind == told.rows => None,
        (_, Looks::Like(kind)) => Some(kind.to_string()),
        (Some(_), Looks::Unknown) => Some("an unpacked file".to_owned()),
        // Its first line would be taken for the column names.
        (None, Looks::Unknown) if matches!(told.rows, Kind::Csv(_)) && is_object(start) => {
            Some(Kind::JsonLines.to_string())
        }
        (None, Looks::Unknown) if told.rows.is_text() || accepts_any(told.rows) => None,
        (None, Looks::Unknown) => Some("something else".to_owned()),
    }
}

fn is_object(start: &[u8]) -> bool {
    visible(start).starts_with(b"{") && json(start) == Some(Kind::JsonLines)
}

/// The text from its first visible character on.
fn visible(start: &[u8]) -> &[u8] {
    start.strip_prefix(BOM).unwrap_or(start).trim_ascii_start()
}

/// An Arrow stream of older writers begins with the length of its schema, which can be anything.
fn accepts_any(kind: Kind) -> bool {
    kind == Kind::ArrowStream
}

fn described(format: Format) -> String {
    match format.compression {
        None => format.rows.to_string(),
        Some(packed) => format!("{} in {packed}", format.rows),
    }
}

/// Decompresses `reader` into a temporary file.
fn spool(reader: &mut dyn Read, name: &str, format: Format, folder: &Utf8Path) -> Result<Source, SplitError> {
    let spooled = match format.compression {
        None => draft::spool(reader, folder),
        Some(Compression::Gzip) => draft::spool(&mut Members::new(reader), folder),
        Some(Compression::Zstd) => {
            zst::reader(reader).and_then(|mut decoder| draft::spool(&mut decoder, folder))
        }
    };
    match (spooled, format.compression) {
        (Ok(file), _) => Source::new(file, name),
        (Err(e), Some(Compression::Zstd)) if e.to_string().contains("too much memory") => {
            let message = "it was packed with a window of more than 128 MB (`zstd --long`)".to_owned();
            let help = "pack it again without that: `zstd -dc --long=31 FILE | zstd > OTHER.zst`";
            Err(SplitError::whole(name, message, Some(help)))
        }
        (Err(e), Some(packed)) if is_damage(&e) => {
            let message = format!("the {packed} data is damaged or cut short: {e}");
            Err(SplitError::whole(name, message, None))
        }
        (Err(source), _) => Err(file::FileError { action: "unpack", path: name.into(), source }.into()),
    }
}

/// The digest of what the file at `path` holds, unpacked if its name says that it is packed.
pub(crate) fn digest_unpacked(path: &Utf8Path) -> io::Result<Digest> {
    let file = file::open_regular(path)?;
    match path.extension() {
        Some("gz") => Digest::of_read(Members::new(file)),
        Some("zst") => Digest::of_read(zst::reader(file)?),
        _ => Digest::of_read(file),
    }
}

/// Whether an error is due to the compressed bytes and not to the system.
fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof | Other)
}
