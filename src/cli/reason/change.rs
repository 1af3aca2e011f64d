//! One change in words: what a person would have said of it, and what is known of the parts of it.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use serde_json::Value as Json;

use super::super::survey::{State, Survey};
use super::{Reason, SHOWN, last_run, now};
use crate::digest::Digest;
use crate::exec::{Change, Known, Named, Values, WHOLE, what_changed, where_changed};
use crate::layout::Folder;

/// The reason that a change is for an instance.
pub(super) fn of_change(survey: &Survey, index: usize, change: Change) -> Reason {
    let (kind, rest) = change.name.split_once(' ').unwrap_or((&change.name, ""));
    let mut reason = match kind {
        "code" => code(survey, &change, rest),
        "environment" => packages(survey, &change),
        "input" => input(survey, index, &change),
        "metrics" => metrics(survey, &change, rest),
        "data" => content(survey, &change, &format!("the data file `{rest}`")),
        "file" => content(survey, &change, &format!("`{rest}`")),
        "split" => split(&change),
        _ => Reason::new(change.to_string()),
    };
    reason.change = Some(change);
    reason
}

/// How a split cuts, in the words of the project file.
fn split(change: &Change) -> Reason {
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
fn known(survey: &Survey, change: &Change) -> Option<(Known, Known)> {
    let (was, is) = digests(change)?;
    Some((Known::read(&survey.layout, was)?, Known::read(&survey.layout, is)?))
}

/// A changed file, with the lines, or a changed folder, with the files in it.
fn content(survey: &Survey, change: &Change, what: &str) -> Reason {
    let mut reason = Reason::new(format!("the content of {what} changed ({})", shorter(change)));
    let Some((was, is)) = known(survey, change) else { return reason };
    if let Some(place) = where_changed(&was, &is) {
        reason.because.push(Reason::new(place));
        return reason;
    }
    let files = what_changed(&was, &is);
    let file = |file: &Named| match (&file.was, &file.is) {
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

fn code(survey: &Survey, change: &Change, function: &str) -> Reason {
    let function = function.split_once(' ').map_or(function, |(_, name)| name);
    let mut reason = Reason::new(match change.was {
        None => format!("it now calls `{function}`"),
        Some(_) if change.is.is_none() => format!("it no longer calls `{function}`"),
        Some(_) => format!("the code that `{function}` reaches changed"),
    });
    let Some((was, is)) = known(survey, change) else { return reason };
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

fn packages(survey: &Survey, change: &Change) -> Reason {
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
    let parts = known(survey, change).map(|(was, is)| what_changed(&was, &is)).unwrap_or_default();
    for named in parts.into_iter().take(SHOWN) {
        reason.because.push(Reason::new(match (&named.was, &named.is) {
            (Some(was), Some(is)) => format!("package {} was {was}, is {is}", named.name),
            (None, Some(is)) => format!("package {} {is} is new", named.name),
            _ => format!("package {} is gone", named.name),
        }));
    }
    reason
}

/// A changed input, and why who made it made it differently.
fn input(survey: &Survey, index: usize, change: &Change) -> Reason {
    let decision = survey.all[index].decision.as_ref();
    let inputs = decision.map(|decision| decision.inputs()).unwrap_or_default();
    let Some((_, value)) = inputs.iter().find(|(name, _)| *name == change.name) else {
        return Reason::new(change.to_string());
    };
    let file = survey.layout.build().join(&value.file);
    let Some(owner) = survey.owner(&file) else { return Reason::new(change.to_string()) };
    let maker = &survey.all[owner];
    let rows = value.rows.map(|_| rows(survey, owner, &file, &value.key)).unwrap_or_default();
    let mut reason = Reason::new(format!("{}, from {}{rows}", change, maker.action.label));
    let is_foreseen = maker.state == State::Restore && change.is == Some(value.observed());
    reason.because = if is_foreseen { now(survey, owner) } else { last_run(survey, owner) };
    reason
}

/// Changed metrics, and why who logged them ran. `probe` is the chart's key and the instance.
fn metrics(survey: &Survey, change: &Change, probe: &str) -> Reason {
    let (key, instance) = probe.rsplit_once(' ').unwrap_or((probe, ""));
    let what = match (&change.was, &change.is) {
        (None, _) => "are new",
        (_, None) => "are no longer plotted",
        _ => "changed",
    };
    let maker = (0..survey.all.len()).find(|index| survey.all[*index].action.instance == instance);
    let label = maker.map_or(instance, |index| &survey.all[index].action.label);
    Reason {
        because: maker.map_or_else(Vec::new, |index| last_run(survey, index)),
        ..Reason::new(format!("the metrics `{key}`, logged by {label}, {what}"))
    }
}

/// Which rows a partition is: ` (p3: rows 21 to 30)`.
fn rows(survey: &Survey, split: usize, file: &Utf8Path, key: &str) -> String {
    let folder = &survey.all[split].folder;
    let arm = file.parent().and_then(|parent| parent.file_name()).unwrap_or_default();
    let Some(number) = arm.strip_prefix('p').and_then(|number| number.parse::<u64>().ok()) else {
        return String::new();
    };
    let count = |n: u64| {
        Values::read(&Folder(folder.0.join(format!("p{n}")))).and_then(|values| values.get(key)?.rows)
    };
    let before: Option<u64> = (1..number).map(count).sum();
    match (before, count(number)) {
        (Some(before), Some(own)) if own > 0 => format!(" ({arm}: rows {} to {})", before + 1, before + own),
        _ => format!(" ({arm})"),
    }
}
