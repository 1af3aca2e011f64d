//! A JSON checker (RFC 8259) that is fed piece by piece and keeps only its state: one bit per level of nesting. It does
//! not check UTF-8; see [`Utf8`] for that.

/// How deeply values may be nested. A file with deeper nesting is refused, so that no reader of the partitions runs out
/// of stack.
pub(in crate::split) const DEPTH: u32 = 512;

/// The state of the checker within a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A value must begin.
    Value,
    /// After `[`: a value or `]`.
    FirstItem,
    /// After `{`: a key or `}`.
    FirstKey,
    /// After a comma in an object.
    Key,
    /// After a key.
    Colon,
    /// After a value inside an array or object.
    Next,
    /// The value is complete.
    Done,
    String,
    Escape,
    /// This many hexadecimal digits are missing.
    Hex(u8),
    Minus,
    Zero,
    Digits,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
    /// The missing letters of `true`, `false` or `null`.
    Word(&'static [u8]),
}

/// Why a piece was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::split) enum Wrong {
    /// The byte at this position of the piece is unexpected; what was expected instead.
    Byte(usize, &'static str),
    /// The byte at this position opens one level too many.
    Deep(usize),
}

/// The checker of one value.
#[derive(Clone, Debug)]
pub(in crate::split) struct Json {
    state: State,
    /// Whether the string being read is a key.
    key: bool,
    depth: u32,
    /// One bit per open level: set for an object.
    levels: [u64; DEPTH as usize / 64],
}

impl Json {
    /// The state before the value.
    pub(in crate::split) fn new() -> Self {
        Self { state: State::Value, key: false, depth: 0, levels: [0; DEPTH as usize / 64] }
    }

    /// Whether the value is complete if nothing follows. A number may still continue.
    pub(in crate::split) fn complete(&self) -> bool {
        use State::{Digits, Done, ExponentDigits, Fraction, Zero};
        self.depth == 0 && matches!(self.state, Done | Zero | Digits | Fraction | ExponentDigits)
    }

    /// Whether nothing of the value has been fed yet.
    pub(in crate::split) fn untouched(&self) -> bool {
        self.depth == 0 && self.state == State::Value
    }

    /// What is expected next.
    pub(in crate::split) fn expected(&self) -> &'static str {
        match self.state {
            State::Value => "a value",
            State::FirstItem => "a value or `]`",
            State::FirstKey => "a key in double quotes or `}`",
            State::Key => "a key in double quotes",
            State::Colon => "`:`",
            State::Next if self.in_object() => "`,` or `}`",
            State::Next => "`,` or `]`",
            State::Done => "nothing more",
            State::String => "no control character before the closing quote",
            State::Escape => r#"one of `"\/bfnrtu`"#,
            State::Hex(_) => "four hexadecimal digits",
            State::Minus | State::Point | State::ExponentSign => "a digit",
            State::Exponent => "a digit or a sign",
            State::Word(_) => "`true`, `false` or `null`",
            State::Zero | State::Digits | State::Fraction | State::ExponentDigits => "the end of the number",
        }
    }

    /// Whether the value has ended, so that [`Self::value`] consumes nothing more.
    pub(in crate::split) fn ended(&self) -> bool {
        self.state == State::Done
    }

    /// Checks the next bytes of the value, after which only white space may follow.
    pub(in crate::split) fn feed(&mut self, bytes: &[u8]) -> Result<(), Wrong> {
        let end = self.value(bytes)?;
        match bytes[end..].iter().position(|b| !matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
            Some(at) => Err(self.wrong(end + at)),
            None => Ok(()),
        }
    }

    /// Checks the next bytes of the value; returns how many of them belong to it.
    pub(in crate::split) fn value(&mut self, bytes: &[u8]) -> Result<usize, Wrong> {
        let mut i = 0;
        while i < bytes.len() && self.state != State::Done {
            match self.state {
                State::String => i += self.string(&bytes[i..]).map_err(|at| self.wrong(i + at))?,
                State::Digits | State::Fraction | State::ExponentDigits if bytes[i].is_ascii_digit() => {
                    i += 1
                }
                _ => {
                    if self.step(bytes[i], i)? {
                        i += 1;
                    }
                }
            }
        }
        Ok(i)
    }

    fn wrong(&self, at: usize) -> Wrong {
        Wrong::Byte(at, self.expected())
    }

    /// Consumes the bytes of a string up to its end, an escape, or the end of the piece.
    #[inline]
    fn string(&mut self, bytes: &[u8]) -> Result<usize, usize> {
        for (i, byte) in bytes.iter().enumerate() {
            match byte {
                b'"' => {
                    self.state = if std::mem::take(&mut self.key) { State::Colon } else { self.after() };
                    return Ok(i + 1);
                }
                b'\\' => {
                    self.state = State::Escape;
                    return Ok(i + 1);
                }
                0..0x20 => return Err(i),
                _ => {}
            }
        }
        Ok(bytes.len())
    }

    /// Consumes one byte; false if it follows a number and must be processed again.
    #[inline]
    fn step(&mut self, byte: u8, at: usize) -> Result<bool, Wrong> {
        use State::{
            Colon, Digits, Escape, Exponent, ExponentDigits, ExponentSign, FirstItem, FirstKey, Fraction,
            Hex, Key, Minus, Next, Point, String, Value, Word, Zero,
        };
        self.state = match (self.state, byte) {
            (Value | FirstItem | FirstKey | Key | Colon | Next, b' ' | b'\t' | b'\n' | b'\r') => self.state,
            (FirstItem, b']') | (FirstKey, b'}') => self.close(),
            (Value | FirstItem, _) => self.begin(byte, at)?,
            (FirstKey | Key, b'"') => {
                self.key = true;
                String
            }
            (Colon, b':') => Value,
            (Next, b',') if self.in_object() => Key,
            (Next, b',') => Value,
            (Next, b'}') if self.in_object() => self.close(),
            (Next, b']') if !self.in_object() => self.close(),
            (Escape, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => String,
            (Escape, b'u') => Hex(4),
            (Hex(missing), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                if missing == 1 {
                    String
                } else {
                    Hex(missing - 1)
                }
            }
            (Minus, b'0') => Zero,
            (Minus, b'1'..=b'9') => Digits,
            (Zero | Digits, b'.') => Point,
            (Point, b'0'..=b'9') => Fraction,
            (Zero | Digits | Fraction, b'e' | b'E') => Exponent,
            (Exponent, b'+' | b'-') => ExponentSign,
            (Exponent | ExponentSign, b'0'..=b'9') => ExponentDigits,
            (Zero, b'0'..=b'9') => return Err(self.wrong(at)),
            (Zero | Digits | Fraction | ExponentDigits, _) => {
                self.state = self.after();
                return Ok(false);
            }
            (Word([letter]), _) if byte == *letter => self.after(),
            (Word([letter, rest @ ..]), _) if byte == *letter => Word(rest),
            _ => return Err(self.wrong(at)),
        };
        Ok(true)
    }

    fn begin(&mut self, byte: u8, at: usize) -> Result<State, Wrong> {
        Ok(match byte {
            b'{' => self.open(true, at)?,
            b'[' => self.open(false, at)?,
            b'"' => State::String,
            b'-' => State::Minus,
            b'0' => State::Zero,
            b'1'..=b'9' => State::Digits,
            b't' => State::Word(b"rue"),
            b'f' => State::Word(b"alse"),
            b'n' => State::Word(b"ull"),
            _ => return Err(self.wrong(at)),
        })
    }

    fn open(&mut self, object: bool, at: usize) -> Result<State, Wrong> {
        if self.depth == DEPTH {
            return Err(Wrong::Deep(at));
        }
        let (word, bit) = (self.depth as usize / 64, self.depth % 64);
        self.levels[word] = self.levels[word] & !(1 << bit) | u64::from(object) << bit;
        self.depth += 1;
        Ok(if object { State::FirstKey } else { State::FirstItem })
    }

    fn close(&mut self) -> State {
        self.depth -= 1;
        self.after()
    }

    /// The state after a value.
    fn after(&self) -> State {
        if self.depth == 0 { State::Done } else { State::Next }
    }

    fn in_object(&self) -> bool {
        let level = (self.depth - 1) as usize;
        self.levels[level / 64] >> (level % 64) & 1 == 1
    }
}

/// A checker of UTF-8 that is fed piece by piece.
#[derive(Clone, Debug, Default)]
pub(in crate::split) struct Utf8 {
    /// The beginning of a character that was cut at the end of the previous piece.
    cut: [u8; 4],
    len: usize,
}

impl Utf8 {
    /// Checks the next bytes; the error is the position in `bytes` of the first invalid one.
    pub(in crate::split) fn feed(&mut self, mut bytes: &[u8]) -> Result<(), usize> {
        let mut skipped = 0;
        while self.len > 0 && skipped < bytes.len() {
            self.cut[self.len] = bytes[skipped];
            self.len += 1;
            skipped += 1;
            match std::str::from_utf8(&self.cut[..self.len]) {
                Ok(_) => self.len = 0,
                Err(e) if e.error_len().is_some() => return Err(skipped - 1),
                Err(_) => {}
            }
        }
        bytes = &bytes[skipped..];
        if let Err(e) = std::str::from_utf8(bytes) {
            if e.error_len().is_some() {
                return Err(skipped + e.valid_up_to());
            }
            let rest = &bytes[e.valid_up_to()..];
            self.cut[..rest.len()].copy_from_slice(rest);
            self.len = rest.len();
        }
        Ok(())
    }

    /// Whether the text does not end in the middle of a character.
    pub(in crate::split) fn complete(&self) -> bool {
        self.len == 0
    }
}
