//! How large a build can get at most.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use super::action::Action;
use super::model::Plan;

impl Plan {
    /// How many instances a build of `goals` (targets; all if empty) checks at most, given that it checks the instances
    /// `first`: these, and what depends on them.
    pub(crate) fn at_most(&self, goals: &[String], first: &BTreeSet<String>) -> usize {
        let all: Vec<(&str, Action)> = self
            .groups
            .iter()
            .flat_map(|group| group.actions.iter().map(|action| (group.target.as_str(), action)))
            .collect();
        let stamps = all.iter().enumerate();
        let makers: BTreeMap<&Utf8Path, usize> = stamps
            .flat_map(|(i, (_, action))| action.stamps.iter().map(move |path| (path.as_path(), i)))
            .collect();
        let upstreams = |index: usize| {
            let inputs = all[index].1.inputs.iter();
            inputs.filter_map(|path| makers.get(path.as_path()).copied()).collect::<Vec<_>>()
        };
        let mut downstreams = vec![Vec::new(); all.len()];
        for index in 0..all.len() {
            upstreams(index).into_iter().for_each(|upstream| downstreams[upstream].push(index));
        }
        let is_goal = |(process, action): &(&str, Action)| {
            goals.is_empty() || goals.iter().any(|goal| goal == process || *goal == action.target)
        };
        let wanted = closure((0..all.len()).filter(|i| is_goal(&all[*i])).collect(), &upstreams);
        let starts = (0..all.len()).filter(|i| first.contains(&all[*i].1.instance)).collect();
        closure(starts, &|index| downstreams[index].clone()).intersection(&wanted).count()
    }
}

/// Everything reachable from `waiting` by `next`.
fn closure(mut waiting: Vec<usize>, next: &dyn Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    while let Some(index) = waiting.pop() {
        if found.insert(index) {
            waiting.extend(next(index));
        }
    }
    found
}
