//! One change in words: what a person would have said of it, and what is known of the parts of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::reason::{Reason, SHOWN};
use crate::digest::Digest;
use crate::exec::{Change, Difference, Inventory, WHOLE, what_changed, where_changed};
use crate::layout::Layout;

/// How a split cuts, in the words of the project file.
pub(super) fn split(change: &Change) -> Reason {
    let (was, is) = (cut(change.was.as_deref()), cut(change.is.as_deref()));
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let of =
        |name: &String| Change { name: name.clone(), was: was.get(name).cloned(), is: is.get(name).cloned() };
    let changes = names.into_iter().map(of).filter(|change| change.was != change.is);
    Reason::new(changes.map(|change| change.to_string()).collect::<Vec<_>>().join("; "))
}

/// The fields of `{"data": {"size": {"equal": 3}, …}}` or `{"seed": [1, 2]}`.
fn cut(observed: Option<&str>) -> BTreeMap<String, String> {
    let json: Json = observed.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let only = |json: &Json| json.as_object().and_then(|fields| fields.values().next()).cloned();
    match (json.get("data").and_then(Json::as_object), json.get("seed")) {
        (Some(fields), _) => {
            let name = |name: &str| if name == "key" { "data_name".to_owned() } else { name.to_owned() };
            let field = |(key, value): (&String, &Json)| {
                (name(key), only(value).unwrap_or_else(|| value.clone()).to_string())
            };
            fields.iter().map(field).collect()
        }
        (None, Some(seeds)) => BTreeMap::from([("seeds".to_owned(), seeds.to_string())]),
        (None, None) => BTreeMap::new(),
    }
}

/// `was 12ab…, is 34cd…`.
fn shorter(change: &Change) -> String {
    let text = change.to_string();
    text.strip_prefix(&change.name).unwrap_or(&text).trim().to_owned()
}

/// The digests at the ends of a change, which side files may know more about.
fn digests(change: &Change) -> Option<(Digest, Digest)> {
    let digest = |text: &Option<String>| text.as_ref()?.rsplit(' ').next()?.parse().ok();
    Some((digest(&change.was)?, digest(&change.is)?))
}

/// What the digests at the ends of a change are of.
fn known(layout: &Layout, change: &Change) -> Option<(Inventory, Inventory)> {
    let (was, is) = digests(change)?;
    Some((Inventory::read(layout, was)?, Inventory::read(layout, is)?))
}

/// A changed file, with the lines, or a changed folder, with the files in it.
pub(super) fn content(layout: &Layout, change: &Change, what: &str) -> Reason {
    let mut reason = Reason::new(format!("the content of {what} changed ({})", shorter(change)));
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
    reason.because = files.iter().take(SHOWN).map(|named| Reason::new(file(named))).collect();
    if files.len() > SHOWN {
        reason.because.push(Reason::new(format!("and {} more", files.len() - SHOWN)));
    }
    reason
}

pub(super) fn code(layout: &Layout, change: &Change, function: &str) -> Reason {
    let function = function.split_once(' ').map_or(function, |(_, name)| name);
    let mut reason = Reason::new(match change.was {
        None => format!("it now calls `{function}`"),
        Some(_) if change.is.is_none() => format!("it no longer calls `{function}`"),
        Some(_) => format!("the code that `{function}` reaches changed"),
    });
    let Some((was, is)) = known(layout, change) else { return reason };
    let mut parts = what_changed(&was, &is);
    // Of a module that is counted whole, what changed in it says more.
    if parts.iter().any(|part| part.name != WHOLE) {
        parts.retain(|part| part.name != WHOLE);
    }
    if parts.is_empty() {
        reason.because.push(Reason::new("the same statements and definitions stand in another order"));
    }
    for named in parts.into_iter().take(SHOWN) {
        let how = match (&named.was, &named.is) {
            (None, _) => "is new, or newly reached",
            (_, None) => "is gone, or no longer reached",
            _ if named.name == WHOLE => "changed, or the order of what is in it",
            _ => "changed",
        };
        reason.because.push(Reason::new(format!("{} {how} ({})", named.name, named.place)));
    }
    reason
}

pub(super) fn packages(layout: &Layout, change: &Change) -> Reason {
    let python = |text: &Option<String>| {
        text.as_deref().unwrap_or_default().split(',').next().unwrap_or_default().to_owned()
    };
    let (was, is) = (python(&change.was), python(&change.is));
    let mut reason = Reason::new(match (&change.was, &change.is) {
        (None, _) => return Reason::new(format!("it now runs in an environment, with Python {is}")),
        (_, None) => return Reason::new("it does not run in an environment any more"),
        _ if was == is => "its environment changed".to_owned(),
        _ => format!("Python was {was}, is {is}"),
    });
    let parts = known(layout, change).map(|(was, is)| what_changed(&was, &is)).unwrap_or_default();
    for named in parts.into_iter().take(SHOWN) {
        reason.because.push(Reason::new(match (&named.was, &named.is) {
            (Some(was), Some(is)) => format!("package {} was {was}, is {is}", named.name),
            (None, Some(is)) => format!("package {} {is} is new", named.name),
            _ => format!("package {} is gone", named.name),
        }));
    }
    reason
}
