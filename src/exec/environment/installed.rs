//! What is installed in an environment, and what somebody has changed in it since it was made. What Python says right
//! after that is not judged: packages exist that are never as their own lists say.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use crate::exec::failure::Failure;
use crate::exec::interpreter::{Contents, Interpreter};

/// The state of a file that is gone.
const LOST: &str = "lost";
/// How the state of a file or folder begins that is told whether or not it was edited.
const THERE: &str = "there ";
/// What the interpreter itself is called.
const VERSION: &str = "Python";

/// What became of something that was installed, the worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Lost,
    Changed,
    Added,
}

/// Everything by which the environment with this interpreter shows that somebody has changed it, a line for each thing.
pub(super) fn note(python: &Utf8Path) -> Result<Vec<String>, Failure> {
    let found = Interpreter::probe(python.as_str(), Utf8Path::new("."), Contents::Own)?;
    Ok([format!("{VERSION}\t{}", found.version)].into_iter().chain(found.packages).collect())
}

/// What is not as noted in `made`, in words; `None` if nothing.
pub(super) fn change(made: &[String], python: &Utf8Path) -> Option<String> {
    if made.is_empty() {
        return Some("nobody noted what was installed".to_owned());
    }
    note(python).map_or_else(|_| Some("its interpreter is lost".to_owned()), |now| difference(made, &now))
}

fn difference(made: &[String], now: &[String]) -> Option<String> {
    let (was, is) = (states(made), states(now));
    let names: BTreeSet<_> = was.keys().chain(is.keys()).copied().collect();
    let fate = |name| Some((fate(was.get(name).copied(), is.get(name).copied())?, name));
    let found: Vec<_> = names.into_iter().filter_map(fate).collect();
    let (fate, name) = found.iter().min()?;
    let word = match fate {
        Fate::Lost => "is lost",
        Fate::Changed => "was changed",
        Fate::Added => "was added",
    };
    let more = match found.len() - 1 {
        0 => String::new(),
        count => format!(", and {count} more"),
    };
    Some(format!("`{name}` {word}{more}"))
}

fn states(lines: &[String]) -> BTreeMap<&str, &str> {
    lines.iter().filter_map(|line| line.rsplit_once('\t')).collect()
}

fn fate(was: Option<&str>, is: Option<&str>) -> Option<Fate> {
    match (was, is) {
        _ if was == is => None,
        (_, Some(LOST)) => Some(Fate::Lost),
        (Some(state), None) if state.starts_with(THERE) => Some(Fate::Lost),
        (None, Some(state)) if state.starts_with(THERE) => Some(Fate::Added),
        _ => Some(Fate::Changed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let made = ["a/RECORD\tthere 1", "never/fits.py\t12"].map(str::to_owned);
        let after = |change: &str, lines: &[&str]| {
            let lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
            assert_eq!(difference(&made, &lines).unwrap_or_default(), change);
        };
        after("", &["a/RECORD\tthere 1", "never/fits.py\t12"]);
        after("`a/RECORD` was changed", &["a/RECORD\tthere 2", "never/fits.py\t12"]);
        after("`a/RECORD` is lost", &["never/fits.py\t12"]);
        after("`b/RECORD` was added", &["a/RECORD\tthere 1", "b/RECORD\tthere 1", "never/fits.py\t12"]);
        after("`never/fits.py` was changed", &["a/RECORD\tthere 1"]);
        after("`a.py` was changed", &["a/RECORD\tthere 1", "a.py\t34", "never/fits.py\t12"]);
        after("`a.py` is lost, and 1 more", &["a.py\tlost", "a/RECORD\tthere 1", "never/fits.py\tlost"]);
    }
}
