//! Parameters that nothing takes, and those that a seed layer overrides.

use std::collections::BTreeSet;

use serde_json::Value;

use super::model::{Function, Pipeline, Process, ProcessId, Work};
use crate::command;
use crate::diagnostic::{Diagnostic, Diagnostics, codes, list, nearest};
use crate::script::Library;
use crate::source::{Span, Spanned};
use crate::syntax::Config;

/// The parameter in which a function receives the seed.
pub(super) const SEED: &str = "random_seed";

/// The argument in which a function receives all parameters.
const CONTEXT: &str = "context";

/// The names that a process could take as parameters; `None` if it may take any.
fn takes(work: &Work) -> Option<Vec<String>> {
    match work {
        Work::Merge => Some(Vec::new()),
        Work::DynamicChart(_) => None,
        Work::Python(function) => function.takes.clone(),
        Work::Shell(shell) => command::parameters(&shell.command),
    }
}

/// The function that is given all parameters in a `context`.
fn with_context(work: &Work) -> Option<&Function> {
    let Work::Python(function) = work else { return None };
    function.takes.as_ref()?.iter().any(|name| name == CONTEXT).then_some(function)
}

/// Warns of parameters that no process takes.
pub(super) fn unused(pipeline: &Pipeline, config: &Config, library: &mut Library, sink: &mut Diagnostics) {
    let all: Vec<_> = pipeline.processes.iter().map(|process| takes(&process.work)).collect();
    for ((process, written), takes) in pipeline.processes.iter().zip(&config.processes).zip(&all) {
        let Some(takes) = takes else { continue };
        let functions: Vec<_> = with_context(&process.work).into_iter().collect();
        for (name, _) in written.parameters.iter().filter(|(name, _)| !takes.contains(&name.value)) {
            let given = written.parameters.iter().chain(&config.parameters);
            if is_unused(&name.value, &functions, given, library) {
                let message =
                    format!("`{}` does not take the parameter `{}`", written.name.value, name.value);
                sink.push(useless(name, message, takes.iter(), config));
            }
        }
    }
    let Some(all) = all.into_iter().collect::<Option<Vec<_>>>() else { return };
    let known: BTreeSet<String> = all.into_iter().flatten().collect();
    let functions: Vec<_> =
        pipeline.processes.iter().filter_map(|process| with_context(&process.work)).collect();
    for (name, _) in config.parameters.iter().filter(|(name, _)| !known.contains(&name.value)) {
        if is_unused(&name.value, &functions, config.parameters.iter(), library) {
            let message = format!("no process takes the parameter `{}`", name.value);
            sink.push(useless(name, message, known.iter(), config));
        }
    }
}

/// Whether a parameter that is no argument is not used. What has a `context` may look it up there: it is misspelt if it is
/// nearly an optional argument that nothing gives, and the code never names it.
fn is_unused<'p>(
    name: &str,
    with_context: &[&Function],
    mut given: impl Iterator<Item = &'p (Spanned<String>, Spanned<Value>)>,
    library: &mut Library,
) -> bool {
    let arguments = |function: &&Function| {
        let names = function.takes.clone().unwrap_or_default();
        names
            .into_iter()
            .filter(|name| name != CONTEXT && !function.requires.contains(name))
            .collect::<Vec<_>>()
    };
    let arguments: Vec<_> = with_context.iter().flat_map(arguments).collect();
    let Some(near) = nearest(name, arguments.iter().map(String::as_str)) else {
        return with_context.is_empty();
    };
    let is_given = given.any(|(other, _)| other.value == near);
    !is_given && !with_context.iter().any(|function| library.may_name(&function.script, &function.name, name))
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
