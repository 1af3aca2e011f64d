//! The order of values, for `--by range`.

use super::value::{is_beyond, is_json_number};

/// Bytes that sort like the values with these texts: missing values, then numbers by value (NaN last), then all other
/// texts by their bytes.
pub(super) fn order(text: &[u8]) -> Vec<u8> {
    match text {
        b"" => Vec::new(),
        b"-inf" => vec![1, 0],
        b"0" => vec![1, 2],
        b"inf" => vec![1, 4],
        b"NaN" => vec![1, 5],
        _ => {
            order_of_number(text).or_else(|| order_of_far_date(text)).unwrap_or_else(|| [&[2], text].concat())
        }
    }
}

/// Likewise for the text of a number other than 0: sign, exponent, digits; inverted if negative.
fn order_of_number(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if !digits.first()?.is_ascii_digit() || !is_json_number(digits) {
        return None;
    }
    let (mantissa, exponent) = match digits.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(e) => {
            let number: f64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
            // What no double is, is a text.
            if is_beyond(number, digits) {
                return None;
            }
            (&digits[..e], std::str::from_utf8(&digits[e + 1..]).ok()?.parse::<i64>().ok()?)
        }
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

/// Likewise for the text of a date, with or without a time, whose year has more than four digits or is below 0: before
/// and behind the texts that begin with a digit.
fn order_of_far_date(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let (year, rest) = digits.split_at(digits.iter().position(|b| *b == b'-')?);
    let is_day =
        matches!(rest, [b'-', a, b, b'-', c, d, ..] if [a, b, c, d].iter().all(|b| b.is_ascii_digit()));
    if !is_day || !matches!(rest.get(6), None | Some(b' ')) || !year.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (is_below, zeros) = (digits.len() < text.len(), year.iter().take_while(|b| **b == b'0').count());
    if if is_below { year.len() < 3 } else { year.len() < 5 || zeros > 0 } {
        return None;
    }
    let figures = &year[zeros..];
    let mut year = [&(figures.len() as u64).to_be_bytes(), figures].concat();
    if is_below {
        year.iter_mut().for_each(|byte| *byte = !*byte);
    }
    Some([&[2, if is_below { b'/' } else { b':' }], year.as_slice(), rest].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::value::of_text;

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
            "-12345-01-01",
            "-9999-12-31",
            "-100-01-02 03:04:05",
            "-002-06-01",
            "-001-01-01",
            "-001-02-01 00:00:00.5",
            "0000-01-01",
            "1e400",
            "2026-01-02",
            "9999-12-31 23:59:59",
            "20000-01-01",
            "20000-01-01 00:00:01",
            "90000-01-01",
            "100000-01-01",
            "a",
            "b",
        ];
        let keys: Vec<_> = sorted.iter().map(|text| order(&of_text(text.as_bytes()))).collect();
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{keys:?}");
    }
}
