//! The only place where text is quoted for Ninja or Make (for a shell: `quote`; for a depfile: `depfile`). Each function takes plain text and
//! returns what stands for it in one position of one language; nothing else escapes.

/// A file name in a `build` line of Ninja.
pub(crate) fn ninja_path(path: &str) -> String {
    path.replace('$', "$$").replace(' ', "$ ").replace(':', "$:")
}

/// The value of a Ninja variable.
pub(crate) fn ninja_value(text: &str) -> String {
    text.replace('$', "$$")
}

/// A target of Make.
pub(crate) fn make_target(path: &str) -> String {
    make_prerequisite(path).replace('%', "\\%")
}

/// A prerequisite of Make: `%` is no pattern there, and a backslash before it would stay.
pub(crate) fn make_prerequisite(path: &str) -> String {
    let mut out = String::new();
    for c in path.chars() {
        match c {
            '$' => out.push_str("$$"),
            ' ' | '#' | ':' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Text in a recipe, in a function call or in a variable of Make.
pub(crate) fn make_text(text: &str) -> String {
    text.replace('$', "$$")
}

/// The start of a variable's name, made of a path: blanks and what separates a name from its value cannot be in it.
pub(crate) fn make_variable(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./+,@".contains(c);
    path.chars().map(|c| if is_plain(c) { c.to_string() } else { format!(",{:X}", c as u32) }).collect()
}

/// The argument of `$(info …)`: its parentheses must balance and its `#` would start a comment.
pub(crate) fn make_info(text: &str) -> String {
    make_text(text).replace(['(', ')'], "|").replace('#', "\\#")
}

/// A comment in any of the three languages: one line, and no backslash at its end, which would make it
/// swallow the next one.
pub(crate) fn comment(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.ends_with('\\') { format!("{line}.") } else { line }
}

/// What of `path` cannot stand in a Ninja file: the language has no quoting for it.
pub(crate) fn ninja_lacks(path: &str) -> Option<&'static str> {
    control(path).or_else(|| path.contains('|').then_some("`|`, which Ninja cannot quote"))
}

/// What of `path` cannot stand in a Makefile: the language has no quoting for it.
pub(crate) fn make_lacks(path: &str) -> Option<&'static str> {
    let has = |set: &[char]| path.contains(set);
    if has(&[';', '|', '=', '(', ')', '\\', '*', '?', '[', ']', '~']) {
        return Some("one of `; | = ( ) \\ * ? [ ] ~`, which Make cannot quote");
    }
    let ends = path.ends_with([' ', '&']).then_some("a blank or `&` at its end, which Make cannot quote");
    control(path).or(ends)
}

/// A character that ends a line, or that nobody sees, fits into no generated file.
pub(crate) fn control(path: &str) -> Option<&'static str> {
    path.chars().any(char::is_control).then_some("a control character")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_has_its_own_quoting() {
        assert_eq!(ninja_path("a b:$c"), "a$ b$:$$c");
        assert_eq!(make_target("a b#%$"), "a\\ b\\#\\%$$");
        assert_eq!(make_prerequisite("a%20"), "a%20");
        assert_eq!(comment("a\nb\\"), "a b\\.");
    }
}
