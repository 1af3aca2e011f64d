//! Checks the template of a shell command, as far as the project file tells what it may refer to.

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
        return undeclared(written, command, config, sink);
    };
    let span = error.span.map_or(command.span, |span| place_in(&config.source, command, span));
    let message = format!("the command of `{}` cannot be read: {}", written.name.value, error.message);
    let near = error.name.and_then(|name| nearest(&name, command::NAMES.iter().copied()));
    let help = near.map_or_else(
        || {
            "write `{{ inputs.KEY }}`, `{{ outputs.KEY }}`, `{{ parameters.NAME }}`, `{{ partition }}` or `{{ seed }}`; the filters are those of MiniJinja, and `list_file`"
                .to_owned()
        },
        |near| format!("did you mean `{near}`?"),
    );
    sink.error(Diagnostic::new(&codes::COMMAND, message).at(&config.source, span, "here").help(help));
}

fn undeclared(written: &ProcessConfig, command: &Spanned<String>, config: &Config, sink: &mut Diagnostics) {
    let name = &written.name.value;
    let outputs: Vec<&str> = written.outputs.iter().map(|(key, _)| key.value.as_str()).collect();
    let both = config.parameters.iter().chain(&written.parameters);
    let parameters: Vec<&str> = both.map(|(name, _)| name.value.as_str()).collect();
    for (kind, known) in [("outputs", outputs), ("parameters", parameters)] {
        let used = command::members(&command.value, kind).unwrap_or_default();
        for member in used.iter().filter(|member| !known.contains(&member.as_str())) {
            let word = format!("{kind}.{member}");
            let place = command::find(&command.value, &word);
            let span = place.map_or(command.span, |span| place_in(&config.source, command, span));
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
