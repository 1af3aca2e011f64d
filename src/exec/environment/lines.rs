//! The lines of a requirement file as pip reads them: continued, without comments, with variables, options split as a shell
//! splits words. What pip refuses names nothing here: pip says it.

use std::collections::BTreeSet;

/// What a line names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Another requirement file, or a file of constraints.
    File(String),
    /// The same on another machine, where nobody can watch it.
    Remote(String),
    /// A folder or a file that packages come from.
    Local {
        path: String,
        is_editable: bool,
    },
    Nothing,
}

/// A requirement file, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    pub lines: Vec<String>,
    /// The variables that stand in lines which say what is installed. Where the index is belongs to the machine, as if it
    /// were in pip's own variables.
    pub variables: BTreeSet<String>,
}

/// Options that take a value, by all their names.
const WITH_VALUE: [&str; 21] = [
    "-i",
    "--index-url",
    "--pypi-url",
    "--extra-index-url",
    "-c",
    "--constraint",
    "-r",
    "--requirement",
    "-e",
    "--editable",
    "-f",
    "--find-links",
    "--no-binary",
    "--only-binary",
    "--trusted-host",
    "--use-feature",
    "--global-option",
    "--hash",
    "-C",
    "--config-settings",
    "--config-setting",
];

/// The others, by which an abbreviation may be ambiguous.
const FLAGS: [&str; 5] = ["--no-index", "--prefer-binary", "--require-hashes", "--pre", "--always-unzip"];

/// Options that say where an index is.
const OF_AN_INDEX: [&str; 4] = ["-i", "--index-url", "--pypi-url", "--extra-index-url"];

/// What separates lines in Python, besides line feeds and carriage returns.
const SEPARATORS: [char; 9] =
    ['\x0b', '\x0c', '\x1c', '\x1d', '\x1e', '\u{85}', '\u{2028}', '\u{2029}', '\r'];

/// The text of a requirement file. What is not in UTF-8, nor has a mark that says what it is, is read as far as it is ASCII.
pub(super) fn text(bytes: &[u8]) -> String {
    let pairs = |from: fn([u8; 2]) -> u16| {
        let units: Vec<_> = bytes[2..].chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, ..] => pairs(u16::from_le_bytes),
        [0xfe, 0xff, ..] => pairs(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        bytes => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Takes a requirement file apart; `variable` knows the environment.
pub(super) fn lines(text: &str, variable: impl Fn(&str) -> Option<String>) -> Lines {
    let mut found = Lines::default();
    for line in joined(text) {
        let line = without_comment(&line).trim();
        if line.is_empty() {
            continue;
        }
        let names = variables(line);
        let expanded = names.iter().fold(line.to_owned(), |line, name| match variable(name) {
            Some(value) if !value.is_empty() => line.replace(&format!("${{{name}}}"), &value),
            _ => line,
        });
        if !options(line).iter().any(|(name, _)| OF_AN_INDEX.contains(name)) {
            found.variables.extend(names);
        }
        found.lines.push(expanded);
    }
    found
}

/// Lines that end in a backslash go on in the next one, but for those that are comments.
fn joined(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    let mut done = Vec::new();
    let mut open: Option<String> = None;
    for line in text.split(|c| c == '\n' || SEPARATORS.contains(&c)) {
        let is_comment = line.trim_start().starts_with('#');
        if line.ends_with('\\') && !is_comment {
            open.get_or_insert_default().push_str(line.trim_matches('\\'));
            continue;
        }
        // What continues in a comment ends there.
        let blank = if is_comment { " " } else { "" };
        done.push(open.take().unwrap_or_default() + blank + line);
    }
    done.extend(open);
    done
}

/// A comment begins with a `#` at the beginning or after a blank.
fn without_comment(line: &str) -> &str {
    let starts = |(at, _): &(usize, &str)| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    line.match_indices('#').find(starts).map_or(line, |(at, _)| &line[..at])
}

/// The names in `${NAME}`; no other spelling is a variable.
fn variables(line: &str) -> BTreeSet<String> {
    let is_of_a_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let names = line.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    names.filter(|name| !name.is_empty() && name.chars().all(is_of_a_name)).map(str::to_owned).collect()
}

/// What a line names on this machine.
pub(super) fn named(line: &str) -> Line {
    let options = options(line);
    let after = |names: [&str; 2]| {
        options.iter().find(|(name, _)| names.contains(name)).map(|(_, value)| value.as_str())
    };
    let requirement = requirement(line);
    if !requirement.is_empty() {
        return from_requirement(&requirement);
    }
    if let Some(text) = after(["-e", "--editable"]) {
        return local(text).map_or(Line::Nothing, |path| Line::Local { path, is_editable: true });
    }
    if let Some(name) = after(["-r", "--requirement"]).or(after(["-c", "--constraint"])) {
        return file(name);
    }
    let place = after(["-f", "--find-links"]).and_then(local);
    place.map_or(Line::Nothing, |path| Line::Local { path, is_editable: false })
}

fn file(name: &str) -> Line {
    let path = without_scheme(name);
    if path.contains("://") { Line::Remote(path) } else { Line::File(path) }
}

fn from_requirement(line: &str) -> Line {
    let text = line.split_once(" @ ").map_or(line, |(_, url)| url.trim());
    let is_path = text.starts_with('.') || text.contains('/') || is_archive(text);
    match local(text).filter(|_| is_path) {
        Some(path) => Line::Local { path, is_editable: false },
        None => Line::Nothing,
    }
}

/// What stands before the options of a line.
fn requirement(line: &str) -> String {
    let words: Vec<_> = line.split(' ').take_while(|word| !word.starts_with('-')).collect();
    words.join(" ").trim().to_owned()
}

/// The options of a line that take a value, each with it.
fn options(line: &str) -> Vec<(&'static str, String)> {
    let rest: Vec<_> = line.split(' ').skip_while(|word| !word.starts_with('-')).collect();
    let mut words = words(&rest.join(" ")).into_iter();
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        let Some((name, attached)) = option(&word) else { continue };
        if WITH_VALUE.contains(&name) {
            found.push((name, attached.map(str::to_owned).or_else(|| words.next()).unwrap_or_default()));
        }
    }
    found
}

/// The option that a word is, and the value in it.
fn option(word: &str) -> Option<(&'static str, Option<&str>)> {
    if word.starts_with("--") {
        let (given, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        return Some((full_name(given)?, value));
    }
    let name = WITH_VALUE.into_iter().find(|name| !name.starts_with("--") && word.starts_with(name))?;
    let value = &word[name.len()..];
    Some((name, Some(value.strip_prefix('=').unwrap_or(value)).filter(|value| !value.is_empty())))
}

/// The option that `given` is, or abbreviates.
fn full_name(given: &str) -> Option<&'static str> {
    let all = || WITH_VALUE.into_iter().chain(FLAGS).filter(|name| name.starts_with(given));
    all().find(|name| *name == given).or_else(|| all().next().filter(|_| all().count() == 1))
}

/// The words of a line as a shell splits it. One that does not end is as if it did.
fn words(line: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open: Option<String> = None;
    let mut quote = None;
    let mut all = line.chars().peekable();
    while let Some(c) = all.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => done.extend(open.take()),
            (None, '\'' | '"') => {
                quote = Some(c);
                open.get_or_insert_default();
            }
            (Some(mark), c) if c == mark => quote = None,
            (None, '\\') => open.get_or_insert_default().extend(all.next()),
            (Some('"'), '\\') if matches!(all.peek(), Some('"' | '\\')) => {
                open.get_or_insert_default().extend(all.next());
            }
            _ => open.get_or_insert_default().push(c),
        }
    }
    done.extend(open);
    done
}

fn is_archive(text: &str) -> bool {
    let name = text.split([';', '[', ' ']).next().unwrap_or_default();
    [".whl", ".zip", ".tar.gz", ".tar.bz2"].iter().any(|end| name.ends_with(end))
}

/// The path in a requirement that may go on with extras, a marker or an egg name; `None` if it is not a local one.
fn local(text: &str) -> Option<String> {
    let text = text.split(" ;").next()?.split("; ").next()?.split('#').next()?.trim();
    let text = without_scheme(text);
    let text = match text.split_once('[') {
        Some((path, _)) => path,
        None => &text,
    };
    let text = text.trim_matches(['"', '\'']);
    (!text.is_empty() && !text.contains("://") && !text.contains('$')).then(|| text.to_owned())
}

/// The path of a `file:` URL, or the text as it is.
fn without_scheme(text: &str) -> String {
    match text.strip_prefix("file://localhost/") {
        Some(path) => decoded(&format!("/{path}")),
        None => text
            .strip_prefix("file://")
            .or(text.strip_prefix("file:"))
            .map_or_else(|| text.to_owned(), decoded),
    }
}

/// A path of a URL without its escapes.
fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_files_folders_and_wheels() {
        let local = |path: &str| Line::Local { path: path.to_owned(), is_editable: false };
        let editable = |path: &str| Line::Local { path: path.to_owned(), is_editable: true };
        let file = |path: &str| Line::File(path.to_owned());
        for (line, expected) in [
            ("numpy==2.0", Line::Nothing),
            ("numpy>=2; python_version < '3.14'", Line::Nothing),
            ("-r more.txt", file("more.txt")),
            ("-rmore.txt", file("more.txt")),
            ("-r\tmore.txt", file("more.txt")),
            ("--requirement=more.txt", file("more.txt")),
            ("--requirem more.txt", file("more.txt")),
            ("--require more.txt", Line::Nothing),
            ("--no-index -r more.txt -c limits.txt", file("more.txt")),
            ("--constraint=limits.txt", file("limits.txt")),
            ("-r 'b c.txt'", file("b c.txt")),
            ("-r \"b \\\"c.txt\"", file("b \"c.txt")),
            ("-r b\\ c.txt", file("b c.txt")),
            ("--requirement='b c.txt'", file("b c.txt")),
            ("-r file:///opt/b%20c.txt", file("/opt/b c.txt")),
            ("-r https://host/x.txt", Line::Remote("https://host/x.txt".to_owned())),
            ("six -r more.txt", Line::Nothing),
            ("six --hash=sha256:00 --hash sha256:11", Line::Nothing),
            ("./lib", local("./lib")),
            ("./lib[extra] ; python_version > '3'", local("./lib")),
            ("./a.whl     --hash=sha256:00", local("./a.whl")),
            ("../lib", local("../lib")),
            ("wheels/a-1.0-py3-none-any.whl", local("wheels/a-1.0-py3-none-any.whl")),
            ("a-1.0-py3-none-any.whl", local("a-1.0-py3-none-any.whl")),
            ("mylib @ file:///opt/my%20lib", local("/opt/my lib")),
            ("mylib @ https://host/mylib.zip", Line::Nothing),
            ("git+https://host/x/y", Line::Nothing),
            ("-e ./lib", editable("./lib")),
            ("-e .", editable(".")),
            ("-e './my lib'", editable("./my lib")),
            ("--editable=lib", editable("lib")),
            ("-e file:lib#egg=lib", editable("lib")),
            ("-e git+https://host/x#egg=x", Line::Nothing),
            ("--find-links ./wheels", local("./wheels")),
            ("--find-links=./wheels --no-index", local("./wheels")),
            ("--index-url https://host/simple", Line::Nothing),
        ] {
            assert_eq!(named(line), expected, "{line}");
        }
    }

    #[test]
    fn lines_are_continued_and_comments_and_variables_go() {
        let variable = |name: &str| match name {
            "NAME" => Some("b c".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let read = |text: &str| lines(text, variable);
        let text = "# -r a.txt\r\nsix==1 \\\r\n    --hash=sha256:00 # why \\\r\n\r\n-r \\\n# none \\\n-r x#1.txt\u{c}-r y";
        assert_eq!(read(text).lines, ["six==1     --hash=sha256:00", "-r", "-r x#1.txt", "-r y"]);
        assert_eq!(read("six \\").lines, ["six"]);
        let text = "-r '${NAME}.txt'\n${EMPTY}$NAME${name}${NAME\n--index-url https://${TOKEN}@h\nx @ https://${KEY}@h";
        let found = read(text);
        assert_eq!(found.lines[0], "-r 'b c.txt'");
        assert_eq!(found.lines[1], "${EMPTY}$NAME${name}${NAME");
        assert_eq!(found.variables.iter().collect::<Vec<_>>(), ["EMPTY", "KEY", "NAME"]);
    }

    #[test]
    fn a_mark_says_what_a_text_is() {
        let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
        let little = units("\u{feff}-r ä").iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<_>>();
        let big = units("\u{feff}-r ä").iter().flat_map(|unit| unit.to_be_bytes()).collect::<Vec<_>>();
        for bytes in ["\u{feff}-r ä".as_bytes(), "-r ä".as_bytes(), &little, &big] {
            assert_eq!(text(bytes), "-r ä");
        }
        assert_eq!(text(b"-r a \xff"), "-r a \u{fffd}");
    }
}
