//! One change in words: a sentence about it, and what is known of its parts.

use super::reason::{Reason, SHOWN};
use super::words;
use crate::exec::{Change, Difference, Fingerprint, Inventory, Rooted, WHOLE, what_changed, where_changed};
use crate::layout::Layout;

/// How a split cuts, in the terms of the project file.
pub(super) fn split(change: &Change) -> Reason {
    let shown = |end: &Option<Fingerprint>| end.as_ref().map(words::setting);
    let change =
        Change { ingredient: change.ingredient.clone(), was: shown(&change.was), is: shown(&change.is) };
    Reason::new(words::plain(&change))
}

/// A path that did not exist when a run looked for it.
pub(super) fn absent(change: &Change, path: &Rooted) -> Reason {
    Reason::new(match (&change.was, &change.is) {
        (Some(_), Some(_)) => format!("`{path}`, which was not there, is there now"),
        (None, _) => format!("it now asks for `{path}`, which is not there"),
        (_, None) => format!("it no longer asks for `{path}`"),
    })
}

/// An environment variable: only its digest is known.
pub(super) fn variable(change: &Change, name: &str) -> Reason {
    Reason::new(match (&change.was, &change.is) {
        (Some(_), Some(_)) => format!("the environment variable {name} changed"),
        (None, _) => format!("it now asks for the environment variable {name}"),
        (_, None) => format!("it no longer asks for the environment variable {name}"),
    })
}

/// A partition that failed and was left out.
pub(super) fn failed(change: &Change, label: &str) -> Reason {
    Reason::new(match (&change.was, &change.is) {
        (Some(_), Some(_)) => format!("{label} failed in another way ({})", words::was_is(change)),
        (None, _) => format!("{label} failed, and is left out"),
        (_, None) => format!("{label} no longer fails"),
    })
}

/// The inventories behind the digests before and after a change.
fn known(layout: &Layout, change: &Change) -> Option<(Inventory, Inventory)> {
    let digest = |end: &Option<Fingerprint>| end.as_ref().and_then(Fingerprint::digest);
    let (was, is) = (digest(&change.was)?, digest(&change.is)?);
    Some((Inventory::read(layout, was)?, Inventory::read(layout, is)?))
}

/// A file that changed, with its lines, or a folder, with the files in it.
pub(super) fn content(layout: &Layout, change: &Change, what: &str) -> Reason {
    let mut reason = Reason::new(format!("the content of {what} changed ({})", words::was_is(change)));
    let Some((was, is)) = known(layout, change) else { return reason };
    if let Some(place) = where_changed(&was, &is) {
        reason.because.push(Reason::new(place));
        return reason;
    }
    let files = what_changed(&was, &is);
    let file = |file: &Difference| match (&file.was, &file.is) {
        (None, _) => format!("{} is new", file.name),
        (_, None) => format!("{} is gone", file.name),
        _ => format!("{} changed", file.name),
    };
    reason.because = some(&files, "files", file);
    reason
}

pub(super) fn code(layout: &Layout, change: &Change, function: &str) -> Reason {
    let mut reason = Reason::new(match change.was {
        None => format!("it now calls `{function}`"),
        Some(_) if change.is.is_none() => format!("it no longer calls `{function}`"),
        Some(_) => format!("the code that `{function}` reaches changed"),
    });
    let Some((was, is)) = known(layout, change) else { return reason };
    let mut parts = what_changed(&was, &is);
    let as_a_whole = |(file, why): (&str, &str)| format!("`{file}` counts as a whole because {why}");
    let whole: Vec<String> = parts.iter().filter_map(Difference::as_a_whole).map(as_a_whole).collect();
    // For a module that is counted whole, the parts that changed say more than the module.
    if parts.iter().any(|part| part.name != WHOLE) {
        parts.retain(|part| part.name != WHOLE);
    }
    if parts.is_empty() {
        reason.because.push(Reason::new("the order of the same statements and definitions changed"));
    }
    let sentence = |named: &Difference| {
        let how = match (&named.was, &named.is) {
            (None, _) => "is new, or newly reached",
            (_, None) => "is gone, or no longer reached",
            _ if named.name == WHOLE => "changed, or the order of what is in it",
            _ => "changed",
        };
        if let Some((place, text)) = named.in_a_text() {
            return format!(
                "{} {how} ({place}); it counts because it is mentioned in a text ({text})",
                named.name
            );
        }
        let place = named.as_a_whole().map_or(named.place.as_str(), |(file, _)| file);
        format!("{} {how} ({place})", named.name)
    };
    reason.because.extend(some(&parts, "definitions", sentence));
    reason.because.extend(whole.into_iter().take(SHOWN).map(Reason::new));
    reason
}

/// The version of Python.
pub(super) fn python(change: &Change) -> Reason {
    Reason::new(match (&change.was, &change.is) {
        (None, Some(Fingerprint::Text(is))) => format!("it now runs in an environment, with Python {is}"),
        (_, None) => "it does not run in an environment any more".to_owned(),
        _ => format!("Python {}", words::was_is(change)),
    })
}

/// The packages of the environment.
pub(super) fn packages(layout: &Layout, change: &Change) -> Reason {
    let mut reason = Reason::new(match (&change.was, &change.is) {
        (None, _) => return Reason::new("it now sees the packages of an environment"),
        (_, None) => return Reason::new("it no longer sees the packages of an environment"),
        _ => "its environment changed",
    });
    let mut parts = known(layout, change).map(|(was, is)| what_changed(&was, &is)).unwrap_or_default();
    // Packages that are gone or changed break code; new ones rarely do.
    parts.sort_by_key(|part| part.was.is_none());
    let sentence = |named: &Difference| match (&named.was, &named.is) {
        (Some(was), Some(is)) => format!("package {} was {was}, is {is}", named.name),
        (None, Some(is)) => format!("package {} {is} is new", named.name),
        _ => format!("package {} is gone", named.name),
    };
    reason.because = some(&parts, "packages", sentence);
    reason
}

/// The first few of many differences, and how many more there are.
fn some(parts: &[Difference], what: &str, sentence: impl Fn(&Difference) -> String) -> Vec<Reason> {
    let mut said: Vec<_> = parts.iter().take(SHOWN).map(|part| Reason::new(sentence(part))).collect();
    if parts.len() > SHOWN {
        said.push(Reason::new(format!("and {} more {what}", parts.len() - SHOWN)));
    }
    said
}
