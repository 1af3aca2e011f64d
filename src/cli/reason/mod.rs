//! Reasons, back to the root cause: what changed, and if somebody upstream made it, why that changed.

mod change;

use serde::Serialize;

use super::survey::{Looked, State, Survey};
use crate::exec::{Change, Ended, Why};
use change::of_change;

/// How a reason begins that says what went wrong.
pub(super) const FAILED: &str = "its last run failed";

/// How many upstreams, or changed definitions, are told one by one.
const SHOWN: usize = 5;

/// Something that changed, and why.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Reason {
    /// One sentence.
    pub(super) text: String,
    /// What changed, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) change: Option<Change>,
    /// Why that changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) because: Vec<Self>,
}

impl Reason {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), change: None, because: Vec::new() }
    }
}

/// Why an instance that is not up to date would run.
pub(super) fn now(survey: &Survey, index: usize) -> Vec<Reason> {
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
fn unbuilt(looked: &Looked) -> String {
    match looked.why() {
        Some(Why { ended: Ended::Failed(message), .. }) => format!("{FAILED}: {message}"),
        Some(_) => "its last run was interrupted, or what it left has been removed".to_owned(),
        None if looked.folder.lock().exists() => "its first run was interrupted".to_owned(),
        None => "it has not been built".to_owned(),
    }
}

/// What has changed for an instance besides what it takes of others.
pub(super) fn own(survey: &Survey, index: usize) -> Vec<Reason> {
    let Some(now) = survey.presumed(index) else { return Vec::new() };
    let changes = now.record.map(|then| now.observed.changes(&then.observed)).unwrap_or_default();
    let is_own =
        |change: &Change| !["input", "metrics"].contains(&change.name.split(' ').next().unwrap_or(""));
    changes.into_iter().filter(is_own).map(|change| of_change(survey, index, change)).collect()
}

/// Why an instance ran when it last did.
pub(super) fn then(survey: &Survey, index: usize, why: &Why) -> Vec<Reason> {
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
