//! The only place where text is quoted for Ninja or Make (for a shell: `quote`). Each function takes plain text and
//! returns what stands for it in one position of one language; nothing else escapes.

/// A file name in a `build` line of Ninja.
pub(super) fn ninja_path(path: &str) -> String {
    path.replace('$', "$$").replace(' ', "$ ").replace(':', "$:")
}

/// The value of a Ninja variable.
pub(super) fn ninja_value(text: &str) -> String {
    text.replace('$', "$$")
}

/// A target or prerequisite of Make. `%` is a pattern in a target only, but `\%` is right in both.
pub(super) fn make_path(path: &str) -> String {
    let mut out = String::new();
    for c in path.chars() {
        match c {
            '$' => out.push_str("$$"),
            ' ' | '#' | '%' | ':' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// A prerequisite of Make: `%` is plain there and the backslash would stay.
pub(super) fn make_prerequisite(path: &str) -> String {
    make_path(path).replace("\\%", "%")
}

/// Text in a recipe, in a function call or in a variable of Make.
pub(super) fn make_text(text: &str) -> String {
    text.replace('$', "$$")
}

/// The argument of `$(info …)`: its parentheses must balance and its `#` would start a comment.
pub(super) fn make_info(text: &str) -> String {
    make_text(text).replace(['(', ')'], "|").replace('#', "\\#")
}

/// A comment in any of the three languages: one line, and no backslash at its end, which would make it
/// swallow the next one.
pub(super) fn comment(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.ends_with('\\') { format!("{line}.") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_has_its_own_quoting() {
        assert_eq!(ninja_path("a b:$c"), "a$ b$:$$c");
        assert_eq!(make_path("a b#%$"), "a\\ b\\#\\%$$");
        assert_eq!(make_prerequisite("a%20"), "a%20");
        assert_eq!(comment("a\nb\\"), "a b\\.");
    }
}
