//! A fast check of a JSON value in memory. It can only accept: whatever it does not accept is left to [`super::json`],
//! which can tell why.

use std::ops::ControlFlow;

/// The levels tracked here: one bit each.
const DEPTH: u32 = 64;

/// Whether `bytes` are certainly one JSON value, with optional white space around it. They must be UTF-8.
pub(in crate::split) fn accepts(bytes: &[u8]) -> bool {
    Line { bytes, at: 0, depth: 0, objects: 0 }.value() == ControlFlow::Break(())
}

struct Line<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    /// One bit per open level, the innermost lowest: set for an object.
    objects: u64,
}

/// What to do next: `Break(())` for success. `None` from the helpers is failure.
type Outcome = ControlFlow<(), ()>;

impl Line<'_> {
    /// Everything from the beginning of the value to the end of the line.
    fn value(mut self) -> Outcome {
        loop {
            match self.one() {
                None => return ControlFlow::Continue(()),
                Some(true) => return ControlFlow::Break(()),
                Some(false) => {}
            }
        }
    }

    /// The beginning of a value, or a scalar with the brackets that close after it; true at the end of the line.
    #[inline]
    fn one(&mut self) -> Option<bool> {
        match self.next()? {
            b'"' => self.string()?,
            b'{' => {
                self.open(true)?;
                if self.peek()? != b'}' {
                    return self.key().map(|()| false);
                }
                self.at += 1;
                self.close();
            }
            b'[' => {
                self.open(false)?;
                if self.peek()? != b']' {
                    return Some(false);
                }
                self.at += 1;
                self.close();
            }
            byte @ (b'-' | b'0'..=b'9') => self.number(byte)?,
            b't' => self.word(b"rue")?,
            b'f' => self.word(b"alse")?,
            b'n' => self.word(b"ull")?,
            _ => return None,
        }
        self.after()
    }

    /// What follows a value, up to the beginning of the next.
    #[inline]
    fn after(&mut self) -> Option<bool> {
        while self.depth > 0 {
            let object = self.objects & 1 == 1;
            match (self.next()?, object) {
                (b',', true) => return self.key().map(|()| false),
                (b',', false) => return Some(false),
                (b'}', true) | (b']', false) => self.close(),
                _ => return None,
            }
        }
        self.blanks();
        (self.at == self.bytes.len()).then_some(true)
    }

    #[inline]
    fn key(&mut self) -> Option<()> {
        if self.next()? != b'"' {
            return None;
        }
        self.string()?;
        (self.next()? == b':').then_some(())
    }

    #[inline]
    fn open(&mut self, object: bool) -> Option<()> {
        self.depth += 1;
        self.objects = self.objects << 1 | u64::from(object);
        (self.depth <= DEPTH).then_some(())
    }

    #[inline]
    fn close(&mut self) {
        self.depth -= 1;
        self.objects >>= 1;
    }

    #[inline]
    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    #[inline]
    fn peek(&mut self) -> Option<u8> {
        self.blanks();
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn next(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.at += 1;
        byte
    }

    /// The rest of a string.
    #[inline]
    fn string(&mut self) -> Option<()> {
        loop {
            self.plain();
            match *self.bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.escape()?,
                0..0x20 => return None,
                _ => self.at += 1,
            }
        }
    }

    /// Bytes of a string, eight at a time, up to a quote, a backslash or a control character.
    #[inline]
    fn plain(&mut self) {
        const ONES: u64 = u64::from_ne_bytes([1; 8]);
        const HIGHS: u64 = ONES << 7;
        let is_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
        while let Some((eight, _)) = self.bytes[self.at..].split_first_chunk::<8>() {
            let word = u64::from_le_bytes(*eight);
            // The lowest of the set bits is right; higher ones may be set wrongly.
            let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
            let found = is_zero(word ^ (ONES * u64::from(b'"')))
                | is_zero(word ^ (ONES * u64::from(b'\\')))
                | control;
            if found != 0 {
                self.at += found.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
    }

    fn escape(&mut self) -> Option<()> {
        match *self.bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
            b'u' => {
                let digits = self.bytes.get(self.at + 2..self.at + 6)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                self.at += 6;
            }
            _ => return None,
        }
        Some(())
    }

    /// The rest of a number that begins with `first`.
    #[inline]
    fn number(&mut self, first: u8) -> Option<()> {
        let first = if first == b'-' {
            self.at += 1;
            *self.bytes.get(self.at - 1)?
        } else {
            first
        };
        match first {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Some(())
    }

    #[inline]
    fn digits(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }

    #[inline]
    fn some_digits(&mut self) -> Option<()> {
        let start = self.at;
        self.digits();
        (self.at > start).then_some(())
    }

    #[inline]
    fn word(&mut self, rest: &[u8]) -> Option<()> {
        let found = self.bytes[self.at..].starts_with(rest);
        self.at += rest.len();
        found.then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::accepts;

    #[test]
    fn accepts_what_serde_json_accepts() {
        let values = [
            "1",
            "-0",
            "0.5e-3",
            "01",
            "1.",
            "-",
            ".5",
            "1e",
            "+1",
            "\"\"",
            "\"a\\u00e9\\n\"",
            "\"\\x\"",
            "\"\\u00g0\"",
            "\"long enough for two words \\\" \"",
            "\"\u{1}\"",
            "\"eight by\u{1f}\"",
            "\"ä\u{80}€😀 ä€😀\"",
            "[]",
            "{}",
            "[1,]",
            "[,]",
            "{\"a\":1,}",
            "{\"a\"}",
            "{a:1}",
            "[1 2]",
            "{\"a\":[{\"b\":[]}]}",
            "[}",
            "{]",
            "true",
            "tru",
            "falsee",
            "null",
            " [ 1 , { \"a\" : null } ] ",
            "1 1",
            "",
            " ",
            "\"",
            "[",
            "{\"a\":",
            "\"\\",
            "\"\\u12",
        ];
        for value in values {
            let expected = serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok();
            assert_eq!(accepts(value.as_bytes()), expected, "{value}");
        }
        assert!(accepts(format!("{}{}", "[".repeat(64), "]".repeat(64)).as_bytes()));
        assert!(!accepts(format!("{}{}", "[".repeat(65), "]".repeat(65)).as_bytes()));
    }
}
