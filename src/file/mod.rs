//! Files that nobody ever sees half-written, and errors that name the path.

mod error;
mod given;
mod own;
mod path;
mod regular;
mod replace;
mod way;

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use camino::Utf8Path;

pub(crate) use error::{FileError, context, reason};
pub(crate) use given::{Given, write_stream};
pub(crate) use own::{append_own, create_folder, create_own, make_way, remove, write_own};
pub(crate) use path::{insist_on_no_folder, insist_on_no_links, link, normal, on_path};
pub(crate) use regular::{number, open_regular, read_regular, read_regular_text};
pub(crate) use replace::{Written, forsake, replace, revise, write_if_changed};
pub(crate) use way::{Way, create_own_folder};

/// Reads a whole text file.
pub(crate) fn read_text(path: &Utf8Path) -> Result<String, FileError> {
    context(fs::read_to_string(path), "read", path)
}

/// Reads a file of `/proc`. [`fs::read_to_string`] first asks for its size, which is 0, and then reads a few bytes at a
/// time.
pub(crate) fn read_proc(path: impl AsRef<Path>) -> io::Result<String> {
    let mut text = String::with_capacity(4096);
    fs::File::open(path)?.take(u64::MAX).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_path_and_not_a_number() {
        let error = read_text(Utf8Path::new("/nowhere/x")).unwrap_err().to_string();
        assert_eq!(error, "cannot read `/nowhere/x`: no such file or directory");
    }
}
