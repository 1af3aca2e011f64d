//! The only place where text is quoted for Ninja or Make (for a shell: `quote`; for a depfile: `depfile`). Each
//! function takes plain text and returns its form for one position in one language; nothing else escapes.

/// A file name in a `build` line of Ninja.
pub(crate) fn ninja_path(path: &str) -> String {
    // A file has a million of them, and hardly one needs it.
    match path.contains(['$', ' ', ':']) {
        true => path.replace('$', "$$").replace(' ', "$ ").replace(':', "$:"),
        false => path.to_owned(),
    }
}

/// The value of a Ninja variable.
pub(crate) fn ninja_value(text: &str) -> String {
    text.replace('$', "$$")
}

/// A Make target.
pub(crate) fn make_target(path: &str) -> String {
    make_prerequisite(path).replace('%', "\\%")
}

/// A Make prerequisite: `%` is no pattern there, and a backslash before it would not be removed.
pub(crate) fn make_prerequisite(path: &str) -> String {
    let mut out = String::new();
    for c in path.chars() {
        match c {
            '$' => out.push_str("$$"),
            ' ' | '#' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Text in a recipe, a function call or a variable of Make.
pub(crate) fn make_text(text: &str) -> String {
    text.replace('$', "$$")
}

/// A path as the start of a variable's name, which cannot contain blanks or what separates a name from its value.
pub(crate) fn make_variable(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./+,@".contains(c);
    path.chars().map(|c| if is_plain(c) { c.to_string() } else { format!(",{:X}", c as u32) }).collect()
}

/// The argument of `$(info …)`: its parentheses must balance and its `#` would start a comment.
pub(crate) fn make_info(text: &str) -> String {
    make_text(text).replace(['(', ')'], "|").replace('#', "\\#")
}

/// A comment in any of the three languages: one line, without a backslash at its end, which would swallow the next
/// line.
pub(crate) fn comment(text: &str) -> String {
    let line = text.replace(char::is_control, " ");
    if line.ends_with('\\') { format!("{line}.") } else { line }
}

/// What in `path` Ninja cannot quote.
pub(crate) fn ninja_lacks(path: &str) -> Option<&'static str> {
    control(path).or_else(|| path.contains('|').then_some("`|`, which Ninja cannot quote"))
}

/// What in `path` Make cannot quote. Make 3.81 crashes on a quoted `:` in the name of a target.
pub(crate) fn make_lacks(path: &str) -> Option<&'static str> {
    let has = |set: &[char]| path.contains(set);
    if has(&[':', ';', '|', '=', '(', ')', '\\', '*', '?', '[', ']', '~']) {
        return Some("one of `: ; | = ( ) \\ * ? [ ] ~`, which Make cannot quote");
    }
    let ends = path.ends_with([' ', '&']).then_some("a blank or `&` at its end, which Make cannot quote");
    control(path).or(ends)
}

/// A control character ends a line or is invisible: no generated file can contain it.
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
