//! gzip files: several members in sequence, possibly followed by zeros, with which tapes and some tools pad a block
//! (the `gzip` program accepts both).

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

/// Decompresses all members.
pub(super) struct Members<R: Read> {
    state: State<BufReader<R>>,
}

enum State<R: BufRead> {
    Between(R),
    Inside(Box<GzDecoder<R>>),
    Ended,
}

impl<R: Read> Members<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { state: State::Inside(Box::new(GzDecoder::new(BufReader::with_capacity(1 << 16, reader)))) }
    }
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Ok(0),
                State::Inside(mut decoder) => match decoder.read(buffer)? {
                    0 if !buffer.is_empty() => self.state = State::Between(decoder.into_inner()),
                    count => {
                        self.state = State::Inside(decoder);
                        return Ok(count);
                    }
                },
                State::Between(mut reader) => {
                    if !ends(&mut reader)? {
                        self.state = State::Inside(Box::new(GzDecoder::new(reader)));
                    }
                }
            }
        }
    }
}

/// Whether only zeros follow.
fn ends(reader: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let there = reader.fill_buf()?;
        if there.is_empty() {
            return Ok(true);
        }
        let zeros = there.iter().take_while(|byte| **byte == 0).count();
        if zeros < there.len() {
            if zeros > 0 {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "zeros and then other bytes behind it",
                ));
            }
            return Ok(false);
        }
        reader.consume(zeros);
    }
}
