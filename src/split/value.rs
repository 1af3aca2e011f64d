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

use sha2::{Digest as _, Sha256};

/// The text of a text.
pub(super) fn of_text(text: &[u8]) -> Vec<u8> {
    match text {
        b"True" | b"TRUE" => b"true".to_vec(),
        b"False" | b"FALSE" => b"false".to_vec(),
        _ => of_number(text).unwrap_or_else(|| text.to_vec()),
    }
}

/// The text of a number, if `text` is one in the grammar of JSON.
fn of_number(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if !digits.first()?.is_ascii_digit() || !is_json_number(digits) {
        return None;
    }
    if digits.iter().all(u8::is_ascii_digit) {
        return Some(if digits == b"0" { digits.to_vec() } else { text.to_vec() });
    }
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(of_float(number).into_bytes())
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

/// The text of a value inside a list or structure.
fn nested(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Number(number) => {
            let text = number.to_string();
            String::from_utf8(of_text(text.as_bytes())).unwrap_or(text)
        }
        Value::Array(items) => format!("[{}]", items.iter().map(nested).collect::<Vec<_>>().join(",")),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by(|a, b| a.0.cmp(b.0));
            let field = |(name, value): &(&String, &Value)| {
                format!("{}:{}", Value::from(name.as_str()), nested(value))
            };
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(","))
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value.to_string(),
    }
}

/// The text of a value of JSON.
pub(super) fn of_json(raw: &str) -> Result<Vec<u8>, serde_json::Error> {
    Ok(match raw.as_bytes().first() {
        Some(b'"') => of_text(serde_json::from_str::<String>(raw)?.as_bytes()),
        Some(b'[' | b'{') => nested(&serde_json::from_str(raw)?).into_bytes(),
        Some(b'n') | None => Vec::new(),
        Some(_) => of_text(raw.as_bytes()),
    })
}

/// The hash of a row in the making.
pub(super) struct RowHash(Sha256);

impl RowHash {
    pub(super) fn new() -> Self {
        Self(Sha256::new())
    }

    /// Adds `N(text)`.
    pub(super) fn add(&mut self, text: &[u8]) {
        self.0.update(format!("{}:", text.len()));
        self.0.update(text);
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

    /// The partition, from 0.
    pub(super) fn partition(self, of: u64) -> usize {
        let digest = self.0.finalize();
        let first = digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        (first % of) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> String {
        String::from_utf8(of_text(value.as_bytes())).unwrap()
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
        ] {
            assert_eq!(String::from_utf8(of_json(raw).unwrap()).unwrap(), expected);
        }
    }

    /// Made with Python: `int.from_bytes(sha256(b"5:alice").digest()[:8], "big") % 1000`.
    #[test]
    fn the_published_vectors() {
        let partition = |texts: &[&str]| {
            let mut hash = RowHash::new();
            texts.iter().for_each(|text| hash.add(text.as_bytes()));
            hash.partition(1000)
        };
        assert_eq!(partition(&["alice"]), VECTORS[0]);
        assert_eq!(partition(&["alice", "7"]), VECTORS[1]);
        assert_eq!(partition(&[""]), VECTORS[2]);
    }

    const VECTORS: [usize; 3] = [727, 80, 820];
}
