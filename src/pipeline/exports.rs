//! Copies of outputs, outside the build folder: `export`.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::model::{Export, Process, ProcessId, Work};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, codes, list, nearest};
use crate::file::normal;
use crate::source::Spanned;
use crate::syntax::Config;

/// What each process exports. `processes` are in the order of the project file, and at their places.
pub(super) fn check(processes: &mut [Process], config: &Config, sink: &mut Diagnostics) {
    let mut taken: Vec<(Utf8PathBuf, ProcessId)> = Vec::new();
    for (i, written) in config.processes.iter().enumerate() {
        for (key, path) in &written.exports {
            let checked = of_process(&processes[i], key, path);
            let clashing = checked.as_ref().ok().and_then(|export| clash(&export.to, &taken));
            match (checked, clashing) {
                (Ok(_), Some((to, id))) => {
                    let message = format!("`{to}` is exported by `{}` already", processes[id.0].name);
                    let error = Diagnostic::new(&codes::EXPORT, message);
                    let error = error.at(&config.source, path.span, "the same file, or a folder for a file");
                    sink.error(error.help("give each copy a path of its own"));
                }
                (Ok(export), None) => {
                    taken.push((export.to.clone(), ProcessId(i)));
                    processes[i].exports.push(export);
                }
                (Err(wrong), _) => {
                    let error = Diagnostic::new(wrong.code, wrong.message);
                    let place = if wrong.is_key { key.span } else { path.span };
                    sink.error(error.at(&config.source, place, wrong.label).help(wrong.help));
                }
            }
        }
    }
}

/// Whether one of the two paths is the other, or a folder above it.
pub(crate) fn overlaps(a: &Utf8Path, b: &Utf8Path) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

fn clash<'t>(to: &Utf8Path, taken: &'t [(Utf8PathBuf, ProcessId)]) -> Option<&'t (Utf8PathBuf, ProcessId)> {
    taken.iter().find(|(other, _)| overlaps(other, to))
}

/// What is wrong with an entry: its key, or its path.
struct Wrong {
    code: &'static Code,
    message: String,
    label: &'static str,
    help: String,
    is_key: bool,
}

fn of_process(process: &Process, key: &Spanned<String>, path: &Spanned<String>) -> Result<Export, Wrong> {
    let name = &process.name;
    let outputs = declared(&process.work);
    let key = match outputs {
        // A path without a key.
        [(only, _)] if key.value.is_empty() => only,
        _ if outputs.iter().any(|(output, _)| *output == key.value) => &key.value,
        _ => return Err(unknown(name, key, outputs)),
    };
    let wrong = |code, message, label, help: &str| Wrong {
        code,
        message,
        label,
        help: help.to_owned(),
        is_key: false,
    };
    let parts = || Utf8Path::new(&path.value).components();
    let is_inside = parts().any(|part| matches!(part, Utf8Component::Normal(_)))
        && parts().all(|part| matches!(part, Utf8Component::Normal(_) | Utf8Component::CurDir))
        && !path.value.ends_with('/');
    if !is_inside {
        let message = format!("`{name}` exports `{key}` to a path that is no file of the project");
        let help = "write a relative path without `..`, such as `results/report.html`";
        return Err(wrong(&codes::PATH_OUTSIDE, message, "not inside", help));
    }
    if parts().any(|part| part.as_str() == ".git") {
        let message = format!("`{name}` exports `{key}` into the folder of git");
        return Err(wrong(
            &codes::EXPORT,
            message,
            "git's own",
            "write a path of the project, such as `results/report.html`",
        ));
    }
    if !(process.place.data.is_empty() && process.place.seed.is_empty()) {
        let message =
            format!("`{name}` runs in a layer, and all its instances would export `{key}` to one file");
        let help = "export what an aggregation makes of them";
        return Err(wrong(&codes::EXPORT, message, "one path for all", help));
    }
    Ok(Export { key: key.clone(), to: normal(Utf8Path::new(&path.value)), span: path.span })
}

/// The outputs that a process declares.
fn declared(work: &Work) -> &[(String, Utf8PathBuf)] {
    match work {
        Work::Python(function) => &function.outputs,
        Work::Shell(shell) => &shell.outputs,
        Work::Merge | Work::DynamicChart(_) => &[],
    }
}

fn unknown(name: &str, key: &Spanned<String>, outputs: &[(String, Utf8PathBuf)]) -> Wrong {
    let keys = || outputs.iter().map(|(key, _)| key.as_str());
    let (message, label) = match key.value.as_str() {
        "" => (format!("`{name}` does not say which of its outputs it exports"), "a path without a key"),
        key => (format!("`{name}` exports `{key}`, which is none of its `outputs`"), "not an output"),
    };
    let help = match (nearest(&key.value, keys()), outputs.is_empty()) {
        (_, true) => "declare the file that it makes: `outputs: {KEY: FILE}`".to_owned(),
        (Some(near), false) => format!("did you mean `{near}`?"),
        (None, false) => format!("write `export: {{KEY: PATH}}`; it declares {}", list(keys())),
    };
    Wrong { code: &codes::EXPORT, message, label, help, is_key: true }
}
