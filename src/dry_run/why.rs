//! Reasons, back to the root cause: what changed and, if it was made upstream, why that changed.

use camino::Utf8Path;

use super::reason::{FAILED, Reason, SHOWN};
use super::survey::{Finding, State, Survey};
use super::{change, words};
use crate::arm::Arm;
use crate::exec::environments::Staleness;
use crate::exec::{Change, Ended, Fingerprint, Ingredient, InputPath, Values, Why};
use crate::layout::Folder;
use crate::name;

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
    if decision.record.is_none() {
        return vec![Reason::new(unbuilt(looked))];
    }
    let changes = decision.changes();
    if changes.is_empty() {
        return vec![Reason::new("something that it made is gone")];
    }
    changes.into_iter().map(|change| of_change(survey, index, change)).collect()
}

/// Why an instance has no record.
fn unbuilt(looked: &Finding) -> String {
    match looked.why() {
        Some(Why { ended: Ended::Failed(message), .. }) => format!("{FAILED}: {message}"),
        Some(_) => "its last run was interrupted, or what it left has been removed".to_owned(),
        None if looked.folder.lock().exists() => "its first run was interrupted".to_owned(),
        None => "it has not been built".to_owned(),
    }
}

/// What has changed for an instance apart from its inputs from other instances.
pub(crate) fn own(survey: &Survey, index: usize) -> Vec<Reason> {
    let Some(now) = survey.presumed(index) else { return Vec::new() };
    let is_own = |change: &Change| !change.ingredient.comes_from_upstream();
    now.changes().into_iter().filter(is_own).map(|change| of_change(survey, index, change)).collect()
}

/// Why an instance ran the last time.
pub(crate) fn then(survey: &Survey, index: usize, why: &Why) -> Vec<Reason> {
    why.changes.iter().map(|change| of_change(survey, index, change.clone())).collect()
}

/// Why the environment of an instance would be made, or nothing if it would not.
fn environment(survey: &Survey, index: usize) -> Option<Reason> {
    let (name, Staleness { changes, damage }) = survey.stale_environment(index)?;
    let text = match changes.as_slice() {
        [] if damage.is_none() => format!("its environment `{name}` has not been made, or not to the end"),
        _ => format!("its environment `{name}` would be made again"),
    };
    let changes = changes.iter().map(|change| of_change(survey, index, change.clone()));
    let because = damage.iter().map(Reason::new).chain(changes).collect();
    Some(Reason { because, ..Reason::new(text) })
}

/// The upstreams that may change an input. Those with the same reasons are listed together.
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

/// Why an instance ran when it made its present outputs.
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

/// A change as a reason for an instance: a sentence for each kind of ingredient.
fn of_change(survey: &Survey, index: usize, change: Change) -> Reason {
    let layout = &survey.layout;
    let change = words::with_plain_numbers(change);
    let mut reason = match &change.ingredient {
        Ingredient::Format
        | Ingredient::Instance
        | Ingredient::Seed
        | Ingredient::Project
        | Ingredient::DataPath(_)
        | Ingredient::Parameter(_)
        | Ingredient::Alias(_)
        | Ingredient::Written(_)
        | Ingredient::Command
        | Ingredient::Outputs => Reason::new(words::plain(&change)),
        Ingredient::Split(_) => change::split(&change),
        Ingredient::Input(path) | Ingredient::InputName(path) => input(survey, index, &change, path),
        Ingredient::File(path) | Ingredient::ChartScript(path) => {
            change::content(layout, &change, &format!("`{path}`"))
        }
        Ingredient::Data(path) => change::content(layout, &change, &format!("the data file `{path}`")),
        Ingredient::Code { function, .. } => change::code(layout, &change, function),
        Ingredient::Python => change::python(&change),
        Ingredient::Packages => change::packages(layout, &change),
        Ingredient::Metrics { key, instance, .. } => metrics(survey, &change, key, instance),
        Ingredient::ReadFile(path) => change::content(layout, &change, &format!("`{path}`")),
        Ingredient::ReadTree(path) => change::content(
            layout,
            &change,
            &format!("the folder `{path}`, which a program that cannot be watched may have read,"),
        ),
        Ingredient::ReadFolder(path) => change::content(layout, &change, &format!("the folder `{path}`")),
        Ingredient::Absent(path) => change::absent(&change, path),
        Ingredient::Variable(name) => change::variable(&change, name),
        Ingredient::Failed { process, arms } => change::failed(&change, &name::label(process, arms)),
    };
    reason.change = Some(change);
    reason
}

/// A changed input, and why the instance that made it made it differently.
fn input(survey: &Survey, index: usize, change: &Change, path: &InputPath) -> Reason {
    let decision = survey.all[index].decision.as_ref();
    let inputs = decision.map(|decision| decision.inputs()).unwrap_or_default();
    let Some((_, value)) = inputs.iter().find(|(other, _)| other == path) else {
        return Reason::new(words::plain(change));
    };
    let file = survey.layout.build().join(&value.file);
    let Some(owner) = survey.owner(&file) else { return Reason::new(words::plain(change)) };
    let maker = &survey.all[owner];
    let rows = value.rows.map(|_| rows(survey, owner, &file, &value.key)).unwrap_or_default();
    let mut reason = Reason::new(format!("{}, from {}{rows}", words::plain(change), maker.action.label));
    let is_value = change.is == Some(Fingerprint::Digest(value.digest));
    let is_predicted = maker.state == State::Restore && is_value;
    reason.because = if is_predicted { now(survey, owner) } else { last_run(survey, owner) };
    reason
}

/// Changed metrics, and why the instance that logged them ran.
fn metrics(survey: &Survey, change: &Change, key: &str, instance: &str) -> Reason {
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

/// The rows of a partition: ` (p3: rows 21 to 30)`.
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
