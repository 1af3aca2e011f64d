//! The stable hash that `--by hash` goes by: the same on every machine, in every format that holds the
//! same values, and in a few lines of any language.
//!
//! # The text of a value
//!
//! - null, a missing field and the empty text: the empty text;
//! - a truth value: `true` or `false`; also for the texts `True`, `TRUE`, `False`, `FALSE`;
//! - a whole number: its decimal digits, `-` before a negative one, `0` for `-0`;
//! - another number: if it is whole and its magnitude below 2^53, as a whole number; else its shortest
//!   digits that read back as the same number, one before the point, and an exponent: `1.5e0`,
//!   `1e-7`; or `NaN`, `inf`, `-inf`;
//! - a text that is a number in the grammar of JSON (no leading zero, no `+`): as that number, so that
//!   a CSV file and a Parquet file agree; any other text: itself, in UTF-8;
//! - bytes: themselves; a date: `2026-11-22`; a time: `13:58:04`, with `.` and the decimals of the
//!   second, without trailing zeros, if there are any; a date with a time: both, a blank between, in
//!   UTC and with `+00:00` behind if it has a zone;
//! - a list: `[` its items `]`, with `,` between; a structure: `{"name":item}`, sorted by name; in these, texts are
//!   in JSON's quotes, and null is `null`.
//!
//! # The hash of a row
//!
//! With `N(x)` for the length of `x` in bytes, in decimal digits, a colon, and `x`:
//! `hash:a,b` takes `N(text of a) N(text of b)`; `hash` takes `N(name) N(text)` for every field whose
//! text is not empty, sorted by name; a row that has no named fields (a line, a number) is `N(text)`.
//! The partition (from 0) is the first eight bytes of the SHA-256 of that, as a big-endian number, modulo
//! the number of partitions.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};

/// The text of a text.
pub(super) fn of_text(text: &[u8]) -> Cow<'_, [u8]> {
    match text {
        b"True" | b"TRUE" => Cow::Borrowed(b"true"),
        b"False" | b"FALSE" => Cow::Borrowed(b"false"),
        _ => of_number(text).unwrap_or(Cow::Borrowed(text)),
    }
}

/// The text of a number, if `text` is one in the grammar of JSON.
fn of_number(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if !digits.first()?.is_ascii_digit() || !is_json_number(digits) {
        return None;
    }
    if digits.iter().all(u8::is_ascii_digit) {
        return Some(Cow::Borrowed(if digits == b"0" { digits } else { text }));
    }
    if let Some(short) = of_short_decimal(text, digits) {
        return Some(Cow::Owned(short));
    }
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(Cow::Owned(of_float(number).into_bytes()))
}

/// The same for a number without an exponent and of at most 15 digits: those are the shortest that read back as the
/// same number (IEEE 754 doubles keep 15 digits).
fn of_short_decimal(text: &[u8], digits: &[u8]) -> Option<Vec<u8>> {
    let point = digits.iter().position(|b| *b == b'.').filter(|_| digits.len() <= 16)?;
    let (whole, fraction) = (&digits[..point], &digits[point + 1..]);
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let fraction = &fraction[..fraction.iter().rposition(|b| *b != b'0').map_or(0, |last| last + 1)];
    let sign: &[u8] = if text.len() > digits.len() { b"-" } else { b"" };
    if fraction.is_empty() {
        return Some(if whole == b"0" { b"0".to_vec() } else { [sign, whole].concat() });
    }
    let (first, rest, exponent) = match whole {
        b"0" => {
            let zeros = fraction.iter().take_while(|b| **b == b'0').count();
            (&fraction[zeros..=zeros], [&fraction[zeros + 1..], b""], -1 - zeros as i32)
        }
        _ => (&whole[..1], [&whole[1..], fraction], whole.len() as i32 - 1),
    };
    let mut out = [sign, first].concat();
    if rest.iter().any(|part| !part.is_empty()) {
        out.push(b'.');
        rest.iter().for_each(|part| out.extend_from_slice(part));
    }
    out.push(b'e');
    out.extend_from_slice(exponent.to_string().as_bytes());
    Some(out)
}

/// Whether `text`, which begins with a digit, is `0` or digits without a leading zero, then perhaps a
/// fraction, then perhaps an exponent.
fn is_json_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(text);
    let mut rest = &text[whole..];
    if whole > 1 && text[0] == b'0' {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

/// The text of a number that may have a fraction.
pub(super) fn of_float(number: f64) -> String {
    whole(number).unwrap_or_else(|| scientific(number.is_finite(), number, format!("{number:e}")))
}

/// The text of a number of single precision: its own shortest digits, not those of its double.
pub(super) fn of_single(number: f32) -> String {
    let double = f64::from(number);
    whole(double).unwrap_or_else(|| scientific(number.is_finite(), double, format!("{number:e}")))
}

fn whole(number: f64) -> Option<String> {
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() < LIMIT).then(|| format!("{}", number as i64))
}

fn scientific(finite: bool, number: f64, text: String) -> String {
    match number {
        _ if finite => text,
        _ if number.is_nan() => "NaN".to_owned(),
        _ if number > 0.0 => "inf".to_owned(),
        _ => "-inf".to_owned(),
    }
}

/// The text of a value of JSON, which must be well formed. Half a pair of surrogates (`"\\ud83d"`), which some
/// programs write and UTF-8 has no place for, stands for its three bytes.
pub(super) fn of_json(raw: &[u8]) -> Vec<u8> {
    match raw.first() {
        Some(b'"') => of_text(&unescaped(raw)).into_owned(),
        Some(b'[' | b'{') => Json { text: raw, at: 0 }.nested(),
        Some(b'n') | None => Vec::new(),
        Some(_) => of_text(raw).into_owned(),
    }
}

/// The fields of a well-formed object: names, and values as they are written.
pub(super) fn fields(object: &[u8]) -> Vec<(Vec<u8>, &[u8])> {
    let mut json = Json { text: object, at: 1 };
    let mut fields = Vec::new();
    while json.blank() == Some(b'"') {
        let name = unescaped(json.value());
        json.blank();
        json.at += 1;
        json.blank();
        fields.push((name, json.value()));
        if json.blank() == Some(b',') {
            json.at += 1;
        }
    }
    fields
}

/// Well-formed JSON that is gone through.
struct Json<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Json<'a> {
    /// The next byte that is not white space.
    fn blank(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    /// The value that begins here, as it is written.
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

    /// Goes to the closing quote of the string whose opening one is here.
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
                // Of a key that is written twice the last counts, as for every reader.
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
            Some(b'-' | b'0'..=b'9') => of_text(raw).into_owned(),
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

/// The text of a well-formed string of JSON.
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

/// The number that four hexadecimal digits say.
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

/// What is hashed of a row, in the making.
#[derive(Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// Forgets the row, but not the memory for it.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// What has been added.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Adds `N(text)`.
    pub(super) fn add(&mut self, text: &[u8]) {
        let mut digits = [0; 20];
        let (mut at, mut length) = (digits.len(), text.len());
        loop {
            at -= 1;
            digits[at] = b'0' + (length % 10) as u8;
            length /= 10;
            if length == 0 {
                break;
            }
        }
        self.0.extend_from_slice(&digits[at..]);
        self.0.push(b':');
        self.0.extend_from_slice(text);
    }

    /// Adds a text as it is.
    pub(super) fn add_plain(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }

    /// Adds all fields of a row: names and texts.
    pub(super) fn add_row(&mut self, fields: &mut Vec<(impl AsRef<[u8]> + Ord, Vec<u8>)>) {
        fields.retain(|(_, text)| !text.is_empty());
        fields.sort();
        for (name, text) in fields {
            self.add(name.as_ref());
            self.add(text);
        }
    }
}

/// The first 16 bytes of the hash of a row's message.
pub(super) fn identity(message: &[u8]) -> u128 {
    let digest = Sha256::digest(message);
    digest.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// The partition, from 0, of the row with this message.
pub(super) fn partition(message: &[u8], of: u64) -> usize {
    ((identity(message) >> 64) as u64 % of) as usize
}

/// Bytes whose order is that of the values whose texts these are: what is missing, numbers by their value
/// (NaN last), then all other texts by their bytes.
pub(super) fn order(text: &[u8]) -> Vec<u8> {
    match text {
        b"" => Vec::new(),
        b"-inf" => vec![1, 0],
        b"0" => vec![1, 2],
        b"inf" => vec![1, 4],
        b"NaN" => vec![1, 5],
        _ => order_of_number(text).unwrap_or_else(|| [&[2], text].concat()),
    }
}

/// The same for the text of a number other than 0: sign, exponent, digits; inverted for a negative one.
fn order_of_number(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if !digits.first()?.is_ascii_digit() || !is_json_number(digits) {
        return None;
    }
    let (mantissa, exponent) = match digits.iter().position(|b| *b == b'e') {
        Some(e) => (&digits[..e], std::str::from_utf8(&digits[e + 1..]).ok()?.parse::<i64>().ok()?),
        None => (digits, 0),
    };
    let point = mantissa.iter().position(|b| *b == b'.').unwrap_or(mantissa.len());
    let exponent = exponent + point as i64;
    let figures: Vec<u8> = mantissa.iter().copied().filter(|b| *b != b'.').collect();
    let figures = &figures[..figures.iter().rposition(|b| *b != b'0').map_or(1, |last| last + 1)];
    let place = ((exponent + (1 << 31)) as u32).to_be_bytes();
    let mut key = [place.as_slice(), figures, &[0]].concat();
    if text.len() > digits.len() {
        key.iter_mut().for_each(|byte| *byte = !*byte);
        return Some([&[1, 1], key.as_slice()].concat());
    }
    Some([&[1, 3], key.as_slice()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> String {
        String::from_utf8(of_text(value.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn texts_that_mean_one_number_are_one() {
        for (value, expected) in [
            ("1", "1"),
            ("1.0", "1"),
            ("1e0", "1"),
            ("10e-1", "1"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("0.1", "1e-1"),
            ("1.50", "1.5e0"),
            ("007", "007"),
            ("+1", "+1"),
            ("1.", "1."),
            (".5", ".5"),
            ("1e", "1e"),
            ("-", "-"),
            ("", ""),
            ("1_0", "1_0"),
            ("NaN", "NaN"),
            ("12345678901234567890", "12345678901234567890"),
            ("1e20", "1e20"),
            ("1e400", "inf"),
            ("True", "true"),
            ("9007199254740993", "9007199254740993"),
            ("9007199254740992.0", "9.007199254740992e15"),
            ("1E+2", "100"),
            ("12.50", "1.25e1"),
            ("-0.00120", "-1.2e-3"),
            ("120.0", "120"),
            ("0.100000000000000005", "1e-1"),
            ("123456789012345.6", "1.234567890123456e14"),
        ] {
            assert_eq!(text(value), expected, "{value}");
        }
        assert_eq!(of_single(0.1), "1e-1");
        assert_eq!(of_float(f64::NEG_INFINITY), "-inf");
    }

    #[test]
    fn json_values_have_the_texts_of_their_values() {
        for (raw, expected) in [
            (r#""a\u00e9""#, "aé"),
            ("null", ""),
            ("true", "true"),
            ("1.0", "1"),
            (r#""1.0""#, "1"),
            (r#"{"b": [1.0, "1.0", null], "a": true}"#, r#"{"a":true,"b":[1,"1.0",null]}"#),
            (r#"{"a": {}, "a": [ ] , "\u0062\"" : "x\ty\u0001"}"#, r#"{"a":[],"b\"":"x\ty\u0001"}"#),
            (r#""\ud83d\ude00 \/""#, "😀 /"),
        ] {
            assert_eq!(String::from_utf8(of_json(raw.as_bytes())).unwrap(), expected);
        }
        assert_eq!(of_json(br#""a\ud83d""#), b"a\xED\xA0\xBD");
        assert_eq!(of_json(br#"["\ud83dx"]"#), b"[\"\xED\xA0\xBDx\"]");
    }

    proptest::proptest! {
        #[test]
        fn short_decimals_are_what_they_are_as_floats(number in "-?(0|[1-9][0-9]{0,7})\\.[0-9]{1,7}") {
            let float = of_float(number.parse().unwrap());
            proptest::prop_assert_eq!(text(&number), float);
        }
    }

    #[test]
    fn values_are_ordered() {
        let sorted = [
            "",
            "-inf",
            "-1e300",
            "-20",
            "-12",
            "-3",
            "-2.5",
            "-0.5",
            "-1e-9",
            "0",
            "1e-9",
            "0.25",
            "0.5",
            "2",
            "3",
            "10",
            "12",
            "123456789012345678901234567890",
            "1e300",
            "inf",
            "NaN",
            "2026-01-02",
            "a",
            "b",
        ];
        let keys: Vec<_> = sorted.iter().map(|text| order(&of_text(text.as_bytes()))).collect();
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{keys:?}");
    }

    /// Made with Python: `int.from_bytes(sha256(b"5:alice").digest()[:8], "big") % 1000`.
    #[test]
    fn the_published_vectors() {
        let partition = |texts: &[&str]| {
            let mut message = Message::default();
            texts.iter().for_each(|text| message.add(text.as_bytes()));
            super::partition(message.bytes(), 1000)
        };
        assert_eq!(partition(&["alice"]), VECTORS[0]);
        assert_eq!(partition(&["alice", "7"]), VECTORS[1]);
        assert_eq!(partition(&[""]), VECTORS[2]);
    }

    const VECTORS: [usize; 3] = [727, 80, 820];
}
