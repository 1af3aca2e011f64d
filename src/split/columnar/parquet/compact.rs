//! The few things in a Parquet file that its reader does not tell: they are written in Thrift's compact protocol.

use std::io::{self, Read};

/// What the header of a page says of its size.
#[derive(Default)]
pub(super) struct Page {
    pub(super) is_dictionary: bool,
    pub(super) packed: u64,
    pub(super) unpacked: u64,
}

/// The kind of a dictionary page (`PageType` in `parquet.thrift`).
const DICTIONARY: i64 = 2;

/// The field of a footer that has the algorithm.
const ENCRYPTION: i64 = 8;

/// More than any structure of Parquet is nested.
const DEEPEST: u8 = 16;

/// Reads Thrift's compact protocol.
pub(super) struct Compact<R> {
    from: R,
    /// How many bytes have been read.
    at: u64,
}

impl<R: Read> Compact<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, at: 0 }
    }

    /// How many bytes have been read.
    pub(super) fn read(&self) -> u64 {
        self.at
    }

    /// Reads a `PageHeader`.
    pub(super) fn page(&mut self) -> io::Result<Page> {
        let (mut page, mut last) = (Page::default(), 0);
        while let Some((number, kind)) = self.field(&mut last)? {
            match (number, kind) {
                (1, 5) => page.is_dictionary = self.number()? == DICTIONARY,
                (2, 5) => page.unpacked = self.number()?.max(0) as u64,
                (3, 5) => page.packed = self.number()?.max(0) as u64,
                _ => self.skip(kind, 0)?,
            }
        }
        Ok(page)
    }

    /// Whether the footer that begins here (a `FileMetaData`) is that of a file with encrypted columns.
    pub(super) fn is_of_encrypted(&mut self) -> io::Result<bool> {
        let mut last = 0;
        while let Some((number, kind)) = self.field(&mut last)? {
            if number == ENCRYPTION {
                return Ok(true);
            }
            self.skip(kind, 0)?;
        }
        Ok(false)
    }

    /// The number and the kind of the next field of a structure, `None` at its end.
    fn field(&mut self, last: &mut i64) -> io::Result<Option<(i64, u8)>> {
        let head = self.byte()?;
        if head & 15 == 0 {
            return Ok(None);
        }
        *last = if head >> 4 == 0 { self.number()? } else { *last + i64::from(head >> 4) };
        Ok(Some((*last, head & 15)))
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.from.read_exact(&mut byte)?;
        self.at += 1;
        Ok(byte[0])
    }

    fn length(&mut self) -> io::Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    fn number(&mut self) -> io::Result<i64> {
        let folded = self.length()?;
        Ok((folded >> 1) as i64 ^ -((folded & 1) as i64))
    }

    fn bytes(&mut self, count: u64) -> io::Result<()> {
        let read = io::copy(&mut (&mut self.from).take(count), &mut io::sink())?;
        self.at += read;
        if read == count { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Passes over a value.
    fn skip(&mut self, kind: u8, depth: u8) -> io::Result<()> {
        match kind {
            1 | 2 => Ok(()),
            3 => self.bytes(1),
            4..=6 => self.length().map(drop),
            7 => self.bytes(8),
            8 => self.length().and_then(|length| self.bytes(length)),
            9 | 10 if depth < DEEPEST => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.length()? } else { u64::from(head >> 4) };
                match head & 15 {
                    1 | 2 => self.bytes(count),
                    kind => (0..count).try_for_each(|_| self.skip(kind, depth + 1)),
                }
            }
            12 if depth < DEEPEST => {
                while let Some((_, kind)) = self.field(&mut 0)? {
                    self.skip(kind, depth + 1)?;
                }
                Ok(())
            }
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}
