//! The files that a process declares as its outputs.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::model::{Function, Work};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, codes};
use crate::source::Spanned;
use crate::syntax::{Config, ProcessConfig};

/// The longest name that file systems take, in bytes.
const LONGEST: usize = 255;

/// The key and file of each declared output, in an order that does not depend on how they are written.
pub(super) fn declared(
    written: &ProcessConfig,
    config: &Config,
    sink: &mut Diagnostics,
) -> Vec<(String, Utf8PathBuf)> {
    let mut outputs: Vec<(String, Utf8PathBuf)> = Vec::new();
    for (key, file) in &written.outputs {
        let path = Utf8PathBuf::from(&file.value);
        let mut refuse = |code: &'static Code, message: String, label: &str, help: &str| {
            sink.error(Diagnostic::new(code, message).at(&config.source, file.span, label).help(help));
        };
        if !stays_inside(&path) {
            let message = format!("the output `{}` leaves the folder of its instance", key.value);
            let help = "write a relative path without `..`, such as `result.txt`";
            refuse(&codes::PATH_OUTSIDE, message, "not inside", help);
        }
        if file.value.ends_with('/') || file.value.ends_with("/.") {
            let message = format!("the output `{}` ends in a slash", key.value);
            let help = "write its name alone, whether it is a file or a folder";
            refuse(&codes::OUTPUT, message, "not a name", help);
        }
        if outputs.iter().any(|(_, other)| *other == path) {
            let message = format!("two outputs are the file `{path}`");
            refuse(&codes::OUTPUT_CLASH, message, "the second one", "give each output a file of its own");
        }
        let is_one_in_the_other = |(_, other): &&(String, Utf8PathBuf)| {
            *other != path && (other.starts_with(&path) || path.starts_with(other))
        };
        if let Some((_, other)) = outputs.iter().find(is_one_in_the_other) {
            let message = format!("of the outputs `{other}` and `{path}` one is inside the other");
            let help = "give each output a place of its own, or declare the folder alone: who takes it finds the file in it";
            refuse(&codes::OUTPUT_CLASH, message, "the second one", help);
        }
        if path.components().any(|part| part.as_str().len() > LONGEST) {
            let message = format!("the output `{}` has a name of more than {LONGEST} bytes", key.value);
            refuse(&codes::OUTPUT, message, "too long for a file", "choose a shorter name");
        }
        outputs.push((key.value.clone(), path));
    }
    outputs.sort();
    outputs
}

/// `work` with the outputs that its process declares; those of a command are known already. `is_plain`: the
/// process is neither a split nor a chart.
pub(super) fn of_work(
    mut work: Work,
    is_plain: bool,
    written: &ProcessConfig,
    config: &Config,
    sink: &mut Diagnostics,
) -> Work {
    match &mut work {
        Work::Shell(_) => {}
        Work::Python(function) if is_plain => {
            for (key, file) in &written.outputs {
                of_function(function, key, file, config, sink);
            }
            function.outputs = declared(written, config, sink);
        }
        _ => {
            for (key, _) in &written.outputs {
                let message = format!("`{}` cannot declare the output `{}`", written.name.value, key.value);
                let error = Diagnostic::new(&codes::OUTPUT, message);
                let error =
                    error.at(&config.source, key.span, "a split or a chart hands on no file by a name");
                sink.error(error.help("remove it, or let a process of its own make the file"));
            }
        }
    }
    work
}

/// Reports an output that the function cannot make: its value is stored under the key, in a file with the name
/// of the returned path.
fn of_function(
    function: &Function,
    key: &Spanned<String>,
    file: &Spanned<String>,
    config: &Config,
    sink: &mut Diagnostics,
) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut refuse = |message: String, span, label: &str, help: &str| {
        let error = Diagnostic::new(&codes::OUTPUT, message).at(&config.source, span, label);
        sink.error(error.help(help));
    };
    if let Some(returns) = function.returns.as_ref().filter(|keys| !keys.contains(&key.value)) {
        let message = format!("`{}` returns no key `{}`", function.name, key.value);
        let help = format!("it returns {}", crate::diagnostic::list(returns.iter().map(String::as_str)));
        refuse(message, key.span, "not returned", &help);
    } else if !key.value.chars().all(is_word) || key.value.starts_with('-') {
        let message = format!("the output `{}` of a Python process cannot be a file", key.value);
        refuse(message, key.span, "not a plain word", "write letters, digits, `_` and `-`");
    }
    if Utf8Path::new(&file.value).components().count() != 1 {
        let message = format!("the output `{}` of a Python process is a file without a folder", key.value);
        refuse(message, file.span, "has a folder", "write the name that the returned path ends in");
    }
}

fn stays_inside(path: &Utf8Path) -> bool {
    let mut parts = path.components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Utf8Component::Normal(_)))
}
