//! Percent-encoding in URLs: `%2F`.

/// Decodes a part of a URL. A `%` without two digits after it is literal.
pub(super) fn decoded(text: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(text).collect()
}

/// A path as it appears in URLs and signatures (RFC 3986): everything except letters, digits, `-._~` and `/` as `%XX`.
#[cfg(feature = "remote")]
pub(super) fn encoded(path: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
    percent_encoding::utf8_percent_encode(path, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_code_stands_for_itself() {
        assert_eq!(decoded("a%20b%2fc%zz%+1%é%2"), "a b/c%zz%+1%é%2".as_bytes());
    }

    #[cfg(feature = "remote")]
    proptest::proptest! {
        #[test]
        fn what_is_encoded_comes_back(path in ".*") {
            proptest::prop_assert_eq!(decoded(&encoded(&path)), path.as_bytes());
        }
    }
}
