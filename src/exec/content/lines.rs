//! A text by its lines, to tell where it changed. A small text is stored line by line, a large one in runs of lines,
//! where the content of a line decides whether a run ends with it (content-defined chunking, as in the LBFS paper,
//! 2001): inserting lines moves what follows, but leaves its runs unchanged.

use std::io::{BufRead as _, BufReader};

use camino::Utf8Path;

use crate::diagnostic::plural;
use crate::digest::{Digest, Hasher};
use crate::file;

/// A text up to this many bytes is stored line by line; each time the size doubles, so does the length of runs.
const SMALL: u64 = 64 * 1024;

/// Texts larger than this many bytes are not examined: another pass over them is not worth it.
const LARGE: u64 = 1 << 28;

/// Lines of up to this many bytes are stored verbatim.
const SHORT: usize = 80;

/// The kind of a run, before the logarithm of its number of lines.
const KIND: &str = "lines ";

/// The runs of the text at `path`: the kind of each (`lines`, with the logarithm of their length), how many lines it
/// has, and its content: how the line ends (`=`: as usual, `~`: with CR and LF, `-`: not at all) followed by the line,
/// or a digest. `None` if it is not a text.
pub(in crate::exec) fn runs(path: &Utf8Path) -> Option<Vec<[String; 3]>> {
    let file = file::open_regular(path).ok()?;
    let size = file.metadata().ok()?.len();
    if size > LARGE {
        return None;
    }
    let level = size.div_ceil(SMALL).max(1).ilog2();
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let (mut all, mut line) = (Vec::new(), Vec::new());
    let (mut count, mut hasher) = (0, Hasher::new());
    while reader.read_until(b'\n', &mut line).ok()? > 0 {
        if line.contains(&0) {
            return None;
        }
        count += 1;
        hasher.update(&line);
        if level == 0 || ends_run(&line, level) {
            let whole = std::mem::take(&mut hasher).finish();
            all.push(run(level, count, (level == 0).then_some(&line), whole));
            count = 0;
        }
        line.clear();
    }
    if count > 0 {
        all.push(run(level, count, None, hasher.finish()));
    }
    Some(all)
}

/// Whether a run ends with `line`: one line in 2^`level` ends one.
fn ends_run(line: &[u8], level: u32) -> bool {
    // Another version of Rust may hash differently: then one change is located less precisely.
    let mut hasher = std::hash::DefaultHasher::new();
    std::hash::Hasher::write(&mut hasher, line);
    std::hash::Hasher::finish(&hasher).trailing_zeros() >= level
}

/// Whether these are runs of lines, and not an inventory of anything else.
pub(in crate::exec) fn are(runs: &[[String; 3]]) -> bool {
    runs.first().is_some_and(|run| run[0].starts_with(KIND))
}

fn run(level: u32, lines: u64, line: Option<&Vec<u8>>, digest: Digest) -> [String; 3] {
    let text = line.and_then(|line| std::str::from_utf8(line).ok()).map(|line| {
        let end = |end, sign| line.strip_suffix(end).map(|text| (sign, text));
        end("\r\n", '~').or(end("\n", '=')).unwrap_or(('-', line))
    });
    let is_kept = |(_, text): &(char, &str)| text.len() <= SHORT && !text.chars().any(char::is_control);
    let content = text.filter(is_kept).map_or_else(|| digest.short(), |(sign, text)| format!("{sign}{text}"));
    [format!("{KIND}{level}"), lines.to_string(), content]
}

/// Where two texts differ, in one clause: "line 3 was `a`, is `b`". `None` if that is unknown.
pub(in crate::exec) fn difference(old: &[[String; 3]], new: &[[String; 3]]) -> Option<String> {
    let kind = &old.first().or(new.first())?[0];
    if !kind.starts_with(KIND) || old.iter().chain(new).any(|run| run[0] != *kind) {
        return None;
    }
    let before = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (was, is) = (&old[before..], &new[before..]);
    let after = was.iter().rev().zip(is.iter().rev()).take_while(|(a, b)| a == b).count();
    let (was, is) = (&was[..was.len() - after], &is[..is.len() - after]);
    let first = count(&old[..before]) + 1;
    let quoted = |runs| text(runs).map(|text| format!(": `{text}`")).unwrap_or_default();
    Some(match (count(was), count(is)) {
        (0, 0) => return None,
        (n, m) if n == m && texts(was).is_some() && texts(was) == texts(is) => {
            format!("{} {} differently", span(first, n), if n == 1 { "ends" } else { "end" })
        }
        (0, n) => format!("{} {} new{}", span(first, n), is_or_are(n), quoted(is)),
        (n, 0) => format!("{} {} gone{}", span(first, n), is_or_are(n), quoted(was)),
        (1, 1) => match (text(was), text(is)) {
            (Some(was), Some(is)) => format!("line {first} was `{was}`, is `{is}`"),
            _ => format!("line {first} changed"),
        },
        (n, m) if n == m => format!("something in {} changed", span(first, n)),
        (n, m) => format!("{} became {}", span(first, n), plural(usize::try_from(m).ok()?, "line")),
    })
}

fn span(first: u64, count: u64) -> String {
    match count {
        1 => format!("line {first}"),
        _ => format!("lines {first} to {}", first + count - 1),
    }
}

fn is_or_are(count: u64) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// The text of one line, if it is known; invisible characters are escaped.
fn text(runs: &[[String; 3]]) -> Option<String> {
    let [text] = texts(runs)?[..] else { return None };
    let escaped = |c: char| if c.is_ascii() { c.to_string() } else { c.escape_debug().to_string() };
    Some(text.chars().map(escaped).collect())
}

/// The texts of lines, if all of them are known.
fn texts(runs: &[[String; 3]]) -> Option<Vec<&str>> {
    runs.iter().map(|run| run[2].strip_prefix(['=', '~', '-'])).collect()
}

fn count(runs: &[[String; 3]]) -> u64 {
    runs.iter().filter_map(|run| run[1].parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<[String; 3]> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        runs(Utf8Path::from_path(file.path()).unwrap()).unwrap()
    }

    #[test]
    fn a_change_is_placed_by_lines() {
        let place = |old: &str, new: &str| difference(&of(old), &of(new)).unwrap_or_default();
        assert_eq!(place("a\nb\nc\n", "a\nB\nc\n"), "line 2 was `b`, is `B`");
        assert_eq!(place("a\nb\nc\n", "a\nc\n"), "line 2 is gone: `b`");
        assert_eq!(place("a\n", "a\nb\nc\n"), "lines 2 to 3 are new");
        assert_eq!(place("", "a\n"), "line 1 is new: `a`");
        assert_eq!(place("a\nb\nc\n", "A\nb\nC\n"), "something in lines 1 to 3 changed");
        assert_eq!(place("a\nb\nc\n", "a\nB\n"), "lines 2 to 3 became 1 line");
        assert_eq!(place("a\tb\n", "a\tc\n"), "line 1 changed");
        assert_eq!(place("a\n", "a\n"), "");
        assert_eq!(place("a\nb\n", "a\nb"), "line 2 ends differently");
        assert_eq!(place("a\nb\n", "a\r\nb\r\n"), "lines 1 to 2 end differently");
        assert_eq!(place("a\n", "\u{feff}a\n"), "line 1 was `a`, is `\\u{feff}a`");
        assert_eq!(place("é\n", "e\u{301}\n"), "line 1 was `é`, is `e\\u{301}`");
    }

    #[test]
    fn a_change_in_a_large_text_is_placed_by_runs() {
        let row = |i: u32| format!("{i},{}\n", i * 7919 % 1000);
        let rows: Vec<String> = (0..200_000).map(row).collect();
        let old = of(&rows.concat());
        assert!(old.len() < 10_000, "{}", old.len());
        let mut edited = rows.clone();
        edited[123_456].insert(0, 'x');
        edited.insert(123_457, "new\n".to_owned());
        let place = difference(&old, &of(&edited.concat())).unwrap();
        let numbers: Vec<usize> = place.split(' ').filter_map(|word| word.parse().ok()).collect();
        let (first, last) = (numbers[0], numbers[1]);
        assert!(first <= 123_457 && 123_457 <= last && last - first < 1000, "{place}");
    }

    #[test]
    fn what_is_no_text_is_not_looked_into() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"PAR1\0\0").unwrap();
        assert_eq!(runs(Utf8Path::from_path(file.path()).unwrap()), None);
    }
}
