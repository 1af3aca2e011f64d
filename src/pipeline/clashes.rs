//! Inputs that are known to clash before anything runs: those from shell processes, whose keys are in the
//! project file. What Python functions return is not known here.

use std::collections::HashMap;

use super::model::ProcessId;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::source::Span;
use crate::syntax::{Config, ProcessConfig};

/// A key that a process is known to receive.
struct InputKey<'c> {
    key: &'c str,
    process: &'c str,
    span: Span,
}

/// Reports a key that a process receives from two upstreams, or that is also one of its parameters.
pub(super) fn check(
    written: &ProcessConfig,
    upstreams: &[ProcessId],
    config: &Config,
    sink: &mut Diagnostics,
) {
    let name = &written.name;
    let known = known(written, upstreams, config);
    let mut first_of: HashMap<&str, &InputKey<'_>> = HashMap::new();
    for second in &known {
        let key = second.key;
        if let Some(first) = first_of.get(key) {
            let (a, b) = (first.process, second.process);
            let message = format!("`{}` gets `{key}` from two upstreams: `{a}` and `{b}`", name.value);
            let error = Diagnostic::new(&codes::INPUT_CLASH, message)
                .at(&config.source, name.span, "has one place for both")
                .at(&config.source, first.span, format!("an output of `{a}`"))
                .at(&config.source, second.span, format!("an output of `{b}`"))
                .help(format!("name them apart: `inputs: {{{key}: {a}.{key}, other: {b}.{key}}}`"));
            sink.error(error);
        } else if let Some((parameter, _)) =
            written.parameters.iter().find(|(parameter, _)| parameter.value == key)
        {
            let message = format!(
                "`{}` gets `{key}` from `{}` and has a parameter `{key}`",
                name.value, second.process
            );
            let error = Diagnostic::new(&codes::INPUT_CLASH, message)
                .at(&config.source, parameter.span, "the parameter")
                .at(&config.source, second.span, format!("an output of `{}`", second.process))
                .help("rename the parameter or the key");
            sink.error(error);
        }
        first_of.entry(key).or_insert(second);
    }
}

/// The outputs of shell processes that arrive under their own names.
fn known<'c>(written: &ProcessConfig, upstreams: &[ProcessId], config: &'c Config) -> Vec<InputKey<'c>> {
    let mut known = Vec::new();
    for upstream in
        upstreams.iter().map(|id| &config.processes[id.0]).filter(|upstream| upstream.command.is_some())
    {
        for (key, _) in &upstream.outputs {
            let process = upstream.name.value.as_str();
            let is_this = |source: &str| source == key.value || source == format!("{process}.{}", key.value);
            if !written.inputs.iter().any(|(_, source)| is_this(&source.value)) {
                known.push(InputKey { key: &key.value, process, span: key.span });
            }
        }
    }
    known
}
