//! What the fuzzer calls: readers of hostile bytes, held against slower ones. No part of the API.

use super::npy;
use super::text::csv::{Row, Scanner};
use super::text::json::{Json, Utf8};
use super::text::json_line;

/// The CSV scanner must find by blocks, in two pieces, what it finds byte by byte.
pub fn csv(bytes: &[u8]) {
    let Some((cut, text)) = bytes.split_first() else { return };
    let cut = usize::from(*cut).min(text.len());
    let (mut fast, mut slow) = (Scanner::new(b',', 0), Scanner::new(b',', 0));
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    let mut keep = |row: Row| {
        found.push(row);
        Ok::<_, ()>(())
    };
    let first = fast.feed(&text[..cut], 0, &mut keep);
    let result = first.and_then(|()| fast.feed(&text[cut..], cut as u64, &mut keep));
    let reference = slow.bytes(text, 0, &mut |row| {
        expected.push(row);
        Ok::<_, ()>(())
    });
    assert_eq!((result, found), (reference, expected));
    assert!(result.is_err() || fast == slow);
}

/// The JSON checker must accept what serde_json accepts, in two pieces.
pub fn json(bytes: &[u8]) {
    let Some((cut, text)) = bytes.split_first() else { return };
    let cut = usize::from(*cut).min(text.len());
    let (mut json, mut utf8) = (Json::new(), Utf8::default());
    let fed =
        [&text[..cut], &text[cut..]].iter().all(|piece| utf8.feed(piece).is_ok() && json.feed(piece).is_ok());
    let accepted = fed && utf8.complete() && json.complete();
    let nested = text.iter().filter(|b| matches!(b, b'[' | b'{')).count() > 100;
    let reference =
        std::str::from_utf8(text).is_ok_and(|t| serde_json::from_str::<serde::de::IgnoredAny>(t).is_ok());
    assert!(accepted == reference || nested);
    assert!(!json_line::accepts(text) || reference || nested || std::str::from_utf8(text).is_err());
}

/// The `.npy` header must be read without a panic, and what is written must read back the same.
pub fn npy(bytes: &[u8]) {
    npy::survive(bytes);
}
