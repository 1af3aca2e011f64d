//! Checks the template of a shell command, as far as the project file tells what it may refer to.

use std::collections::BTreeSet;

use super::model::{Process, Work};
use crate::command;
use crate::diagnostic::{Diagnostic, Diagnostics, codes, nearest};
use crate::source::Spanned;
use crate::syntax::{Config, ProcessConfig, place_in};

/// Reports what cannot be read, and references to outputs and parameters that are not declared.
pub(super) fn check(
    written: &ProcessConfig,
    command: &Spanned<String>,
    config: &Config,
    sink: &mut Diagnostics,
) {
    let Err(error) = command::check(&command.value) else {
        nothing_gathered(written, command, config, sink);
        return undeclared(written, command, config, sink);
    };
    let span = error.span.map_or(command.span, |span| place_in(&config.source, command, span));
    let message = format!("the command of `{}` cannot be read: {}", written.name.value, error.message);
    let near =
        error.name.and_then(|name| nearest(&name, command::NAMES.into_iter().chain([command::LIST_FILE])));
    let help = near.map_or_else(
        || {
            "write `{{ inputs.KEY }}`, `{{ outputs.KEY }}`, `{{ parameters.NAME }}`, `{{ partition }}` or `{{ seed }}`"
                .to_owned()
        },
        |near| format!("did you mean `{near}`?"),
    );
    sink.error(Diagnostic::new(&codes::COMMAND, message).at(&config.source, span, "here").help(help));
}

/// Reports a command that asks how things failed and gathers none.
fn nothing_gathered(
    written: &ProcessConfig,
    command: &Spanned<String>,
    config: &Config,
    sink: &mut Diagnostics,
) {
    let name = command::FAILED;
    if written.closes() || !command::uses(&command.value, name) {
        return;
    }
    let place = command::find(&command.value, name);
    let span = place.map_or(command.span, |span| place_in(&config.source, command, span));
    let message = format!("the command of `{}` uses `{name}`, and gathers nothing", written.name.value);
    let help = "`{{ failed }}` is for a process with `data_aggregation: true` or `seed_aggregation: true`";
    sink.error(Diagnostic::new(&codes::COMMAND, message).at(&config.source, span, "here").help(help));
}

fn undeclared(written: &ProcessConfig, command: &Spanned<String>, config: &Config, sink: &mut Diagnostics) {
    let name = &written.name.value;
    let outputs: Vec<&str> = written.outputs.iter().map(|(key, _)| key.value.as_str()).collect();
    let both = config.parameters.iter().chain(&written.parameters);
    let parameters: Vec<&str> = both.map(|(name, _)| name.value.as_str()).collect();
    for (kind, known) in [("outputs", outputs), ("parameters", parameters)] {
        let mut told = BTreeSet::new();
        for reference in command::references(&command.value, kind) {
            let member = &reference.path[0];
            if known.contains(&member.as_str()) || !told.insert(member.clone()) {
                continue;
            }
            let word = format!("{kind}.{member}");
            let span = place_in(&config.source, command, reference.span(1));
            let message = format!("the command of `{name}` uses `{word}`, which is not declared");
            let help = match nearest(member, known.iter().copied()) {
                Some(near) => format!("did you mean `{kind}.{near}`?"),
                None => format!("add `{member}` under `{kind}` of this process"),
            };
            let label = format!("no such entry of `{kind}`");
            sink.error(Diagnostic::new(&codes::COMMAND, message).at(&config.source, span, label).help(help));
        }
    }
}

/// Warns of a command that prints the partition or the seed where there is none. One that asks whether there is one may do
/// so anywhere.
pub(super) fn labels(process: &Process, written: &ProcessConfig, config: &Config, sink: &mut Diagnostics) {
    let (Work::Shell(shell), Some(text)) = (&process.work, &written.command) else { return };
    let has_seed = !process.place.seed.is_empty() || process.random_seed.is_some();
    let labels = [
        ("partition", !process.place.data.is_empty(), "put it below a split by data"),
        ("seed", has_seed, "put it below a split by seed, or set `reproducibility: {random_seed: …}`"),
    ];
    for (name, is_there, help) in labels {
        if is_there || !command::only_prints(&shell.command, name) {
            continue;
        }
        let part = command::find(&shell.command, name);
        let place = part.map_or(text.span, |part| place_in(&config.source, text, part));
        let message = format!("`{}` has no {name}, so `{{{{ {name} }}}}` is empty", process.name);
        let warning = Diagnostic::new(&codes::OTHER_MEANING, message).at(&config.source, place, "empty");
        sink.push(warning.help(format!("remove it, or {help}")));
    }
}
