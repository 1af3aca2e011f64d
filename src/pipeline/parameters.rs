//! Parameters that nothing takes, and those that a seed layer overrides.

use std::collections::BTreeSet;

use super::model::{Pipeline, Process, ProcessId, Work};
use crate::command;
use crate::diagnostic::{Diagnostic, Diagnostics, codes, list, nearest};
use crate::source::{Span, Spanned};
use crate::syntax::Config;

/// The parameter in which a function receives the seed.
pub(super) const SEED: &str = "random_seed";

/// The names that a process could take as parameters; `None` if it may take any.
fn takes(work: &Work) -> Option<Vec<String>> {
    match work {
        Work::Merge => Some(Vec::new()),
        Work::DynamicChart(_) => None,
        Work::Python(function) => {
            let takes = function.takes.clone()?;
            (!takes.iter().any(|name| name == "context")).then_some(takes)
        }
        Work::Shell(shell) => command::parameters(&shell.command),
    }
}

/// Warns of parameters that no process takes.
pub(super) fn unused(pipeline: &Pipeline, config: &Config, sink: &mut Diagnostics) {
    let all: Vec<_> = pipeline.processes.iter().map(|process| takes(&process.work)).collect();
    for (written, takes) in config.processes.iter().zip(&all) {
        let Some(takes) = takes else { continue };
        for (name, _) in written.parameters.iter().filter(|(name, _)| !takes.contains(&name.value)) {
            let message = format!("`{}` does not take the parameter `{}`", written.name.value, name.value);
            sink.push(useless(name, message, takes.iter(), config));
        }
    }
    let Some(all) = all.into_iter().collect::<Option<Vec<_>>>() else { return };
    let known: BTreeSet<String> = all.into_iter().flatten().collect();
    for (name, _) in config.parameters.iter().filter(|(name, _)| !known.contains(&name.value)) {
        let message = format!("no process takes the parameter `{}`", name.value);
        sink.push(useless(name, message, known.iter(), config));
    }
}

fn useless<'t>(
    name: &Spanned<String>,
    message: String,
    takes: impl Iterator<Item = &'t String> + Clone,
    config: &Config,
) -> Diagnostic {
    let help = match nearest(&name.value, takes.clone().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if let Some((name, value)) = glued(&name.value) => {
            format!("write `{name}: {value}`, with a blank behind the `:`")
        }
        None if takes.clone().next().is_none() => "remove it".to_owned(),
        None => format!("remove it, or take it: what is taken is {}", list(takes.map(String::as_str))),
    };
    Diagnostic::new(&codes::UNUSED_PARAMETER, message)
        .at(&config.source, name.span, "has no effect")
        .help(help)
}

/// The name and the value of what was meant to be both: `rate=0.5`, `rate:0.5`.
fn glued(name: &str) -> Option<(&str, &str)> {
    let (name, value) = name.split_once(['=', ':'])?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    (!name.is_empty() && !value.is_empty() && name.chars().all(is_name)).then_some((name, value))
}

/// Below a seed split the seed is the layer's: a parameter of that name is removed, with a warning.
pub(super) fn below_seeds(pipeline: &mut Pipeline, config: &Config, sink: &mut Diagnostics) {
    let is_below = |process: &Process| !process.place.seed.is_empty();
    let has = |process: &Process| process.parameters.iter().any(|(name, _)| name == SEED);
    let mut told: Vec<(Span, Vec<&str>)> = Vec::new();
    for (process, written) in pipeline.processes.iter().zip(&config.processes) {
        let both = written.parameters.iter().chain(&config.parameters);
        let found = both.map(|(name, _)| name).find(|name| name.value == SEED);
        if let Some(name) = found.filter(|_| is_below(process) && has(process)) {
            match told.iter_mut().find(|(span, _)| *span == name.span) {
                Some((_, users)) => users.push(&written.name.value),
                None => told.push((name.span, vec![&written.name.value])),
            }
        }
    }
    for (span, users) in told {
        let message = format!("the parameter `{SEED}` has no effect below a seed split: for {}", list(users));
        let warning = Diagnostic::new(&codes::SEED_PARAMETER, message)
            .at(&config.source, span, "the seed is the layer's")
            .help("remove it, or give it another name");
        sink.push(warning);
    }
    for i in 0..pipeline.processes.len() {
        if is_below(pipeline.process(ProcessId(i))) {
            pipeline.processes[i].parameters.retain(|(name, _)| name != SEED);
        }
    }
}
