//! Which program called `expops` the build finds: another project has one of that name.

use camino::Utf8PathBuf;

use crate::durable;
use crate::emit;
use crate::file::FileError;
use crate::layout::Layout;
use crate::quote;

/// What each command of a Ninja file reads before it calls `expops`, and a Makefile and a script once.
const GUARD: &str = include_str!("../../templates/program.sh");

/// What the program says at its end, if it was asked to prove that it has run.
pub(crate) const DONE: &str = "expops: done";

/// Writes into the build folder how a shell recognizes this program.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write(layout: &Layout) -> Result<(), FileError> {
    let here = std::env::current_exe().ok().and_then(|path| Utf8PathBuf::try_from(path).ok());
    let here = quote::word(here.unwrap_or_default().as_str());
    let words = [
        ("@HERE@", here.as_str()),
        ("@QUOTED@", &quote::word(&here)),
        ("@OTHER@", &quote::word(emit::ANOTHER_PROGRAM)),
        ("@DONE@", &quote::word(DONE)),
    ];
    let text = words.iter().fold(GUARD.to_owned(), |text, (name, word)| text.replace(name, word));
    durable::write_if_changed(&layout.program(), text.as_bytes()).map(drop)
}
