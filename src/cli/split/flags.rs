//! The values of flags.

use crate::amount::{self, AmountError};

pub(super) fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [b'"' | b'\n' | b'\r' | 0] => Err("this character cannot stand between fields".to_owned()),
        [byte] if byte.is_ascii() => Ok(*byte),
        _ => Err("a delimiter is one ASCII character, or `\\t`".to_owned()),
    }
}

pub(super) fn comment(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [b'\n' | b'\r' | 0] => Err("this character cannot begin a comment".to_owned()),
        [byte] if byte.is_ascii() => Ok(*byte),
        _ => Err("what begins a comment is one ASCII character".to_owned()),
    }
}

/// The value of `--quote`: a character, or none.
#[derive(Clone, Copy, Debug)]
pub struct Quote(pub(super) Option<u8>);

pub(super) fn quote(text: &str) -> Result<Quote, String> {
    match text.as_bytes() {
        b"none" => Ok(Quote(None)),
        [b'\n' | b'\r' | 0] => Err("this character cannot stand around a field".to_owned()),
        [byte] if byte.is_ascii() => Ok(Quote(Some(*byte))),
        _ => Err("a quote is one ASCII character, or `none`".to_owned()),
    }
}

/// A number of bytes: `500MB`, `4GB`, `1.5 GiB`, or without a unit.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    match text.parse().or_else(|_| amount::bytes(text)) {
        Ok(0) => Err("at least one byte is needed".to_owned()),
        Ok(bytes) => Ok(bytes),
        Err(AmountError::TooLarge) => Err("that is more bytes than can be counted".to_owned()),
        Err(_) => Err("write a number of bytes, such as `500MB` or `4GB`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_begin_a_comment_is_called_that() {
        assert_eq!((comment("#"), comment("\""), comment("\\t")), (Ok(b'#'), Ok(b'"'), Ok(b'\t')));
        for text in ["##", "", "\n", "ä"] {
            assert!(comment(text).is_err_and(|error| error.contains("comment")), "{text:?}");
        }
    }
}
