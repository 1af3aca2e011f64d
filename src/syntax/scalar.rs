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

/// What readers of YAML 1.1, PyYAML among them, take a plain scalar for, if it is something else in YAML 1.2: as it would
/// be written in both.
pub(super) fn in_older_yaml(text: &str) -> Option<String> {
    match text.to_lowercase().as_str() {
        "yes" | "on" => return Some("true".to_owned()),
        "no" | "off" => return Some("false".to_owned()),
        _ => {}
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { "-" } else { "" };
    if !unsigned.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let digits = unsigned.replace('_', "");
    let radix = |digits: &str, radix| i128::from_str_radix(digits, radix).ok();
    let number = if let Some(digits) = digits.strip_prefix("0b") {
        radix(digits, 2)
    } else if digits.contains(':') {
        sixties(&digits)
    } else if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()) {
        radix(&digits, 8)
    } else if unsigned.contains('_') {
        return matches!(resolve(&digits), Some(Plain::Int(_) | Plain::Float(_)))
            .then(|| sign.to_owned() + &digits);
    } else {
        None
    };
    number.map(|number| format!("{sign}{number}"))
}

/// `1:30` is ninety.
fn sixties(digits: &str) -> Option<i128> {
    let mut parts = digits.split(':');
    let first: i128 = parts.next().filter(|first| !first.starts_with('0'))?.parse().ok()?;
    parts.try_fold(first, |sum, part| {
        let part: i128 = part.parse().ok().filter(|part| *part < 60)?;
        sum.checked_mul(60)?.checked_add(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_yaml() {
        let cases = [
            ("yes", Some("true")),
            ("Off", Some("false")),
            ("1_000", Some("1000")),
            ("-1_0.5", Some("-10.5")),
            ("0755", Some("493")),
            ("0b11", Some("3")),
            ("+1:30", Some("90")),
            ("190:20:30", Some("685230")),
            ("0899", None),
            ("1:75", None),
            ("01:30", None),
            ("0", None),
            ("007a", None),
            ("10", None),
            ("1.5", None),
            ("1_a", None),
            ("_1", None),
            ("2020-01-02", None),
            ("12:", None),
        ];
        for (text, meaning) in cases {
            assert_eq!(in_older_yaml(text).as_deref(), meaning, "{text}");
        }
    }

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
