//! Zstandard, in a program that has the feature `zstd`: the library is C, and long to compile.

#[cfg(feature = "zstd")]
pub(super) use with::{Encoder, reader};
#[cfg(not(feature = "zstd"))]
pub(super) use without::{Encoder, reader};

#[cfg(feature = "zstd")]
mod with {
    use std::fs::File;
    use std::io::{self, Read, Write};

    /// Unpacks what it reads.
    pub(in crate::split) fn reader(packed: impl Read) -> io::Result<impl Read> {
        zstd::stream::read::Decoder::new(packed)
    }

    /// Packs what is written to it.
    pub(in crate::split) struct Encoder(zstd::stream::write::Encoder<'static, File>);

    impl Encoder {
        pub(in crate::split) fn new(file: File) -> io::Result<Self> {
            let mut encoder = zstd::stream::write::Encoder::new(file, 0)?;
            encoder.include_checksum(true)?;
            Ok(Self(encoder))
        }

        pub(in crate::split) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.0.write_all(bytes)
        }

        pub(in crate::split) fn finish(self) -> io::Result<()> {
            self.0.finish().map(drop)
        }
    }
}

#[cfg(not(feature = "zstd"))]
mod without {
    use std::convert::Infallible;
    use std::fs::File;
    use std::io::{self, Empty, Read};

    pub(in crate::split) fn reader(_: impl Read) -> io::Result<Empty> {
        Err(missing())
    }

    pub(in crate::split) struct Encoder(Infallible);

    impl Encoder {
        pub(in crate::split) fn new(_: File) -> io::Result<Self> {
            Err(missing())
        }

        pub(in crate::split) fn write_all(&mut self, _: &[u8]) -> io::Result<()> {
            match self.0 {}
        }

        pub(in crate::split) fn finish(self) -> io::Result<()> {
            match self.0 {}
        }
    }

    fn missing() -> io::Error {
        let message =
            "this program was built without support for Zstandard; build it with the feature `zstd`";
        io::Error::new(io::ErrorKind::Unsupported, message)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_is_not_built_in_is_said() {
            let error = reader(io::empty()).map(drop).unwrap_err();
            assert!(error.to_string().contains("the feature `zstd`"), "{error}");
        }
    }
}
