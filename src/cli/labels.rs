//! Finds the instances that a user means.

use super::ended::Ended;
use super::say;
use crate::diagnostic::{list, nearest};
use crate::plan::{Action, Plan};

/// The instances that any of `labels` names; prints an error if one of them is wrong.
pub(super) fn all(plan: &Plan, labels: &[String]) -> Result<Vec<Action>, Ended> {
    let found: Result<Vec<_>, _> = labels.iter().map(|label| matching(plan, label)).collect();
    found.map(|found| found.into_iter().flatten().collect()).map_err(|text| {
        say::error(&text);
        Ended::Wrong
    })
}

/// The instances that `label` names: all of a process, or one, as `train@p2`, `train/p2` or `train p2`; or one
/// sentence that says what is wrong with the label.
pub(super) fn matching(plan: &Plan, label: &str) -> Result<Vec<Action>, String> {
    let mut found = Vec::new();
    for group in &plan.groups {
        let is_all = group.process == label || group.target == label;
        let is_one = |action: &Action| {
            is_all
                || [&action.target, &action.instance, &action.label, &action.path]
                    .contains(&&label.to_owned())
        };
        found.extend(group.actions.iter().filter(is_one));
    }
    if !found.is_empty() {
        return Ok(found);
    }
    if let Some(text) = wrong_arms(plan, label) {
        return Err(text);
    }
    let targets: Vec<_> = plan.groups.iter().flat_map(|group| group.actions.targets()).collect();
    let processes = plan.groups.iter().map(|group| group.process.as_str());
    Err(match nearest(label, processes.chain(targets.iter().map(String::as_str))) {
        Some(near) => format!("there is no process or instance `{label}`; did you mean `{near}`?"),
        None => format!("there is no process or instance `{label}`"),
    })
}

/// The message for `fit@p9` if the process `fit` has no partition 9: lists the instances that it has.
fn wrong_arms(plan: &Plan, label: &str) -> Option<String> {
    let (process, _) = label.split_once(['@', '/', ' '])?;
    let group = plan.groups.iter().find(|group| group.process == process || group.target == process)?;
    let targets: Vec<_> = group.actions.targets().collect();
    (!targets.is_empty()).then(|| format!("there is no instance `{label}`; {}", those_of(process, &targets)))
}

/// Lists the instances of a process, by their targets.
pub(super) fn those_of(process: &str, targets: &[impl AsRef<str>]) -> String {
    match targets {
        [only] => format!("`{process}` has one, `{}`", only.as_ref()),
        several => format!("`{process}` has {}", list(several.iter().map(AsRef::as_ref))),
    }
}
