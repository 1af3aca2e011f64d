//! Templates of shell commands: checked when compiling, filled in when running. Every path and value is printed quoted
//! for the shell, so that no name can break a command.

mod error;
mod mapping;
mod template;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use minijinja::machinery::Token;
use minijinja::value::{Serde, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Value};

pub(crate) use error::CommandError;
pub(crate) use mapping::Input;
use mapping::{Missed, OrderedMap, gathered, printed_as_json};
pub(crate) use template::references;
use template::{environment, tokens};

use crate::numbers;
use crate::source::Span;

/// The name under which an aggregation finds how the missing ones among what it gathers failed.
pub(crate) const FAILED: &str = "failed";

/// What a template may refer to.
pub(crate) const NAMES: [&str; 6] = ["inputs", "outputs", "parameters", "partition", "seed", FAILED];

/// The filter that writes paths to a file, and gives that.
pub(crate) const LIST_FILE: &str = "list_file";

/// What to fill a template with.
#[derive(Debug, Default)]
pub(crate) struct Filling {
    /// Inputs by key.
    pub inputs: Vec<(String, Input)>,
    /// Output files by key.
    pub outputs: Vec<(String, Utf8PathBuf)>,
    /// Parameters by name.
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// The number of the innermost partition.
    pub partition: Option<u64>,
    /// The innermost seed.
    pub seed: Option<u64>,
    /// How the missing ones among what it gathers failed: kinds by label.
    pub failed: serde_json::Value,
    /// The folder of the files that `list_file` writes.
    pub lists: Utf8PathBuf,
}

/// Checks the syntax of a template and its top-level names.
pub(crate) fn check(source: &str) -> Result<(), CommandError> {
    let environment = environment();
    let template = environment.template_from_str(source)?;
    let unknown =
        template.undeclared_variables(false).into_iter().find(|name| !NAMES.contains(&name.as_str()));
    if let Some(name) = unknown {
        let span = find(source, &name);
        let message = format!("nothing is called `{name}`");
        return Err(CommandError { message, span, name: Some(name), help: None });
    }
    match applied(source).find(|applied| !applied.is_known(&environment)) {
        None => Ok(()),
        Some(Applied { kind, name, span }) => Err(CommandError {
            message: format!("there is no {kind} `{name}`"),
            span: Some(span),
            name: Some(name),
            help: None,
        }),
    }
}

/// A filter or a test in a template.
struct Applied {
    /// `filter` or `test`.
    kind: &'static str,
    name: String,
    span: Span,
}

impl Applied {
    /// Which filters and tests there are is known only to who applies one.
    fn is_known(&self, environment: &Environment<'_>) -> bool {
        let (sign, unknown) = match self.kind {
            "filter" => ("|", ErrorKind::UnknownFilter),
            _ => ("is", ErrorKind::UnknownTest),
        };
        let expression = format!("none {sign} {}", self.name);
        let applied = environment.compile_expression(&expression).and_then(|compiled| compiled.eval(()));
        self.name == LIST_FILE || !applied.is_err_and(|error| error.kind() == unknown)
    }
}

/// The filters and tests in a template that can be read.
fn applied(source: &str) -> impl Iterator<Item = Applied> {
    let tokens = tokens(source);
    let count = tokens.len();
    let kind = move |i: usize| {
        let before = |steps: usize| i.checked_sub(steps).map(|at| &tokens[at].0);
        let Token::Ident(name) = tokens[i].0 else { return None };
        let kind = match (before(1), before(2)) {
            (Some(Token::Pipe), _) => "filter",
            (Some(Token::Ident("filter")), Some(Token::BlockStart)) => "filter",
            (Some(Token::Ident("is")), _) if name != "not" => "test",
            (Some(Token::Ident("not")), Some(Token::Ident("is"))) => "test",
            _ => return None,
        };
        Some(Applied { kind, name: name.to_owned(), span: tokens[i].1 })
    };
    (0..count).filter_map(kind)
}

/// Whether a template prints `name` by itself, and does nothing else with it.
pub(crate) fn only_prints(template: &str, name: &str) -> bool {
    let tokens = tokens(template);
    let is_it = |i: &usize| matches!(tokens[*i].0, Token::Ident(word) if word == name);
    let is_alone = |i: usize| {
        i > 0
            && matches!(tokens[i - 1].0, Token::VariableStart)
            && matches!(tokens.get(i + 1), Some((Token::VariableEnd, _)))
    };
    let mut found = (0..tokens.len()).filter(is_it).peekable();
    found.peek().is_some() && found.all(is_alone)
}

/// The parameters that a template names; `None` if it may use any of them.
pub(crate) fn parameters(template: &str) -> Option<Vec<String>> {
    members(template, "parameters")
}

/// The input keys that a template names; `None` if it may use any of them.
pub(crate) fn inputs(template: &str) -> Option<Vec<String>> {
    members(template, "inputs")
}

/// The members of the mapping `kind` that a template names, sorted; `None` if it may use any of them.
pub(crate) fn members(template: &str, kind: &str) -> Option<Vec<String>> {
    let environment = environment();
    let names: HashSet<String> = environment.template_from_str(template).ok()?.undeclared_variables(true);
    if names.contains(kind) {
        return None;
    }
    let member = |name: &String| {
        let rest = name.strip_prefix(kind)?.strip_prefix('.')?;
        Some(rest.split('.').next().unwrap_or_default().to_owned())
    };
    let mut members: Vec<_> = names.iter().filter_map(member).collect();
    members.sort();
    members.dedup();
    Some(members)
}

/// Whether a template uses `name`, one of [`NAMES`].
pub(crate) fn uses(template: &str, name: &str) -> bool {
    let environment = environment();
    let names = environment.template_from_str(template).map(|t| t.undeclared_variables(false));
    names.map_or(true, |names| names.contains(name))
}

/// Where a template contains `word` as a whole word inside braces.
pub(crate) fn find(template: &str, word: &str) -> Option<Span> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let fits = |start: &usize| {
        let (before, after) = (&template[..*start], &template[start + word.len()..]);
        let in_braces =
            before.rfind("{{").max(before.rfind("{%")) > before.rfind("}}").max(before.rfind("%}"));
        in_braces && !before.ends_with(|c| is_part(c) || c == '.') && !after.starts_with(is_part)
    };
    let start = template.match_indices(word).map(|(start, _)| start).find(fits)?;
    Some(Span::new(start, start + word.len()))
}

/// Fills in a template.
pub(crate) fn fill(template: &str, filling: Filling) -> Result<String, CommandError> {
    let missed = Missed::default();
    let outputs = filling.outputs.into_iter().map(|(key, path)| (key, Value::from(path.into_string())));
    let parameters = filling.parameters.into_iter();
    let parameters = parameters.map(|(name, value)| (name, Value::from(Serde(numbers::as_texts(value)))));
    let context = minijinja::context! {
        inputs => gathered(filling.inputs, "inputs", &missed),
        outputs => OrderedMap::value(outputs.collect(), "outputs", &missed),
        parameters => OrderedMap::value(parameters.collect(), "parameters", &missed),
        partition => filling.partition,
        seed => filling.seed,
        failed => printed_as_json(filling.failed, FAILED, &missed),
    };
    let mut environment = environment();
    let (folder, count) = (filling.lists, AtomicUsize::new(0));
    let list_file = move |value: Value| {
        let path = folder.join(format!("list{}.txt", count.fetch_add(1, Ordering::Relaxed) + 1));
        write_list(&path, &value).map(|()| path.into_string())
    };
    environment.add_filter(LIST_FILE, list_file);
    environment.render_str(template, context).map_err(|error| match missed.take() {
        Some(missed) if error.kind() == ErrorKind::UndefinedError => missed,
        _ => error.into(),
    })
}

/// Writes the paths in an input to a file, one per line: with thousands of partitions, the command line would exceed
/// the system's limit.
fn write_list(path: &Utf8Path, value: &Value) -> Result<(), Error> {
    let mut lines = Vec::new();
    collect(value, &mut lines)?;
    if lines.iter().any(|line| line.contains('\n')) {
        let message = "a path with a newline cannot be part of a list file";
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let written =
        path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(path, text));
    written
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, format!("cannot write `{path}`: {error}")))
}

/// Collects the texts in a value, at any depth, in order.
fn collect(value: &Value, lines: &mut Vec<String>) -> Result<(), Error> {
    match (value.kind(), value.as_str()) {
        (ValueKind::Map, _) => value.try_iter()?.try_for_each(|key| collect(&value.get_item(&key)?, lines)),
        (ValueKind::Seq | ValueKind::Iterable, _) => {
            value.try_iter()?.try_for_each(|item| collect(&item, lines))
        }
        (_, Some(text)) => {
            lines.push(text.to_owned());
            Ok(())
        }
        _ => {
            lines.push(value.to_string());
            Ok(())
        }
    }
}
