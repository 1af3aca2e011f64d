//! Plan to text. The emitters choose layout and quoting; every decision has been made before.
//! A template gets quoted values only: one that is not is refused, so none can be forgotten.

mod depfile;
mod escape;
mod make;
mod ninja;
mod shell;
mod template;

pub use depfile::depfile;
pub use make::make;
pub use ninja::ninja;
pub use shell::shell;

use camino::Utf8Path;

/// Why a path of the project cannot stand in a generated file of the given kind; `None` if it can.
/// The languages have no quoting for these characters at all.
pub fn inexpressible(format: Format, path: &Utf8Path) -> Option<&'static str> {
    let has = |set: &[char]| path.as_str().contains(set);
    if path.as_str().chars().any(char::is_control) {
        return Some("a control character");
    }
    match format {
        Format::Ninja if has(&['|']) => Some("`|`, which Ninja cannot quote"),
        Format::Make if has(&[';', '|', '=', '(', ')', '\\', '*', '?', '[', ']', '~']) => {
            Some("one of `; | = ( ) \\ * ? [ ] ~`, which Make cannot quote")
        }
        _ => None,
    }
}

/// What reads the generated file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Ninja 1.8 and later.
    Ninja,
    /// GNU Make 3.81 and later.
    Make,
    /// A POSIX shell.
    Shell,
}
