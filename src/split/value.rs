//! The text of a value, by which rows are hashed, grouped and ordered: the same on every machine, and in every format
//! that has the same values.
//!
//! - null, a missing field and the empty text: the empty text;
//! - a boolean: `true` or `false`; also for the texts `True`, `TRUE`, `False`, `FALSE`;
//! - an integer: its decimal digits, after `-` if it is negative, `0` for `-0`;
//! - another number: if it is whole and its magnitude is below 2^53, as an integer; otherwise the shortest digits that
//!   read back as the same number, one of them before the point, and an exponent: `1.5e0`, `1e-7`; or `NaN`, `inf`,
//!   `-inf`;
//! - a text that is a number in JSON's grammar (no leading zero, no `+`): as that number, so that a CSV file and a
//!   Parquet file agree; any other text, and one whose number is beyond doubles (`1e400`): itself, in UTF-8;
//!   without an exponent all figures count if there are more than the 17 that a double may need;
//! - a decimal: as such a text;
//! - bytes: themselves; a date: `2026-11-22`; a time: `13:58:04`, followed by `.` and the decimals of the second,
//!   without trailing zeros, if there are any; a date with a time: both, separated by a blank, in UTC and followed by
//!   `+00:00` if it has a zone;
//! - a list: `[`, its items separated by `,`, `]`; a structure: `{"name":item}`, sorted by name; in these, texts are in
//!   JSON's quotes, as are dates, times and bytes, and null is `null`.

use std::borrow::Cow;

use super::half;

/// The text of a string.
pub(super) fn of_text(text: &[u8]) -> Cow<'_, [u8]> {
    let mut digits = Vec::new();
    match spell(text, &mut digits) {
        Spelling::Kept(text) => Cow::Borrowed(text),
        Spelling::New => Cow::Owned(digits),
    }
}

/// Where to find the text of a string.
pub(super) enum Spelling<'a> {
    /// It is the string itself.
    Kept(&'a [u8]),
    /// A number in different digits, which have been written to the buffer.
    New,
}

/// The text of a string; `digits` is overwritten if necessary, so that its memory is reused for one value after
/// another.
pub(super) fn spell<'a>(text: &'a [u8], digits: &mut Vec<u8>) -> Spelling<'a> {
    match text {
        b"True" | b"TRUE" => Spelling::Kept(b"true"),
        b"False" | b"FALSE" => Spelling::Kept(b"false"),
        _ => spell_number(text, digits).unwrap_or(Spelling::Kept(text)),
    }
}

/// The text of a number, if `text` is one in JSON's grammar.
fn spell_number<'a>(text: &'a [u8], out: &mut Vec<u8>) -> Option<Spelling<'a>> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if !digits.first()?.is_ascii_digit() || !is_json_number(digits) {
        return None;
    }
    if digits.iter().all(u8::is_ascii_digit) {
        return Some(Spelling::Kept(if digits == b"0" { digits } else { text }));
    }
    out.clear();
    if spell_short_decimal(text, digits, out).is_none() {
        let text = std::str::from_utf8(text).ok()?;
        let number: f64 = text.parse().ok()?;
        if is_beyond(number, digits) {
            return None;
        }
        out.extend_from_slice(exact(text).unwrap_or_else(|| of_float(number)).as_bytes());
    }
    Some(Spelling::New)
}

/// Whether `digits` are those of a number that is too large or too small to be `number`, which is read from them.
pub(super) fn is_beyond(number: f64, digits: &[u8]) -> bool {
    let mantissa = digits.split(|b| matches!(b, b'e' | b'E')).next().unwrap_or(digits);
    number.is_infinite() || number == 0.0 && mantissa.iter().any(|b| matches!(b, b'1'..=b'9'))
}

/// The text of a number or boolean of JSON. Every reader takes what is too large for a double as infinite.
pub(super) fn of_number(raw: &[u8]) -> Vec<u8> {
    let text = of_text(raw);
    let is_kept = matches!(text, Cow::Borrowed(_)) && raw.iter().any(|b| matches!(b, b'.' | b'e' | b'E'));
    let number = || std::str::from_utf8(raw).ok()?.parse().ok();
    let beyond = if is_kept { number().filter(|number| is_beyond(*number, raw)) } else { None };
    beyond.map_or_else(|| text.into_owned(), |number| of_float(number).into_bytes())
}

/// The text of a number that is written without an exponent and has more figures than the 17 that a double may need.
fn exact(text: &str) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').filter(|_| !digits.contains(['e', 'E']))?;
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let all = format!("{whole}{fraction}");
    let figures = all.trim_start_matches('0');
    if figures.trim_end_matches('0').len() <= 17 {
        return None;
    }
    if fraction.is_empty() {
        return Some(format!("{sign}{whole}"));
    }
    let place = whole.len() as i64 - 1 - (all.len() - figures.len()) as i64;
    let (first, rest) = figures.split_at(1);
    Some(format!("{sign}{first}.{rest}e{place}"))
}

/// The same for a number with at most 15 digits and no exponent: those digits are the shortest that read back as the
/// same number (IEEE 754 doubles preserve 15 digits).
fn spell_short_decimal(text: &[u8], digits: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let point = digits.iter().position(|b| *b == b'.').filter(|_| digits.len() <= 16)?;
    let (whole, fraction) = (&digits[..point], &digits[point + 1..]);
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let fraction = &fraction[..fraction.iter().rposition(|b| *b != b'0').map_or(0, |last| last + 1)];
    if text.len() > digits.len() && !(fraction.is_empty() && whole == b"0") {
        out.push(b'-');
    }
    if fraction.is_empty() {
        out.extend_from_slice(whole);
        return Some(());
    }
    let (first, rest, exponent) = match whole {
        b"0" => {
            let zeros = fraction.iter().take_while(|b| **b == b'0').count();
            (fraction[zeros], [&fraction[zeros + 1..], b""], -1 - zeros as i32)
        }
        _ => (whole[0], [&whole[1..], fraction], whole.len() as i32 - 1),
    };
    out.push(first);
    if rest.iter().any(|part| !part.is_empty()) {
        out.push(b'.');
        rest.iter().for_each(|part| out.extend_from_slice(part));
    }
    out.push(b'e');
    if exponent < 0 {
        out.push(b'-');
    }
    // Of at most 15 digits.
    let size = exponent.unsigned_abs() as u8;
    if size >= 10 {
        out.push(b'0' + size / 10);
    }
    out.push(b'0' + size % 10);
    Some(())
}

/// Whether `text`, which begins with a digit, is `0` or digits without a leading zero, then optionally a fraction, then
/// optionally an exponent.
pub(super) fn is_json_number(text: &[u8]) -> bool {
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

/// The text of a single-precision number: its own shortest digits, not those of the equal double.
pub(super) fn of_single(number: f32) -> String {
    let double = f64::from(number);
    whole(double).unwrap_or_else(|| scientific(number.is_finite(), double, format!("{number:e}")))
}

/// The text of the half-precision number of these bits: its own shortest digits, too.
pub(super) fn of_half(bits: u16) -> String {
    of_float(half::shortest(bits))
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
            ("1e400", "1e400"),
            ("-1e-400", "-1e-400"),
            ("0e-400", "0"),
            ("True", "true"),
            ("9007199254740993", "9007199254740993"),
            ("9007199254740992.0", "9.007199254740992e15"),
            ("1E+2", "100"),
            ("12.50", "1.25e1"),
            ("-0.00120", "-1.2e-3"),
            ("120.0", "120"),
            ("0.100000000000000000", "1e-1"),
            ("123456789012345.6", "1.234567890123456e14"),
        ] {
            assert_eq!(text(value), expected, "{value}");
        }
        assert_eq!(of_single(0.1), "1e-1");
        assert_eq!(of_half(0x2E66), "1e-1");
        assert_eq!(of_float(f64::NEG_INFINITY), "-inf");
    }

    #[test]
    fn numbers_keep_the_figures_that_a_double_has_not() {
        for (digits, expected) in [
            ("120.00", "120"),
            ("12345678901234567890.12", "1.234567890123456789012e19"),
            ("-12345678901234567890.10", "-1.23456789012345678901e19"),
            ("12345678901234567891.00", "12345678901234567891"),
            ("0.00012345678901234567890123", "1.2345678901234567890123e-4"),
            ("100000000000000000000000000000.00", "1e29"),
            ("0.10000000000000001", "1e-1"),
            ("1.2345678901234567890123e-4", "1.2345678901234567e-4"),
        ] {
            assert_eq!(text(digits), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn short_decimals_are_what_they_are_as_floats(number in "-?(0|[1-9][0-9]{0,7})\\.[0-9]{1,7}") {
            let float = of_float(number.parse().unwrap());
            proptest::prop_assert_eq!(text(&number), float);
        }
    }
}
