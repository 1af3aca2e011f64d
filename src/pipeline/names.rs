//! The names of processes, and the edges between them.

use std::collections::{HashMap, HashSet};

use super::model::ProcessId;
use crate::diagnostic::{Diagnostic, Diagnostics, codes, nearest};
use crate::source::Spanned;
use crate::syntax::Config;

/// The processes by name.
pub(super) fn names<'c>(config: &'c Config, sink: &mut Diagnostics) -> HashMap<&'c str, ProcessId> {
    let mut names: HashMap<&str, ProcessId> = HashMap::new();
    for (i, process) in config.processes.iter().enumerate() {
        let name = &process.name;
        if let Some(why) = unusable(&name.value) {
            let message = format!("`{}` cannot be the name of a process", name.value);
            let error = Diagnostic::new(&codes::NAME, message).at(&config.source, name.span, why);
            sink.error(error.help("choose another name"));
        }
        if let Some(first) = names.insert(&name.value, ProcessId(i)) {
            let first = &config.processes[first.0].name;
            let message = format!("two processes are called `{}`", name.value);
            let error = Diagnostic::new(&codes::DUPLICATE_PROCESS, message)
                .at(&config.source, name.span, "the second one")
                .at(&config.source, first.span, "the first one")
                .help("rename one of them");
            sink.error(error);
        }
    }
    let processes = config.processes.iter().map(|process| &process.name);
    differ_by_case(processes, "processes", config, sink);
    differ_by_case(config.environments.iter().map(|one| &one.name), "environments", config, sink);
    names
}

fn unusable(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("empty"),
        "all" => Some("the target that builds everything"),
        name if name.len() > 200 => Some("longer than 200 bytes"),
        name if name.chars().any(char::is_control) => Some("has a control character"),
        _ => None,
    }
}

/// Reports names that would share a folder on file systems that ignore case.
fn differ_by_case<'c>(
    names: impl Iterator<Item = &'c Spanned<String>>,
    what: &str,
    config: &Config,
    sink: &mut Diagnostics,
) {
    let mut known: HashMap<String, &Spanned<String>> = HashMap::new();
    for name in names {
        let Some(first) = known.insert(name.value.to_lowercase(), name) else { continue };
        if first.value != name.value {
            let message = format!("the {what} `{}` and `{}` differ by case alone", first.value, name.value);
            let error = Diagnostic::new(&codes::CASE, message)
                .at(&config.source, name.span, "the second one")
                .at(&config.source, first.span, "the first one")
                .help("rename one of them: on macOS and Windows they would share a folder");
            sink.error(error);
        }
    }
}

/// The upstreams of each process, in the order in which their edges are written.
pub(super) fn edges(
    config: &Config,
    names: &HashMap<&str, ProcessId>,
    sink: &mut Diagnostics,
) -> Vec<Vec<ProcessId>> {
    for name in config.names.iter().filter(|name| !names.contains_key(name.value.as_str())) {
        sink.error_by(|| unknown_process(config, name));
    }
    let mut upstreams = vec![Vec::new(); config.processes.len()];
    let mut known = HashSet::new();
    for (from, to) in &config.edges {
        if from.value == to.value {
            let message = format!("`{}` depends on itself", from.value);
            let error = Diagnostic::new(&codes::SELF_EDGE, message);
            sink.error(error.at(&config.source, to.span, "its own source").help("remove this edge"));
            continue;
        }
        if let (Some(from), Some(to)) = (names.get(from.value.as_str()), names.get(to.value.as_str()))
            && known.insert((*from, *to))
        {
            upstreams[to.0].push(*from);
        }
    }
    upstreams
}

fn unknown_process(config: &Config, name: &Spanned<String>) -> Diagnostic {
    let error = Diagnostic::new(&codes::UNKNOWN_PROCESS, format!("unknown process `{}`", name.value)).at(
        &config.source,
        name.span,
        "no process has this name",
    );
    match nearest(&name.value, config.processes.iter().map(|p| p.name.value.as_str())) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help(format!("add `- name: {}` under `processes`", name.value)),
    }
}

/// Reports processes that are not in the graph.
pub(super) fn unused(config: &Config, sink: &mut Diagnostics) {
    let mentioned: HashSet<&str> = config.names.iter().map(|name| name.value.as_str()).collect();
    for process in &config.processes {
        let name = &process.name;
        // What cannot be a name has been told, and cannot be listed.
        let is_listed = mentioned.contains(name.value.as_str()) || unusable(&name.value).is_some();
        if !is_listed && process.probe_paths.is_empty() {
            sink.error_by(|| {
                let message = format!("`{}` is not listed in `process_adjlist`", name.value);
                let advice =
                    format!("add a line `{}` to `process_adjlist`, or remove the process", name.value);
                Diagnostic::new(&codes::UNUSED_PROCESS, message)
                    .at(&config.source, name.span, "nothing leads to it or from it")
                    .help(advice)
            });
        }
    }
}
