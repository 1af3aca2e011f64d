//! Reasons, back to the root cause: what changed, and if somebody upstream made it, why that changed.

use camino::Utf8Path;

use super::change;
use super::reason::{FAILED, Reason, SHOWN};
use super::survey::{Finding, State, Survey};
use crate::arm::Arm;
use crate::exec::{Change, Ended, Values, Why};
use crate::layout::Folder;

/// Why an instance that is not up to date would run.
pub(crate) fn now(survey: &Survey, index: usize) -> Vec<Reason> {
    let looked = &survey.all[index];
    if let State::May(waits) = &looked.state {
        let own = own(survey, index).into_iter().chain(environment(survey, index));
        return own.chain(waiting(survey, waits)).collect();
    }
    let Some(decision) = &looked.decision else {
        return match &looked.state {
            State::Run => vec![Reason::new(unbuilt(looked))],
            _ => Vec::new(),
        };
    };
    let Some(record) = &decision.record else { return vec![Reason::new(unbuilt(looked))] };
    let changes = decision.observed.changes(&record.observed);
    if changes.is_empty() {
        return vec![Reason::new("something that it made is gone")];
    }
    changes.into_iter().map(|change| of_change(survey, index, change)).collect()
}

/// Why there is no record of an instance.
fn unbuilt(looked: &Finding) -> String {
    match looked.why() {
        Some(Why { ended: Ended::Failed(message), .. }) => format!("{FAILED}: {message}"),
        Some(_) => "its last run was interrupted, or what it left has been removed".to_owned(),
        None if looked.folder.lock().exists() => "its first run was interrupted".to_owned(),
        None => "it has not been built".to_owned(),
    }
}

/// What has changed for an instance besides what it takes of others.
pub(crate) fn own(survey: &Survey, index: usize) -> Vec<Reason> {
    let Some(now) = survey.presumed(index) else { return Vec::new() };
    let changes = now.record.map(|then| now.observed.changes(&then.observed)).unwrap_or_default();
    let is_own =
        |change: &Change| !["input", "metrics"].contains(&change.name.split(' ').next().unwrap_or(""));
    changes.into_iter().filter(is_own).map(|change| of_change(survey, index, change)).collect()
}

/// Why an instance ran when it last did.
pub(crate) fn then(survey: &Survey, index: usize, why: &Why) -> Vec<Reason> {
    why.changes.iter().map(|change| of_change(survey, index, change.clone())).collect()
}

/// Why the environment of an instance would be made, if it would.
fn environment(survey: &Survey, index: usize) -> Option<Reason> {
    let (name, changes) = survey.stale_environment(index)?;
    let text = match changes {
        [] => format!("its environment `{name}` has not been made, or not to the end"),
        _ => format!("its environment `{name}` would be made again"),
    };
    let because = changes.iter().map(|change| of_change(survey, index, change.clone())).collect();
    Some(Reason { because, ..Reason::new(text) })
}

/// What may change what an instance takes; those that do for the same reasons are told together.
fn waiting(survey: &Survey, waits: &[usize]) -> Vec<Reason> {
    let mut told: Vec<(Vec<&str>, String, Vec<Reason>)> = Vec::new();
    for upstream in waits.iter().take(SHOWN) {
        let looked = &survey.all[*upstream];
        let what = match &looked.state {
            State::Restore => "would come back from the cache".to_owned(),
            State::May(_) => "may run".to_owned(),
            State::Blocked(why) => format!("cannot be told: {why}"),
            _ => "would run".to_owned(),
        };
        let because = now(survey, *upstream);
        match told.iter_mut().find(|(_, other, reasons)| *other == what && *reasons == because) {
            Some((labels, ..)) => labels.push(&looked.action.label),
            None => told.push((vec![&looked.action.label], what, because)),
        }
    }
    let reason = |(labels, what, because): (Vec<&str>, String, _)| Reason {
        because,
        ..Reason::new(format!("{} {what}", labels.join(", ")))
    };
    let mut all: Vec<_> = told.into_iter().map(reason).collect();
    if waits.len() > SHOWN {
        all.push(Reason::new(format!("and {} more of what it takes inputs from", waits.len() - SHOWN)));
    }
    all
}

/// Why an instance ran when it made what is there.
fn last_run(survey: &Survey, index: usize) -> Vec<Reason> {
    let looked = &survey.all[index];
    match looked.why() {
        Some(why) if why.first => {
            vec![Reason::new(format!("{} was built for the first time", looked.action.label))]
        }
        Some(why @ Why { ended: Ended::Ran | Ended::Restored, .. }) => then(survey, index, &why),
        _ => Vec::new(),
    }
}

/// The reason that a change is for an instance.
fn of_change(survey: &Survey, index: usize, change: Change) -> Reason {
    let (kind, rest) = change.name.split_once(' ').unwrap_or((&change.name, ""));
    let mut reason = match kind {
        "code" => change::code(&survey.layout, &change, rest),
        "environment" => change::packages(&survey.layout, &change),
        "input" => input(survey, index, &change),
        "metrics" => metrics(survey, &change, rest),
        "data" => change::content(&survey.layout, &change, &format!("the data file `{rest}`")),
        "file" => change::content(&survey.layout, &change, &format!("`{rest}`")),
        "split" => change::split(&change),
        _ => Reason::new(change.to_string()),
    };
    reason.change = Some(change);
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
    let Some(number) = arm.parse().ok().and_then(Arm::partition) else { return String::new() };
    let count = |n: u64| {
        Values::read(&Folder(folder.0.join(Arm::Partition(n).to_string())))
            .and_then(|values| values.get(key)?.rows)
    };
    let before: Option<u64> = (1..number).map(count).sum();
    match (before, count(number)) {
        (Some(before), Some(own)) if own > 0 => format!(" ({arm}: rows {} to {})", before + 1, before + own),
        _ => format!(" ({arm})"),
    }
}
