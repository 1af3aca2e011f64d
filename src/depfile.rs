//! Depfiles, in the format that C compilers write for Make, as far as Ninja reads it (`src/depfile_parser.in.cc` of
//! Ninja says which characters a name can have).

use camino::Utf8Path;

/// The text of a depfile that says what `target` was made from.
pub(crate) fn text<P: AsRef<Utf8Path>>(target: &Utf8Path, of: impl IntoIterator<Item = P>) -> String {
    let names = of.into_iter().map(|path| format!(" \\\n  {}", escaped(path.as_ref())));
    format!("{}:{}\n", escaped(target), names.collect::<String>())
}

/// Whether a name can appear in a depfile: with other characters, Ninja 1.10 ends it early.
pub(crate) fn can_name(path: &Utf8Path) -> bool {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || "+,/_.~()}{%=@[]! #$-:".contains(c);
    !path.as_str().ends_with(':') && path.as_str().chars().all(is_plain)
}

fn escaped(path: &Utf8Path) -> String {
    path.as_str().replace('$', "$$").replace('#', "\\#").replace(' ', "\\ ")
}
