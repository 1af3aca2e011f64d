//! From bytes to text: whatever is not UTF-8 text is reported here, with the place of its first bad byte.

use crate::diagnostic::{Diagnostic, Diagnostics, Reported, codes};
use crate::source::{Source, Span};

/// The largest project file that is read.
pub(crate) const MAX_BYTES: usize = 64_000_000;

const HELP: &str = "save the file as UTF-8 text";

/// The text `bytes`, called `name` in messages, without a byte order mark. Reports to `sink` if it is not
/// UTF-8, contains a NUL, or is larger than [`MAX_BYTES`].
pub(crate) fn source_from_bytes(
    name: &str,
    bytes: &[u8],
    sink: &mut Diagnostics,
) -> Result<Source, Reported> {
    if bytes.len() > MAX_BYTES {
        let message = format!("the file is too large: {} MB", bytes.len() / 1_000_000);
        let source = Source::new(name, "");
        return Err(sink.error(
            Diagnostic::new(&codes::YAML, message)
                .at(&source, Span::default(), "")
                .help("a project file has at most 64 MB; put data in files of its own"),
        ));
    }
    if let Some(encoding) = foreign_encoding(bytes) {
        let source = Source::new(name, "");
        return Err(sink.error(
            Diagnostic::new(&codes::YAML, format!("the file is {encoding}, not UTF-8"))
                .at(&source, Span::default(), "")
                .help(HELP),
        ));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => without_nul(Source::new(name, text), sink),
        Err(error) => {
            let good = error.valid_up_to();
            let bad = error.error_len().unwrap_or(bytes.len() - good);
            let source = readable(name, bytes, good);
            let shown: Vec<String> = bytes[good..good + bad].iter().map(|b| format!("{b:02X}")).collect();
            Err(sink.error(
                Diagnostic::new(&codes::YAML, format!("the file is not UTF-8: byte {}", shown.join(" ")))
                    .at(&source, Span::new(good, good + '\u{FFFD}'.len_utf8()), "this is not a character")
                    .help(HELP),
            ))
        }
    }
}

/// Detects UTF-16 and UTF-32, by the mark or by the zero bytes that go with ASCII characters.
fn foreign_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] | [0, 0, 0, 1..=255, ..] => Some("UTF-32"),
        [1..=255, 0, 0, 0, ..] => Some("UTF-32"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("UTF-16"),
        [0, 1..=255, 0, 1..=255, ..] | [1..=255, 0, 1..=255, 0, ..] => Some("UTF-16"),
        _ => None,
    }
}

fn without_nul(source: Source, sink: &mut Diagnostics) -> Result<Source, Reported> {
    let Some(place) = source.text().find('\0') else { return Ok(source) };
    let shown = readable(source.name(), source.text().as_bytes(), place);
    Err(sink.error(
        Diagnostic::new(&codes::YAML, "the file has a NUL byte in it")
            .at(&shown, Span::new(place, place + '\u{FFFD}'.len_utf8()), "this is not text")
            .help("remove it; a project file is plain text"),
    ))
}

/// The part of `bytes` that can be shown: the good ones, a mark for the bad one at `good`, and the rest of its
/// line.
fn readable(name: &str, bytes: &[u8], good: usize) -> Source {
    let line = bytes[good..].iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(bytes.len() - good);
    let end = good + line.clamp(1, 400).min(bytes.len() - good);
    let mut text = String::with_capacity(end + 400);
    text.push_str(std::str::from_utf8(&bytes[..good]).unwrap_or_default());
    text.push_str(&String::from_utf8_lossy(&bytes[good..end]).replace('\0', "\u{FFFD}"));
    Source::new(name, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render;

    fn refused(bytes: &[u8]) -> String {
        let mut sink = Diagnostics::new();
        source_from_bytes("expops.yaml", bytes, &mut sink).expect_err("must be refused");
        assert_eq!(sink.sorted().len(), 1);
        render(sink.sorted()[0], false)
    }

    #[test]
    fn text_is_taken_without_its_byte_order_mark() {
        let mut sink = Diagnostics::new();
        let source = source_from_bytes("a", b"\xEF\xBB\xBFname: \xC3\xA4", &mut sink).unwrap();
        assert_eq!((source.name(), source.text()), ("a", "name: ä"));
        assert!(sink.sorted().is_empty());
        assert_eq!(source_from_bytes("a", b"", &mut sink).unwrap().text(), "");
    }

    #[test]
    fn a_bad_byte_is_named_with_its_line_and_column() {
        let text = refused(b"a: 1\nb: \xC3\xA4\xFF\xFEx\nc: 2\n");
        assert!(text.contains("byte FF"), "{text}");
        assert!(text.contains("expops.yaml:2:5"), "{text}");
        assert!(refused(b"a: caf\xE9").contains("expops.yaml:1:7"));
        assert!(refused(b"a: \xE2\x82").contains("byte E2 82"));
    }

    #[test]
    fn nul_bytes_and_other_encodings_are_refused() {
        let text = refused(b"a: 1\nb: x\0y\n");
        assert!(text.contains("NUL byte") && text.contains("expops.yaml:2:5"), "{text}");
        assert!(refused(b"\xFF\xFEa\0:\0").contains("UTF-16"));
        assert!(refused(b"a\0:\0 \0").contains("UTF-16"));
        assert!(refused(b"\xFF\xFE\0\0").contains("UTF-32"));
        assert!(refused(&vec![b'#'; MAX_BYTES + 1]).contains("too large"));
    }
}
