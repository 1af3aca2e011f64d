//! Percent-encoding in URLs: `%2F`.

/// Decodes a part of a URL. A `%` without two digits after it is literal.
pub(super) fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

/// A path as it appears in URLs and signatures (RFC 3986): everything except letters, digits, `-._~` and `/` as `%XX`.
#[cfg(feature = "remote")]
pub(super) fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(byte.into());
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
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
