//! Warns of imports that neither the project nor the interpreter can satisfy.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::project::Project;
use crate::diagnostic::{Diagnostic, Diagnostics, codes, list, nearest};
use crate::exec;
use crate::script::{self, Foreign};

const INSTALL: &str =
    "install it; or, if another build makes it, add its path to the `files` of the processes that use it";
/// Our own package, which a project imports.
const OURS: [&str; 1] = ["expops"];

/// The modules that a misspelt one may have been meant to be.
struct Known<'a> {
    /// Where the project's modules are.
    folders: &'a [Utf8PathBuf],
    /// The project's own.
    own: Vec<String>,
    /// What the project imports elsewhere and is installed.
    libraries: Vec<&'a str>,
}

/// If another build makes the module, it may or may not be there when the process runs.
pub(super) fn report_absent(
    imports: &[Foreign],
    (python, folders): (&str, &[Utf8PathBuf]),
    project: &Project,
    sink: &mut Diagnostics,
) {
    let libraries: BTreeSet<_> = imports.iter().filter_map(|import| import.library.clone()).collect();
    let libraries: Vec<_> = libraries.into_iter().collect();
    let absent = exec::not_installed(python, &project.folder, &libraries);
    let there = libraries.iter().filter(|name| !absent.contains(name)).map(String::as_str).collect();
    let known = Known { folders, own: modules(folders, project), libraries: there };
    let is_absent =
        |import: &&Foreign| import.library.as_ref().is_none_or(|library| absent.contains(library));
    let mut told = BTreeSet::new();
    for import in imports.iter().filter(is_absent) {
        if told.insert(&import.module) {
            sink.push(match &import.beside {
                Some(beside) => not_ours(import, beside),
                None => not_there(import, &known),
            });
        }
    }
}

fn not_there(import: &Foreign, known: &Known<'_>) -> Diagnostic {
    let module = &import.module;
    let warning = Diagnostic::new(&codes::MISSING_MODULE, format!("there is no module `{module}`"));
    let warning = warning.at(&import.source, import.span, "neither in the project nor installed");
    let own = known.own.iter().map(String::as_str).chain(OURS);
    if let Some(near) = nearest(module, own) {
        return warning.help(format!("did you mean `{near}`?"));
    }
    if known.folders.iter().any(|folder| folder.file_name() == Some(module)) {
        let help =
            format!("leave `{module}.` out: what is in a script's own folder is imported by its name alone");
        return warning.help(help);
    }
    let installed = known.libraries.iter().copied().chain(script::standard_modules());
    warning.help(match nearest(module, installed) {
        Some(near) => format!("did you mean `{near}`? Otherwise {INSTALL}"),
        None => INSTALL.to_owned(),
    })
}

/// The warning that a module of ours does not have what is imported from it.
fn not_ours(import: &Foreign, beside: &[&str]) -> Diagnostic {
    let (module, name) = import.module.rsplit_once('.').unwrap_or_default();
    let warning = Diagnostic::new(&codes::MISSING_MODULE, format!("`{module}` has no `{name}`"));
    let warning = warning.at(&import.source, import.span, "cannot be imported");
    warning.help(match nearest(name, beside.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has {}", list(beside.iter().copied())),
    })
}

/// The names of the modules in `folders`, where the project's modules are imported from.
fn modules(folders: &[Utf8PathBuf], project: &Project) -> Vec<String> {
    let entries =
        folders.iter().filter_map(|folder| project.at(folder).read_dir_utf8().ok()).flatten().flatten();
    let stem =
        |path: &Utf8Path| path.file_stem().filter(|_| path.extension() == Some("py")).map(str::to_owned);
    let mut names: Vec<_> = entries.filter_map(|entry| stem(entry.path())).collect();
    names.sort();
    names
}
