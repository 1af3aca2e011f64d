//! Numbers as text and text as numbers, the way libxml2 does both: this is where lxml's answers most visibly
//! depart from the letter of the standard.

/// The number of digits that a double always preserves (`DBL_DIG` of C).
const DIGITS: i32 = 15;
/// How many digits after the point count, not counting leading zeros.
const FRACTION_DIGITS: usize = 20;

/// `string(number)`. The standard has no exponents; libxml2 prints one from 1e9 on (except for whole numbers
/// that fit an `int`) and below 1e-5, and no more than 15 significant digits.
pub(super) fn to_string(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    let is_int = number.fract() == 0.0 && number > f64::from(i32::MIN) && number < f64::from(i32::MAX);
    if is_int {
        return format!("{number:.0}");
    }
    let magnitude = number.abs();
    if (1e-5..=1e9).contains(&magnitude) {
        let places = magnitude.log10() as i32;
        let fraction = if places > 0 { DIGITS - places - 1 } else { DIGITS - places };
        return without_zeros(&format!("{number:.*}", fraction as usize)).to_owned();
    }
    let scientific = format!("{number:.*e}", DIGITS as usize - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.abs())
}

fn without_zeros(text: &str) -> &str {
    text.trim_end_matches('0').trim_end_matches('.')
}

/// `number(string)`: the standard's numbers, with an optional minus sign and surrounding white space, and
/// libxml2's exponents.
pub(super) fn from_str(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    match decimal(digits) {
        Some(number) if is_negative => -number,
        Some(number) => number,
        None => f64::NAN,
    }
}

/// An unsigned number, rounded as libxml2 rounds: whole part and fraction separately.
pub(super) fn decimal(text: &str) -> Option<f64> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let accumulate = |sum: f64, digit: u8| sum * 10.0 + f64::from(digit - b'0');
    let whole = digits(text);
    let mut number = text[..whole].bytes().fold(0.0, accumulate);
    let mut rest = &text[whole..];
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix('.') {
        fraction = digits(after);
        let zeros = after.bytes().take_while(|byte| *byte == b'0').count();
        let counted = fraction.min(zeros + FRACTION_DIGITS);
        let value = after[zeros..counted].bytes().fold(0.0, accumulate);
        number += value / 10_f64.powf(counted as f64);
        rest = &after[fraction..];
    }
    if whole + fraction == 0 {
        return None;
    }
    if let Some(after) = rest.strip_prefix(['e', 'E']) {
        let (sign, after) = match after.strip_prefix('-') {
            Some(after) => (-1.0, after),
            None => (1.0, after.strip_prefix('+').unwrap_or(after)),
        };
        let length = digits(after);
        let exponent = after[..length].bytes().fold(0.0, accumulate).min(1e6);
        number *= 10_f64.powf(sign * exponent);
        rest = &after[length..];
    }
    rest.is_empty().then_some(number)
}

/// `round()`: to the nearest whole number, halves upwards; a negative number that rounds to zero gives -0.
pub(super) fn round(number: f64) -> f64 {
    if (-0.5..0.0).contains(&number) {
        return -0.0;
    }
    let floor = number.floor();
    if number - floor >= 0.5 { floor + 1.0 } else { floor }
}
