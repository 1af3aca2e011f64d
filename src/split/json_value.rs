//! The texts of JSON values (see [`value`](super::value)).

use memchr::memmem;

use super::value::{of_number, of_text};

/// The text of a JSON value, which must be well formed. An unpaired surrogate (`"\\ud83d"`), which some programs write
/// but UTF-8 cannot represent, becomes its three bytes.
pub(super) fn of_json(raw: &[u8]) -> Vec<u8> {
    match raw.first() {
        Some(b'"') => of_text(&unescaped(raw)).into_owned(),
        Some(b'[' | b'{') => Json { text: raw, at: 0 }.nested(),
        Some(b'n') | None => Vec::new(),
        Some(_) => of_number(raw),
    }
}

/// The fields of a well-formed object: names, and values as written.
pub(super) fn fields(object: &[u8]) -> Vec<(Vec<u8>, &[u8])> {
    let mut json = Json { text: object, at: 1 };
    std::iter::from_fn(|| json.field()).map(|(name, value)| (unescaped(name), value)).collect()
}

/// A field to look for in many objects.
pub(super) struct Field {
    name: Vec<u8>,
    /// Finds the name in its quotes.
    quoted: memmem::Finder<'static>,
    /// Whether nothing but `\u` can spell the name in another way.
    is_simple: bool,
}

impl Field {
    /// The field with this name.
    pub(super) fn new(name: &str) -> Self {
        let quoted = format!("\"{name}\"");
        let is_simple = !name.bytes().any(|byte| matches!(byte, b'"' | b'\\' | b'/' | 0..0x20));
        Self { name: name.into(), quoted: memmem::Finder::new(&quoted).into_owned(), is_simple }
    }

    /// Its value, as written, in a well-formed object; the last one, if it is repeated.
    pub(super) fn value<'a>(&self, object: &'a [u8]) -> Option<&'a [u8]> {
        let (mut json, mut last) = (Json { text: object, at: 1 }, None);
        while let Some((quoted, value)) = json.field() {
            if self.is_in(quoted) {
                last = Some(value);
                if self.is_simple && self.is_missing_in(&object[json.at..]) {
                    break;
                }
            }
        }
        last
    }

    fn is_in(&self, quoted: &[u8]) -> bool {
        let name = &quoted[1..quoted.len() - 1];
        name == self.name || name.contains(&b'\\') && unescaped(quoted) == self.name
    }

    /// Whether the rest of an object certainly does not have it.
    fn is_missing_in(&self, rest: &[u8]) -> bool {
        let mut escapes = memchr::memchr_iter(b'\\', rest);
        !escapes.any(|at| rest.get(at + 1) == Some(&b'u')) && self.quoted.find(rest).is_none()
    }
}

/// A parser of well-formed JSON.
struct Json<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Json<'a> {
    /// The next field of an object: its name and its value, as written.
    fn field(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        if self.blank() != Some(b'"') {
            return None;
        }
        let name = self.value();
        self.blank();
        self.at += 1;
        self.blank();
        let value = self.value();
        if self.blank() == Some(b',') {
            self.at += 1;
        }
        Some((name, value))
    }

    /// The next byte that is not white space.
    fn blank(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    /// The value that begins here, as written.
    fn value(&mut self) -> &'a [u8] {
        let start = self.at;
        let mut depth = 0;
        while let Some(byte) = self.text.get(self.at) {
            match byte {
                b'"' => self.string(),
                b'[' | b'{' => depth += 1,
                b']' | b'}' if depth == 0 => break,
                b']' | b'}' => depth -= 1,
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => break,
                _ => {}
            }
            self.at += 1;
            if depth == 0 && matches!(byte, b'"' | b']' | b'}') {
                break;
            }
        }
        &self.text[start..self.at.min(self.text.len())]
    }

    /// Moves to the closing quote of the string whose opening quote is here.
    fn string(&mut self) {
        self.at += 1;
        while let Some(found) = memchr::memchr2(b'"', b'\\', self.text.get(self.at..).unwrap_or_default()) {
            self.at += found;
            if self.text[self.at] == b'"' {
                return;
            }
            self.at += 2;
        }
        self.at = self.text.len();
    }

    /// The text of a value inside a list or structure.
    fn nested(&mut self) -> Vec<u8> {
        let raw = match self.blank() {
            Some(b'[') => return self.items(),
            Some(b'{') => {
                let mut sorted = std::collections::BTreeMap::new();
                // If a key is repeated, the last one counts, as for every reader.
                sorted.extend(fields(self.value()));
                let field = |(name, raw): (Vec<u8>, &[u8])| {
                    [quoted(&name), b":".to_vec(), Json { text: raw, at: 0 }.nested()].concat()
                };
                let fields: Vec<_> = sorted.into_iter().map(field).collect();
                return [b"{".as_slice(), &fields.join(&b','), b"}"].concat();
            }
            _ => self.value(),
        };
        match raw.first() {
            Some(b'"') => quoted(&unescaped(raw)),
            Some(b'-' | b'0'..=b'9') => of_number(raw),
            _ => raw.to_vec(),
        }
    }

    fn items(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut items = Vec::new();
        while self.blank().is_some_and(|byte| byte != b']') {
            items.push(self.nested());
            if self.blank() == Some(b',') {
                self.at += 1;
            }
        }
        self.at += 1;
        [b"[".as_slice(), &items.join(&b','), b"]"].concat()
    }
}

/// A text in JSON's quotes.
pub(super) fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for byte in text {
        match byte {
            b'"' => out.extend(b"\\\""),
            b'\\' => out.extend(b"\\\\"),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            8 => out.extend(b"\\b"),
            12 => out.extend(b"\\f"),
            0..0x20 => out.extend(format!("\\u{byte:04x}").bytes()),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
    out
}

/// The text of a well-formed JSON string.
fn unescaped(raw: &[u8]) -> Vec<u8> {
    let mut rest = &raw[1..raw.len().saturating_sub(1).max(1)];
    let mut out = Vec::with_capacity(rest.len());
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let (byte, behind) = rest.split_first().unwrap_or((&b'\\', &[]));
        rest = behind;
        match byte {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'u' => {
                let high = unit(rest);
                rest = rest.get(4..).unwrap_or_default();
                let low = rest.strip_prefix(b"\\u").map(unit).filter(|low| (0xDC00..0xE000).contains(low));
                let code = match low {
                    Some(low) if (0xD800..0xDC00).contains(&high) => {
                        rest = &rest[6..];
                        0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)
                    }
                    _ => high,
                };
                encode(code, &mut out);
            }
            other => out.push(*other),
        }
    }
    out.extend_from_slice(rest);
    out
}

/// The value of four hexadecimal digits.
fn unit(digits: &[u8]) -> u32 {
    let digits = digits.get(..4).and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0)
}

fn encode(code: u32, out: &mut Vec<u8>) {
    match char::from_u32(code) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend([
            0xE0 | (code >> 12) as u8,
            0x80 | (code >> 6 & 0x3F) as u8,
            0x80 | (code & 0x3F) as u8,
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_fields_with_one_name_the_last_one_counts() {
        for object in [
            &br#"{"a": 1, "b" : {"a": 2}, "\u0061":[3, "}"] ,"c":"\"a\":4"}"#[..],
            br#"{"a":1,"b":"\n","a":2,"c/\\":"a","c\/\\":5}"#,
            br#"{"a":1,"b":{"a":2},"c":"a"}"#,
            br#"{ "a\"" : 1 , "" : [ ] , "\u0061" : "\\u" }"#,
            b"{}",
        ] {
            for name in ["a", "b", "c", "", "a\"", "c/\\"] {
                let all = fields(object);
                let last =
                    all.iter().rev().find(|(found, _)| found == name.as_bytes()).map(|(_, value)| *value);
                assert_eq!(Field::new(name).value(object), last, "{name}");
            }
        }
        let object = br#"{"a":1,"\u0061":[3, "}"]}"#;
        assert_eq!(Field::new("a").value(object), Some(&br#"[3, "}"]"#[..]));
    }

    #[test]
    fn json_values_have_the_texts_of_their_values() {
        for (raw, expected) in [
            (r#""a\u00e9""#, "aé"),
            ("null", ""),
            ("true", "true"),
            ("1.0", "1"),
            (r#""1.0""#, "1"),
            ("-1E400", "-inf"),
            (r#""1E400""#, "1E400"),
            ("false", "false"),
            (r#"{"b": [1.0, "1.0", null], "a": true}"#, r#"{"a":true,"b":[1,"1.0",null]}"#),
            (r#"{"a": {}, "a": [ ] , "\u0062\"" : "x\ty\u0001"}"#, r#"{"a":[],"b\"":"x\ty\u0001"}"#),
            (r#""\ud83d\ude00 \/""#, "😀 /"),
        ] {
            assert_eq!(String::from_utf8(of_json(raw.as_bytes())).unwrap(), expected);
        }
        assert_eq!(of_json(br#""a\ud83d""#), b"a\xED\xA0\xBD");
        assert_eq!(of_json(br#"["\ud83dx"]"#), b"[\"\xED\xA0\xBDx\"]");
    }
}
