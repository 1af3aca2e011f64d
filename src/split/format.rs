//! The format of a file: from its name or the user's word, checked against its first bytes.

use std::fmt;
use std::str::FromStr;

use camino::Utf8Path;

/// The format of a file's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RFC 4180, in this dialect.
    Csv(Dialect),
    /// One JSON value per line.
    JsonLines,
    /// Any text, line by line.
    Lines,
    /// One JSON array.
    JsonArray,
    /// NumPy's format for one array.
    Npy,
    /// Arrow's IPC file format; Feather version 2.
    Arrow,
    /// Arrow's IPC stream format.
    ArrowStream,
    /// Parquet.
    Parquet,
}

/// What separates and surrounds the fields and rows of a CSV file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Separates fields.
    pub delimiter: u8,
    /// Whether somebody chose the delimiter: a first line `sep=;` may then name no other.
    pub is_chosen: bool,
    /// Surrounds fields that contain it, a delimiter or a line end; `None` if nothing does.
    pub quote: Option<u8>,
    /// Starts a line that is not a row.
    pub comment: Option<u8>,
    /// Whether the first row names the columns. If not, they are called `1`, `2`, …
    pub header: bool,
    /// How many lines to skip at the beginning.
    pub skip: u64,
}

impl Dialect {
    /// The dialect of RFC 4180 with this delimiter.
    pub const fn new(delimiter: u8) -> Self {
        Self { delimiter, is_chosen: false, quote: Some(b'"'), comment: None, header: true, skip: 0 }
    }
}

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// A format and, for a text format, its compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The format of the rows.
    pub rows: Kind,
    /// The compression around them.
    pub compression: Option<Compression>,
}

impl Format {
    /// Whether the digest of a partition is the SHA-256 of its file.
    pub fn is_digested_as_stored(self) -> bool {
        self.compression.is_none() && (self.rows.is_text() || self.rows == Kind::Npy)
    }
}

/// Name, format: the first name of a format is the one printed.
const NAMES: &[(&str, Kind)] = &[
    ("csv", Kind::Csv(Dialect::new(b','))),
    ("tsv", Kind::Csv(Dialect::new(b'\t'))),
    ("tab", Kind::Csv(Dialect::new(b'\t'))),
    ("jsonl", Kind::JsonLines),
    ("ndjson", Kind::JsonLines),
    ("lines", Kind::Lines),
    ("txt", Kind::Lines),
    ("text", Kind::Lines),
    ("log", Kind::Lines),
    ("json", Kind::JsonArray),
    ("npy", Kind::Npy),
    ("arrow", Kind::Arrow),
    ("feather", Kind::Arrow),
    ("ipc", Kind::Arrow),
    ("arrows", Kind::ArrowStream),
    ("parquet", Kind::Parquet),
    ("pq", Kind::Parquet),
];

impl Format {
    /// The format indicated by the name of a file.
    pub fn of_name(path: &Utf8Path) -> Option<Self> {
        let name = path.file_name()?.to_ascii_lowercase();
        let (stem, compression) = match name.rsplit_once('.')? {
            (stem, "gz") => (stem, Some(Compression::Gzip)),
            (stem, "zst" | "zstd") => (stem, Some(Compression::Zstd)),
            _ => (name.as_str(), None),
        };
        let rows = Kind::of_name(stem.rsplit_once('.')?.1)?;
        Some(Self { rows, compression })
    }

    /// The extension of a partition's name: `.csv`.
    pub fn extension(self) -> &'static str {
        self.rows.name()
    }
}

impl Kind {
    fn of_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// The name accepted by `--format`.
    pub fn name(self) -> &'static str {
        let same = |kind: Self| match (self, kind) {
            (Self::Csv(one), Self::Csv(other)) => (one.delimiter == b'\t') == (other.delimiter == b'\t'),
            (_, other) => other == self,
        };
        NAMES.iter().find(|(_, kind)| same(*kind)).map_or("csv", |(name, _)| name)
    }

    /// Whether the format is text, which can be compressed.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Csv(_) | Self::JsonLines | Self::Lines | Self::JsonArray)
    }
}

impl Compression {
    /// The extension of a compressed file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstd => "zst",
        }
    }
}

impl FromStr for Compression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "gz" | "gzip" => Ok(Self::Gzip),
            "zst" | "zstd" => Ok(Self::Zstd),
            _ => Err(format!("`{text}` is neither `gz` nor `zst`")),
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, compression) = match text.rsplit_once('.') {
            Some((name, "gz")) => (name, Some(Compression::Gzip)),
            Some((name, "zst")) => (name, Some(Compression::Zstd)),
            _ => (text, None),
        };
        match Kind::of_name(name) {
            Some(rows) if compression.is_none() || rows.is_text() => Ok(Self { rows, compression }),
            _ => Err(format!(
                "unknown format `{text}`; known are csv, tsv, jsonl, lines, json (each also with `.gz` or \
                 `.zst`), npy, arrow, arrows, parquet"
            )),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rows.name())?;
        match self.compression {
            None => Ok(()),
            Some(packed) => write!(f, ".{}", packed.extension()),
        }
    }
}

/// What the first bytes of a file prove it to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    /// A compressed file.
    Packed(Compression),
    /// A file of this format.
    Like(Kind),
    /// Something unsupported, described in words.
    Foreign(&'static str),
    /// Nothing in particular.
    Unknown,
}

/// What a file that begins with `start` looks like.
pub(super) fn looks(start: &[u8]) -> Looks {
    let foreign: &[(&[u8], &str)] = &[
        (b"PK\x03\x04", "a ZIP archive (or an Excel or `.npz` file)"),
        (b"BZh", "bzip2"),
        (b"\xFD7zXZ\0", "xz"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\x89HDF\r\n", "HDF5"),
        (b"Obj\x01", "Avro"),
        (b"ORC", "ORC"),
        (b"FEA1", "Feather version 1"),
        (b"\xFF\xFE\0\0", UTF32),
        (b"\0\0\xFE\xFF", UTF32),
        (b"\xFF\xFE", UTF16),
        (b"\xFE\xFF", UTF16),
    ];
    let ours: &[(&[u8], Looks)] = &[
        (b"\x1F\x8B", Looks::Packed(Compression::Gzip)),
        (b"\x28\xB5\x2F\xFD", Looks::Packed(Compression::Zstd)),
        (b"\x93NUMPY", Looks::Like(Kind::Npy)),
        (b"ARROW1", Looks::Like(Kind::Arrow)),
        (b"\xFF\xFF\xFF\xFF", Looks::Like(Kind::ArrowStream)),
        (b"PAR1", Looks::Like(Kind::Parquet)),
        (b"PARE", Looks::Foreign(ENCRYPTED)),
    ];
    // A skippable frame of Zstandard, as pzstd writes at the start (RFC 8878, section 3.1.2).
    if let [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] = start {
        return Looks::Packed(Compression::Zstd);
    }
    if let Some((_, looks)) = ours.iter().find(|(magic, _)| start.starts_with(magic)) {
        return *looks;
    }
    match foreign.iter().find(|(magic, _)| start.starts_with(magic)) {
        // Plain text may begin with letters such as `ORC`; a binary file would not continue as text.
        Some((magic, _)) if magic.is_ascii() && is_plain(start) => Looks::Unknown,
        Some((_, name)) => Looks::Foreign(name),
        None if is_wide(start) => Looks::Foreign(UTF16),
        None => Looks::Unknown,
    }
}

/// The name of text in two-byte characters.
pub(super) const UTF16: &str = "text in UTF-16";

/// Likewise.
pub(super) const UTF32: &str = "text in UTF-32";

/// Likewise.
pub(super) const ENCRYPTED: &str = "Parquet with an encrypted footer";

/// Whether every other byte is a NUL, as in UTF-16 without a byte order mark.
fn is_wide(start: &[u8]) -> bool {
    let (pairs, _) = start[..start.len().min(64)].as_chunks::<2>();
    let little = pairs.iter().all(|[one, other]| (1..0x80).contains(one) && *other == 0);
    let big = pairs.iter().all(|[one, other]| *one == 0 && (1..0x80).contains(other));
    pairs.len() >= 2 && (little || big)
}

fn is_plain(start: &[u8]) -> bool {
    start.iter().all(|b| !b.is_ascii_control() || b.is_ascii_whitespace())
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "Zstandard",
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Csv(Dialect { delimiter: b'\t', .. }) => "TSV",
            Self::Csv(_) => "CSV",
            Self::JsonLines => "JSON Lines",
            Self::Lines => "plain text",
            Self::JsonArray => "a JSON array",
            Self::Npy => "NumPy `.npy`",
            Self::Arrow => "an Arrow IPC file (Feather)",
            Self::ArrowStream => "an Arrow IPC stream",
            Self::Parquet => "Parquet",
        })
    }
}
