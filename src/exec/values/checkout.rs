//! Values must not name the folder in which they were made: whoever uses such a value reads what is there by then, in
//! another checkout something else, and no digest tells. So their bytes are searched, in the spellings in which formats
//! store text.

use std::fs::File;
use std::io::{self, Read as _};

use camino::{Utf8Path, Utf8PathBuf};
use memchr::memmem;

use crate::exec::failure::Failure;
use crate::file;

/// The folders that values must not name.
pub(in crate::exec) struct Checkout {
    /// Absolute paths.
    roots: Vec<Utf8PathBuf>,
    /// Their spellings, each with the width of its characters.
    needles: Vec<(Vec<u8>, usize)>,
}

impl Checkout {
    /// The checkout with this project and build folder, both absolute.
    pub(in crate::exec) fn new(project: &Utf8Path, build: &Utf8Path) -> Self {
        // A short name such as `/app` is too common to search for.
        let mut roots: Vec<_> = [project]
            .into_iter()
            .filter(|root| root.components().count() > 2)
            .map(Utf8Path::to_owned)
            .collect();
        if !roots.iter().any(|root| build.starts_with(root)) {
            roots.push(build.to_owned());
        }
        Self::of(&roots)
    }

    /// Nothing but these folders and files, absolute paths.
    pub(in crate::exec) fn of(paths: &[Utf8PathBuf]) -> Self {
        let mut checkout = Self { roots: Vec::new(), needles: Vec::new() };
        paths.iter().for_each(|path| checkout.add(path));
        checkout
    }

    /// Adds a folder or a file that values must not name, an absolute path.
    pub(in crate::exec) fn add(&mut self, root: &Utf8Path) {
        self.needles.extend(spellings(root.as_str()));
        self.roots.push(root.to_owned());
    }

    /// Insists that the value of `key`, stored in the file at `path`, names none of the folders; `told` are absolute
    /// paths that it contains in parts.
    ///
    /// # Errors
    /// If it names one, or cannot be read.
    pub(in crate::exec) fn insist_on_absence(
        &self,
        key: &str,
        (path, format): (&Utf8Path, &str),
        told: &[Utf8PathBuf],
    ) -> Result<(), Failure> {
        let in_parts = told.iter().find(|path| self.roots.iter().any(|root| path.starts_with(root)));
        let named = match in_parts {
            Some(path) => Some(path.to_string()),
            None => crate::file::context(self.search(path, format), "read", path)?,
        };
        let Some(named) = named else { return Ok(()) };
        Err(Failure::new(format!(
            "`{key}` holds the path `{named}`, which is right in this folder only: the value would be stale after a \
             change of what is there, and wrong elsewhere"
        ))
        .help("return the data itself (of a lazy frame what `collect()` gives), or the file as a `pathlib.Path` under a key of its own"))
    }

    /// Insists likewise that the metrics name none.
    ///
    /// # Errors
    /// If they name one.
    pub(in crate::exec) fn insist_on_metrics(&self, text: &str) -> Result<(), Failure> {
        let mut plain = self.needles.iter().filter(|(_, width)| *width == 1);
        let find = |needle: &[u8]| {
            let mut places = memmem::find_iter(text.as_bytes(), needle);
            places.find(|at| ends_there(&text.as_bytes()[at + needle.len()..], 1))
        };
        let Some(at) = plain.find_map(|(needle, _)| find(needle)) else { return Ok(()) };
        let named = shown(&text.as_bytes()[at..], 1);
        Err(Failure::new(format!("a metric holds the path `{named}`, which is right in this folder only"))
            .help("log a name or a path relative to the project, or return the file as a `pathlib.Path`"))
    }

    /// The first file at `path`, or in the folder there, that names one of the folders.
    pub(in crate::exec) fn named_in(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        let files =
            walkdir::WalkDir::new(path).into_iter().flatten().filter(|entry| entry.file_type().is_file());
        let mut files = files.filter_map(|entry| Utf8PathBuf::try_from(entry.into_path()).ok());
        files.find(|file| self.search(file, "file").is_ok_and(|found| found.is_some()))
    }

    /// The first path into the checkout in the file at `path`.
    fn search(&self, path: &Utf8Path, format: &str) -> io::Result<Option<String>> {
        let mut file = file::open_regular(path)?;
        if format == "npy" && !may_hold_text(&file)? {
            return Ok(None);
        }
        // Arrow and JSON store text as UTF-8.
        let widest = if format == "arrow" || format == "json" { 1 } else { 4 };
        let longest = self.needles.iter().map(|(needle, _)| needle.len()).max().unwrap_or(0);
        let finders: Vec<_> = self
            .needles
            .iter()
            .filter(|(_, width)| *width <= widest)
            .map(|(needle, width)| (memmem::Finder::new(needle), needle.len(), *width))
            .collect();
        let mut block = Vec::new();
        loop {
            let is_last = (&mut file).take(BLOCK).read_to_end(&mut block)? < BLOCK as usize;
            for (finder, length, width) in &finders {
                // A match near the end of a block is found again in the next one, with what follows it.
                let is_whole = |at: &usize| is_last || at + length + TAIL <= block.len();
                let mut places = finder.find_iter(&block).filter(is_whole);
                if let Some(at) = places.find(|at| ends_there(&block[at + length..], *width)) {
                    return Ok(Some(shown(&block[at..], *width)));
                }
            }
            if is_last {
                return Ok(None);
            }
            block.drain(..block.len().saturating_sub(longest + TAIL));
        }
    }
}

/// Whether the array in this `.npy` file has text or bytes in it: no other type's code contains these letters.
fn may_hold_text(file: &File) -> io::Result<bool> {
    let mut header = Vec::new();
    file.take(1 << 12).read_to_end(&mut header)?;
    let mut file = file;
    io::Seek::rewind(&mut file)?;
    let end = memchr::memchr(b'\n', &header).unwrap_or(header.len());
    Ok(header[..end].iter().skip(10).any(|byte| b"USV".contains(byte)))
}

const BLOCK: u64 = 1 << 20;

/// How much of what follows a match is examined, and shown.
const TAIL: usize = 1 << 10;

/// A path as plain text, escaped as in JSON and as in URLs, and in wider characters; each with its character width.
fn spellings(root: &str) -> Vec<(Vec<u8>, usize)> {
    let escape = |c: char| match c {
        c if c.is_ascii() => c.to_string(),
        c => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    let escaped = root.chars().map(escape);
    let in_address = root.bytes().map(|byte| match byte {
        byte if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    let utf16 = root.encode_utf16().flat_map(u16::to_le_bytes);
    let utf32 = root.chars().flat_map(|c| u32::from(c).to_le_bytes());
    let mut all = vec![
        (root.as_bytes().to_vec(), 1),
        (escaped.collect::<String>().into_bytes(), 1),
        (in_address.collect::<String>().into_bytes(), 1),
        (utf16.collect(), 2),
        (utf32.collect(), 4),
    ];
    all.dedup();
    all
}

/// Whether the name of the folder ends where `rest` begins.
fn ends_there(rest: &[u8], width: usize) -> bool {
    // In binary formats what follows a text may look like the first byte of a letter in UTF-8, but seldom like all of it.
    let is_letter = || width == 1 && matches!(rest, [0xc2..=0xf4, 0x80..=0xbf, ..]);
    let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.%".contains(byte);
    rest.first().is_none_or(|byte| !goes_on(byte)) && !is_letter()
}

/// The path at the beginning of `bytes`, for a message: up to what cannot be printed.
fn shown(bytes: &[u8], width: usize) -> String {
    let bytes = &bytes[..bytes.len().min(200 * width)];
    let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    let wide = bytes.chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]));
    let text = match width {
        1 => String::from_utf8_lossy(bytes).into_owned(),
        2 => char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect(),
        _ => wide.map_while(char::from_u32).collect(),
    };
    let is_path = |c: &char| {
        let is_printed = !c.is_control() && !c.is_whitespace() && *c != char::REPLACEMENT_CHARACTER;
        is_printed && !"\"'\\`<>|".contains(*c)
    };
    text.chars().take_while(is_path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(project: &str, bytes: &[u8]) -> Option<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let path = Utf8Path::from_path(file.path()).unwrap();
        let project = Utf8Path::new(project);
        Checkout::new(project, &project.join("build")).search(path, "pickle").unwrap()
    }

    #[test]
    fn a_path_is_found_in_every_spelling_and_wherever_it_is() {
        let root = "/home/ä b/project";
        let path = format!("{root}/build/x.parquet");
        let wide: Vec<u8> = path.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        let utf16: Vec<u8> = path.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let texts: [&[u8]; 5] = [
            path.as_bytes(),
            b"\"/home/\\u00e4 b/project/x\"",
            b"file:///home/%C3%A4%20b/project",
            &wide,
            &utf16,
        ];
        for text in texts {
            for before in [0, 1, BLOCK as usize - 5, BLOCK as usize, 3 * BLOCK as usize - text.len()] {
                for after in [0, 1, 2 << 20] {
                    let bytes = [vec![0; before], text.to_vec(), vec![0; after]].concat();
                    assert!(found(root, &bytes).is_some(), "{text:?} {before} {after}");
                }
            }
        }
    }

    #[test]
    fn what_only_begins_alike_is_something_else() {
        for text in ["/home/a/project2/x", "/home/a/project-old", "home/a/project", "/home/a/projec", ""] {
            assert_eq!(found("/home/a/project", text.as_bytes()), None, "{text}");
        }
        assert_eq!(found("/home/a/project", "/home/a/projectä".as_bytes()), None);
        assert_eq!(found("/home/a/project", b"/home/a/project\xb1x").as_deref(), Some("/home/a/project"));
        assert_eq!(found("/app", b"/app /app/x"), None);
        assert_eq!(found("/app", b"/app/build/x"), Some("/app/build/x".to_owned()));
        assert_eq!(found("/home/a/p", b"(/home/a/p/d.csv\0"), Some("/home/a/p/d.csv".to_owned()));
    }

    #[test]
    fn a_path_is_shown_up_to_what_cannot_be_printed() {
        let shown = |text: &[u8]| found("/home/a/p", text).unwrap();
        assert_eq!(shown(b"X\x10\0\0\0/home/a/p/d.csv\x94\x8c\x04rowsq"), "/home/a/p/d.csv");
        assert_eq!(shown(b"/home/a/p/d.csv\xc2\x85abc"), "/home/a/p/d.csv");
        assert_eq!(shown("/home/a/p/dä.csv\u{1}x".as_bytes()), "/home/a/p/dä.csv");
        let wide: Vec<u8> = "/home/a/p/dж.csv\0x".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        assert_eq!(shown(&wide), "/home/a/p/dж.csv");
    }
}
