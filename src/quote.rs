//! Words of a POSIX shell.

/// `text` as one word.
pub(crate) fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./=:,@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// `words` as shell words, separated by blanks.
pub(crate) fn words<W: AsRef<str>>(words: &[W]) -> String {
    words.iter().map(|text| word(text.as_ref())).collect::<Vec<_>>().join(" ")
}

/// A path that no program can mistake for a flag.
pub(crate) fn operand(path: &str) -> String {
    if path.starts_with(['-', '+']) { format!("./{path}") } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_it_is_quoted() {
        assert_eq!(words(&["train/p2", "it's", "", "a b"]), "train/p2 'it'\\''s' '' 'a b'");
    }
}
