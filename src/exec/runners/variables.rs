//! Which variables of the environment programs ask for, by their texts. What a text names and nobody asks for counts, too.

use std::collections::BTreeSet;
use std::fs;

use camino::Utf8Path;

/// What a name of the environment follows in most languages, with a bracket between them.
const WAYS: [&str; 4] = ["environ", "getenv", "ENV", "process.env"];
/// What it also follows in JavaScript.
const OF_NODE: &str = "process.env.";

/// Extensions of programs in languages that are read as text.
const PROGRAMS: [&str; 9] = ["py", "sh", "bash", "zsh", "r", "jl", "rb", "pl", "js"];
const SHELLS: [&str; 3] = ["sh", "bash", "zsh"];
/// A longer text is not a program that somebody wrote.
const LONGEST: u64 = 1 << 20;

/// The variables that a command names (`$NAME`, `${NAME:-1}`), and those among them that it sets itself before.
pub(in crate::exec) fn of_command(command: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut asked: BTreeSet<String> = of_calls(command).map(str::to_owned).collect();
    let mut own = BTreeSet::new();
    for (at, name) in after_dollars(command) {
        let is_own = is_set(&command[..at], name);
        if is_own { &mut own } else { &mut asked }.insert(name.to_owned());
    }
    own.retain(|name| !asked.contains(name));
    (asked, own)
}

/// The variables that the program in a file names; none if it does not look like one.
pub(in crate::exec) fn of_program(path: &Utf8Path) -> BTreeSet<String> {
    let is_short = path.metadata().is_ok_and(|meta| meta.is_file() && meta.len() <= LONGEST);
    let bytes = if is_short { fs::read(path).unwrap_or_default() } else { Vec::new() };
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    let interpreter = bytes.strip_prefix(b"#!").map(|rest| rest.split(|byte| *byte == b'\n').next());
    if interpreter.is_none() && !PROGRAMS.contains(&extension.as_str()) {
        return BTreeSet::new();
    }
    let is_shell = SHELLS.contains(&extension.as_str())
        || interpreter.flatten().is_some_and(|line| String::from_utf8_lossy(line).contains("sh"));
    of_text(&String::from_utf8_lossy(&bytes), is_shell)
}

/// Whether a file can be a program, by its name alone.
pub(in crate::exec) fn is_named_as_program(path: &Utf8Path) -> bool {
    path.extension().is_none_or(|extension| PROGRAMS.contains(&extension.to_ascii_lowercase().as_str()))
}

fn of_text(text: &str, is_shell: bool) -> BTreeSet<String> {
    // Elsewhere `$` has other uses, and names of the environment are in capitals.
    let dollars = after_dollars(text).map(|(_, name)| name);
    let dollars = dollars.filter(|name| is_shell || is_in_capitals(name));
    let asks = WAYS.iter().any(|way| text.contains(way));
    // `env = os.environ`, `"NAME" in os.environ`, and functions that ask for what they are given.
    let words = text.split(['"', '\'']).filter(|word| asks && is_in_capitals(word)).map(whole);
    dollars.chain(of_calls(text)).map(str::to_owned).chain(words).collect()
}

/// The name in a quoted word; where that is the beginning of names (`startswith("APP_")`), all that begin so: `APP_*`.
fn whole(word: &str) -> String {
    if word.ends_with('_') { format!("{word}*") } else { word.to_owned() }
}

/// The names after `$` and `${`, with the places of these.
fn after_dollars(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices('$').filter_map(|(at, _)| {
        let rest = &text[at + 1..];
        let braced = rest.strip_prefix('{').map(|rest| rest.strip_prefix(['#', '!']).unwrap_or(rest));
        Some((at, name_at(braced.unwrap_or(rest))?))
    })
}

/// The names in `environ["NAME"]`, `environ.get("NAME")`, `getenv('NAME')`, `ENV{NAME}` and their like.
fn of_calls(text: &str) -> impl Iterator<Item = &str> {
    let called = WAYS.iter().flat_map(|way| text.match_indices(way)).filter_map(|(at, way)| {
        let rest =
            text[at + way.len()..].trim_start_matches(|c: char| c.is_ascii_alphabetic() || "._".contains(c));
        let rest = rest.strip_prefix(['[', '(', '{'])?.trim_start();
        let bytes = rest.strip_prefix('b').filter(|rest| rest.starts_with(['"', '\'']));
        let rest = bytes.unwrap_or(rest);
        name_at(rest.strip_prefix(['"', '\'']).unwrap_or(rest))
    });
    called.chain(text.match_indices(OF_NODE).filter_map(|(at, way)| name_at(&text[at + way.len()..])))
}

/// The name that a text begins with.
fn name_at(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    Some(&text[..end]).filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

fn is_in_capitals(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether a shell has set a variable for certain once it has come to the end of `text`, whose last statement goes on there.
fn is_set(text: &str, name: &str) -> bool {
    let mut is_certain = true;
    let mut statements: Vec<&str> = text.split([';', '\n']).collect();
    let last = statements.pop().unwrap_or_default();
    let last = last.rfind(['&', '|']).map_or("", |end| &last[..end]);
    for statement in statements.into_iter().chain([last]) {
        for (number, part) in statement.split(['&', '|']).enumerate() {
            let words: Vec<&str> = part.split_whitespace().collect();
            let is_assigned = is_certain && number == 0 && assigns(&words, name);
            if is_assigned || is_given(&words, name) {
                return true;
            }
            is_certain &= !words.iter().any(|word| decides(word));
        }
    }
    false
}

/// Whether what follows this word may not be done.
fn decides(word: &str) -> bool {
    matches!(word, "if" | "case" | "for" | "while" | "until" | "select") || word.contains('(')
}

/// `NAME=…` or `export NAME=…`, alone: before a command, it is for that command.
fn assigns(words: &[&str], name: &str) -> bool {
    let words = if words.first() == Some(&"export") { &words[1..] } else { words };
    words.first().and_then(|word| word.strip_prefix(name)).is_some_and(|rest| rest.starts_with('='))
}

/// `for NAME in …` or `read -r NAME`.
fn is_given(words: &[&str], name: &str) -> bool {
    let after = |word: &str| words.iter().position(|one| *one == word).map(|at| &words[at + 1..]);
    after("for").is_some_and(|rest| rest.first() == Some(&name))
        || after("read").is_some_and(|rest| rest.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(names: BTreeSet<String>) -> String {
        names.into_iter().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_command_asks_for_the_variables_that_it_names_and_does_not_set() {
        for (command, expected) in [
            ("echo $RATE ${OTHER:-1} \"$RATE\" $1 $$ $(date) > {{ outputs.x }}", "OTHER RATE"),
            ("echo ${#A} ${!B}", "A B"),
            ("X=1; for f in *; do echo $f $X; done; read -r l; echo $l", ""),
            ("X=1 && echo $X", ""),
            ("ls | while read -r a b; do echo $a $b; done", ""),
            ("RATE=${RATE:-1}; echo $RATE", "RATE"),
            ("MAX=1; echo $X", "X"),
            ("[ -n \"$1\" ] && X=1; echo $X", "X"),
            ("if true; then X=1; fi; echo $X", "X"),
            ("X=1 echo $X", "X"),
            ("python -c 'import os; print(os.environ[\"X\"])'", "X"),
        ] {
            assert_eq!(listed(of_command(command).0), expected, "{command}");
        }
        assert_eq!(listed(of_command("X=1; echo $X $Y").1), "X");
    }

    #[test]
    fn a_program_asks_for_the_variables_that_its_text_names() {
        for (text, is_shell, expected) in [
            ("echo $a ${B:-1} $1 $@", true, "B a"),
            ("df$column + $SCALE", false, "SCALE"),
            ("os.environ.get( 'rate' ), environ[b\"A\"], os.environb.get(b'B')", false, "A B rate"),
            (
                "Sys.getenv(\"A\"); ENV[\"B\"]; ENV.fetch('c'); $ENV{d}; process.env.E; process.env[\"f\"]",
                false,
                "A B E ENV c d f",
            ),
            ("env = os.environ\nenv['A'] if 'B_2' in env else 'c'", false, "A B_2"),
            ("for k in os.environ: k.startswith('APP_')", false, "APP_*"),
            ("print('A')", false, ""),
        ] {
            assert_eq!(listed(of_text(text, is_shell)), expected, "{text}");
        }
    }

    #[test]
    fn a_program_is_known_by_its_name_or_its_first_line() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let long = format!("{}$A", " ".repeat(1 << 20));
        for (name, text, expected) in [
            ("a.sh", "echo $a", "a"),
            ("a.R", "x$a; Sys.getenv('B')", "B"),
            ("run", "#!/usr/bin/env bash\necho $a", "a"),
            ("tool", "#!/usr/bin/python3\nos.getenv('A')", "A"),
            ("a.csv", "$A", ""),
            ("long.sh", &long, ""),
        ] {
            fs::write(folder.join(name), text).unwrap();
            assert_eq!(listed(of_program(&folder.join(name))), expected, "{name}");
        }
    }
}
