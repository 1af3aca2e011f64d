//! The meaning of a plain scalar in the core schema of YAML 1.2. There, `yes`, `012` and `1_000` are not a
//! boolean, an octal and an integer, but text, the number 12, and text.

/// A plain scalar that is not text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Plain {
    Null,
    Bool(bool),
    /// Saturated if it does not fit: such a number is too large for every field anyway.
    Int(i128),
    Float(f64),
}

/// The value of `text`, if it is not text.
pub(super) fn resolve(text: &str) -> Option<Plain> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Some(Plain::Null),
        "true" | "True" | "TRUE" => Some(Plain::Bool(true)),
        "false" | "False" | "FALSE" => Some(Plain::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => Some(Plain::Float(f64::NAN)),
        _ => number(text),
    }
}

fn number(text: &str) -> Option<Plain> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_negative = text.starts_with('-');
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(Plain::Float(if is_negative { f64::NEG_INFINITY } else { f64::INFINITY }));
    }
    let radix = |digits: &str, radix| {
        let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        is_number.then(|| Plain::Int(i128::from_str_radix(digits, radix).unwrap_or(i128::MAX)))
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        let saturated = if is_negative { i128::MIN } else { i128::MAX };
        return Some(Plain::Int(text.parse().unwrap_or(saturated)));
    }
    is_float(unsigned).then(|| text.parse().ok().map(Plain::Float)).flatten()
}

/// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        None => (unsigned, "0"),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let has_mantissa = !whole.is_empty() || !fraction.is_empty();
    has_mantissa && digits(whole) && digits(fraction) && !exponent.is_empty() && digits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_schema() {
        let cases = [
            ("", Some(Plain::Null)),
            ("~", Some(Plain::Null)),
            ("TRUE", Some(Plain::Bool(true))),
            ("tRUE", None),
            ("yes", None),
            ("012", Some(Plain::Int(12))),
            ("-7", Some(Plain::Int(-7))),
            ("+7", Some(Plain::Int(7))),
            ("0x1F", Some(Plain::Int(31))),
            ("0o17", Some(Plain::Int(15))),
            ("0x", None),
            ("1_000", None),
            ("1e-3", Some(Plain::Float(0.001))),
            ("1.", Some(Plain::Float(1.0))),
            (".5", Some(Plain::Float(0.5))),
            (".", None),
            ("e5", None),
            ("1e", None),
            ("1.2.3", None),
            ("-.inf", Some(Plain::Float(f64::NEG_INFINITY))),
            ("inf", None),
            ("1:30", None),
            ("-", None),
        ];
        for (text, meaning) in cases {
            assert_eq!(resolve(text), meaning, "{text}");
        }
        assert_eq!(resolve(&"9".repeat(50)), Some(Plain::Int(i128::MAX)));
    }
}
