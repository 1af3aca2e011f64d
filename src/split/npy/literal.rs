//! The part of Python's literals that occurs in the header of an `.npy` file: parsed and printed.

use std::fmt;

/// A literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Text(String),
    Int(u64),
    Bool(bool),
    None,
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
}

/// How deeply literals may nest: structures in structures.
const DEPTH: u32 = 32;

/// Parses a literal, after which only white space may follow; the error is the offset of what cannot be parsed.
pub(super) fn parse(text: &str) -> Result<Literal, usize> {
    let mut parser = Parser { text: text.as_bytes(), at: 0 };
    let literal = parser.literal(0)?;
    parser.blanks();
    if parser.at == text.len() { Ok(literal) } else { Err(parser.at) }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn blanks(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Consumes the next byte if it is `byte`; returns whether it was.
    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    fn literal(&mut self, depth: u32) -> Result<Literal, usize> {
        if depth > DEPTH {
            return Err(self.at);
        }
        self.blanks();
        match self.peek().ok_or(self.at)? {
            b'{' => self.dict(depth),
            b'[' => self.items(b']', depth).map(|(items, _)| Literal::List(items)),
            b'(' => match self.items(b')', depth)? {
                (mut items, false) if items.len() == 1 => Ok(items.remove(0)),
                (items, _) => Ok(Literal::Tuple(items)),
            },
            b'\'' | b'"' => self.string().map(Literal::Text),
            b'u' | b'b' if matches!(self.text.get(self.at + 1), Some(b'\'' | b'"')) => {
                self.at += 1;
                self.string().map(Literal::Text)
            }
            b'0'..=b'9' => self.number().map(Literal::Int),
            _ => self.word(),
        }
    }

    /// The items up to `close`, and whether a comma follows the last one.
    fn items(&mut self, close: u8, depth: u32) -> Result<(Vec<Literal>, bool), usize> {
        self.at += 1;
        let (mut items, mut comma) = (Vec::new(), true);
        while !self.take(close) {
            if !comma {
                return Err(self.at);
            }
            items.push(self.literal(depth + 1)?);
            comma = self.take(b',');
        }
        let trailing = comma && !items.is_empty();
        Ok((items, trailing))
    }

    fn dict(&mut self, depth: u32) -> Result<Literal, usize> {
        self.at += 1;
        let (mut items, mut comma) = (Vec::new(), true);
        while !self.take(b'}') {
            if !comma {
                return Err(self.at);
            }
            let key = self.literal(depth + 1)?;
            if !self.take(b':') {
                return Err(self.at);
            }
            items.push((key, self.literal(depth + 1)?));
            comma = self.take(b',');
        }
        Ok(Literal::Dict(items))
    }

    fn string(&mut self) -> Result<String, usize> {
        let quote = self.peek();
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            match self.peek().ok_or(self.at)? {
                byte if Some(byte) == quote => break,
                b'\\' => {
                    let escaped = self.escape()?;
                    bytes.extend_from_slice(escaped.encode_utf8(&mut [0; 4]).as_bytes());
                    continue;
                }
                b'\n' => return Err(self.at),
                byte => bytes.push(byte),
            }
            self.at += 1;
        }
        self.at += 1;
        String::from_utf8(bytes).map_err(|_| self.at)
    }

    /// The character that an escape stands for: one of those that Python writes.
    fn escape(&mut self) -> Result<char, usize> {
        let start = self.at;
        let letter = *self.text.get(start + 1).ok_or(start)?;
        let digits = match letter {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => 0,
        };
        self.at += 2 + digits;
        let number = || {
            let digits = self
                .text
                .get(start + 2..self.at)
                .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
            char::from_u32(u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?)
        };
        match letter {
            b'\\' | b'\'' | b'"' => Ok(letter.into()),
            b't' => Ok('\t'),
            b'n' => Ok('\n'),
            b'r' => Ok('\r'),
            _ => number().ok_or(start),
        }
    }

    fn number(&mut self) -> Result<u64, usize> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        let digits = std::str::from_utf8(&self.text[start..self.at]).map_err(|_| start)?;
        // Python 2 wrote `3L`.
        self.at += usize::from(self.peek() == Some(b'L'));
        digits.parse().map_err(|_| start)
    }

    fn word(&mut self) -> Result<Literal, usize> {
        for (word, literal) in
            [(&b"True"[..], Literal::Bool(true)), (b"False", Literal::Bool(false)), (b"None", Literal::None)]
        {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(literal);
            }
        }
        Err(self.at)
    }
}

/// Prints as Python does.
impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |items: &[Self]| items.iter().map(Self::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::Text(text) => {
                let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
                write!(f, "{quote}")?;
                text.chars().try_for_each(|c| print(c, quote, f))?;
                write!(f, "{quote}")
            }
            Self::Int(number) => write!(f, "{number}"),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::None => f.write_str("None"),
            Self::Tuple(items) if items.len() == 1 => write!(f, "({},)", items[0]),
            Self::Tuple(items) => write!(f, "({})", join(items)),
            Self::List(items) => write!(f, "[{}]", join(items)),
            Self::Dict(items) => {
                f.write_str("{")?;
                items.iter().try_for_each(|(key, value)| write!(f, "{key}: {value}, "))?;
                f.write_str("}")
            }
        }
    }
}

/// Prints a character of a text in quotes.
fn print(c: char, quote: char, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match (c, u32::from(c)) {
        ('\t', _) => f.write_str("\\t"),
        ('\n', _) => f.write_str("\\n"),
        ('\r', _) => f.write_str("\\r"),
        ('\\', _) => f.write_str("\\\\"),
        _ if c == quote => write!(f, "\\{c}"),
        _ if matches!(c, '\'' | '"') || c.escape_debug().len() == 1 => write!(f, "{c}"),
        (_, code @ 0..=0xFF) => write!(f, "\\x{code:02x}"),
        (_, code @ 0x100..=0xFFFF) => write!(f, "\\u{code:04x}"),
        (_, code) => write!(f, "\\U{code:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_printed_as_python_does() {
        for text in [
            r"'a'",
            r"'a\tb\n\r'",
            r"'price\xa0\ufeff'",
            r"'\x00\x7f'",
            r"'\U000e0001é'",
            "\"it's\"",
            r#"'\\\'"'"#,
        ] {
            let Ok(literal @ Literal::Text(_)) = parse(text) else { panic!("{text}") };
            assert_eq!(literal.to_string(), text);
        }
        for wrong in [r"'\ud83d'", r"'\x1'", r"'\q'", r"'\u+123'", r"'\"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
