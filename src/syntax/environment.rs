//! `environment`: names, managers and requirement files, in the spellings of existing projects. What expops
//! cannot make is refused here, by name.

use serde_json::{Value, json};

use super::config::EnvironmentConfig;
use super::fields::{Field, Table};
use super::node::{Key, Kind, Node, owned};
use super::reader::Reader;
use super::shape;
use crate::defaults;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{Spanned, clip};

const HELP: &str = "write `NAME: {venv: [requirements.txt]}`";
const WHAT_WORKS: &str = "write `venv` (or `uv`) and requirement files as pip reads them, or make the environment \
                          yourself and name its interpreter: `expops compile --python PATH`";
const PIP_FILE: &str = "list the packages in a file as pip reads it, such as `requirements.txt`";
const UV_PROJECT: &str = "write `uv: [pyproject.toml]`, with the `uv.lock` that `uv lock` makes beside it, or list the \
                          packages in a file as pip reads it, such as `requirements.txt`";
/// Files of other programs.
const FOREIGN_ENDS: [&str; 6] = [".toml", ".lock", ".yml", ".yaml", ".json", ".cfg"];
const FOREIGN_NAMES: [&str; 2] = ["Pipfile", "setup.py"];
/// The oldest Python that the runtime works with: 3.9.
const OLDEST_MINOR: u32 = 9;

// The fields that an environment and its manager have in common.
const REQUIREMENTS: Field<EnvironmentConfig> =
    Field::renamed("requirements", "files", "Requirement files.", uv_files, |to, key, node, reader| {
        to.files.extend(files(key, node, reader));
    });
const PYTHON: Field<EnvironmentConfig> =
    Field::renamed("python", "python_version", "The version of Python: `\"3.12\"`.", python_schema, python);
const NAME: Field<EnvironmentConfig> =
    Field::ignored("name", "remove it: the environment has the name of its key");
const PATH: Field<EnvironmentConfig> =
    Field::ignored("path", "remove it: environments are made in the build folder");

const ENVIRONMENT: Table<EnvironmentConfig> = Table {
    of: "an environment",
    fields: &[
        Field::new("venv", "Requirement files, as pip reads them.", venv_schema, manager),
        Field::new(
            "uv",
            "The same, installed with `uv` where there is one; or `pyproject.toml`, with `uv.lock` beside it.",
            uv_schema,
            manager,
        ),
        REQUIREMENTS,
        Field::renamed("manager", "type", "`venv` or `uv`.", manager_schema, |to, key, node, reader| {
            if let Some(name) = reader.text(key, node) {
                set_manager(to, name, reader);
            }
        }),
        PYTHON,
        Field::note("description", "What it is for."),
        NAME,
        PATH,
        Field::refused("conda", refused),
        Field::refused("mamba", refused),
        Field::refused("micromamba", refused),
        Field::refused("pixi", refused),
        Field::refused("poetry", refused),
        Field::refused("pipenv", refused),
        Field::refused("pdm", refused),
        Field::refused("hatch", refused),
        Field::refused("pyenv", refused),
        Field::refused("virtualenv", refused),
        Field::refused("pip", refused),
        Field::refused("docker", refused),
        Field::refused("nix", refused),
        Field::refused("system", refused),
    ],
    hints: &[],
};

/// The fields of a manager that is a mapping rather than a list of files.
const MANAGED: Table<EnvironmentConfig> =
    Table { of: "an environment's manager", fields: &[REQUIREMENTS, PYTHON, NAME, PATH], hints: &[] };

/// The JSON schema of `environment`.
pub(super) fn schema() -> Value {
    let mut one = shape::either([ENVIRONMENT.schema(), files_schema("")]);
    for (manager, other) in [("venv", "uv"), ("uv", "venv")] {
        let its_own = json!({"enum": [manager, null]});
        let fields = json!({other: false, "manager": its_own, "type": its_own});
        one["dependentSchemas"][manager] = json!({"properties": fields});
    }
    json!({"type": ["object", "null"], "additionalProperties": one})
}

/// Files that do not look as if they were for another program than pip, or have one of the names `but`.
fn files_schema(but: &str) -> Value {
    let foreign = FOREIGN_ENDS.map(|end| end.replace('.', r"\.")).join("|");
    let names = FOREIGN_NAMES.join("|");
    let file =
        json!({"type": "string", "pattern": format!(r"^({but}(?!.*({foreign})$)(?!(.*/)?({names})$))")});
    let list = json!({"type": ["array", "null"], "items": file});
    shape::either([file, list])
}

fn uv_files() -> Value {
    files_schema(r"(.*/)?(pyproject\.toml|uv\.lock)$|")
}

fn venv_schema() -> Value {
    shape::either([files_schema(""), MANAGED.schema()])
}

fn uv_schema() -> Value {
    shape::either([uv_files(), MANAGED.schema()])
}

/// A number is seen as it is written by the parser only: 3.10 and 3.1 are one for a schema.
fn python_schema() -> Value {
    let version = format!(r"3(\.({OLDEST_MINOR}|[1-9][0-9]+))?");
    let pattern = format!(r"^\s*(.*/.*|(python|pypy).*|{version})\s*$");
    json!({"type": ["string", "number", "null"], "pattern": pattern, "minimum": 3, "exclusiveMaximum": 4})
}

fn manager_schema() -> Value {
    json!({"enum": ["venv", "uv", null]})
}

/// Reads the top-level `environment`.
pub(super) fn read(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Vec<EnvironmentConfig> {
    let entries = reader.mapping(key, node, "write `environment: {NAME: {venv: [requirements.txt]}}`");
    entries.iter().map(|(name, node)| environment(name, node, reader)).collect()
}

fn environment(name: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> EnvironmentConfig {
    let mut environment =
        EnvironmentConfig { name: owned(name), manager: None, files: Vec::new(), python: None };
    match &node.kind {
        Kind::Map(fields) => ENVIRONMENT.read(fields, &mut environment, reader),
        _ => environment.files = files(name, node, reader),
    }
    insist_on_files(&mut environment, reader);
    environment
}

/// Refuses files that only other programs can read. For a project of `uv`, naming one of its two files means both.
fn insist_on_files(environment: &mut EnvironmentConfig, reader: &mut Reader<'_>) {
    let is_uv = environment.manager.as_ref().is_some_and(|manager| manager.value == "uv");
    let of_uv = |file: &Spanned<String>| matches!(base(&file.value), "pyproject.toml" | "uv.lock");
    let Some(first) = environment.files.iter().find(|file| of_uv(file) && is_uv).cloned() else {
        return environment.files.iter().filter(|file| is_foreign(&file.value)).for_each(|file| {
            let message = format!("`{}` is not a requirements file", clip(&file.value));
            let help = if of_uv(file) { UV_PROJECT } else { PIP_FILE };
            reader.report(&codes::ENVIRONMENT, (file.span, "not supported"), message, help);
        });
    };
    let folder =
        |file: &Spanned<String>| file.value.strip_suffix(base(&file.value)).unwrap_or_default().to_owned();
    let beside = folder(&first);
    if let Some(other) = environment.files.iter().find(|file| !of_uv(file) || folder(file) != beside) {
        let message = format!("`{}` cannot be installed beside `{}`", clip(&other.value), clip(&first.value));
        let help = "`uv.lock` names all packages: add these with `uv add`, or name requirement files alone";
        reader.report(&codes::ENVIRONMENT, (other.span, "not a part of that project"), message, help);
    }
    let file = |name: &str| Spanned::new(format!("{beside}{name}"), first.span);
    environment.files = vec![file("pyproject.toml"), file("uv.lock")];
}

/// The last part of a path.
fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn is_foreign(path: &str) -> bool {
    let name = base(path);
    FOREIGN_ENDS.iter().any(|end| name.ends_with(end)) || FOREIGN_NAMES.contains(&name)
}

/// The files listed under the name of a manager: a list, one file, or a mapping with `requirements`.
fn manager(to: &mut EnvironmentConfig, key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) {
    set_manager(to, owned(key), reader);
    match &node.kind {
        Kind::Map(fields) => MANAGED.read(fields, to, reader),
        _ => to.files.extend(files(key, node, reader)),
    }
}

fn set_manager(to: &mut EnvironmentConfig, manager: Spanned<String>, reader: &mut Reader<'_>) {
    if !matches!(manager.value.as_str(), "venv" | "uv") {
        return refuse(&manager, reader);
    }
    if let Some(first) = to.manager.as_ref().filter(|first| **first != manager) {
        let message = format!("the environment `{}` has two managers", clip(&to.name.value));
        let error = Diagnostic::new(&codes::ENVIRONMENT, message)
            .at(reader.source, manager.span, "the second one")
            .at(reader.source, first.span, "the first one");
        reader.push(error.help("keep one of them"));
    }
    to.manager = Some(manager);
}

fn refused(_: &mut EnvironmentConfig, key: &Key<'_>, _: &Node<'_>, reader: &mut Reader<'_>) {
    refuse(&owned(key), reader);
}

fn refuse(manager: &Spanned<String>, reader: &mut Reader<'_>) {
    let name = clip(&manager.value);
    let message = format!("expops cannot make an environment with `{name}`");
    let help = match manager.value.as_str() {
        "system" => {
            "remove `environment` to use the active Python, or name one: `expops compile --python PATH`"
        }
        "virtualenv" | "pip" => "write `venv` instead",
        _ => WHAT_WORKS,
    };
    reader.report(&codes::ENVIRONMENT, (manager.span, "not supported"), message, help);
}

/// Requirement files.
fn files(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Vec<Spanned<String>> {
    reader.texts(key, node, HELP)
}

/// `python`: a version or a command. A number is taken literally: `3.10` is not 3.1.
fn python(to: &mut EnvironmentConfig, key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) {
    let Some(text) = reader.text_or_number(key, node) else { return };
    match interpreter(text.value.trim()) {
        Ok(python) => to.python = Some(Spanned::new(python, text.span)),
        Err((label, help)) => {
            let message = format!("`{}` cannot be `{}`", clip(&key.value), clip(&text.value));
            reader.report(&codes::ENVIRONMENT, (text.span, label), message, help);
        }
    }
}

/// The command that starts the Python that `text` names; or what is wrong with `text`, and what to write
/// instead.
fn interpreter(text: &str) -> Result<String, (&'static str, &'static str)> {
    const OLD: (&str, &str) = ("too old", "expops needs Python 3.9 or later");
    if text.contains('/') || text.starts_with("python") || text.starts_with("pypy") {
        return Ok(text.to_owned());
    }
    let parts: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some([3]) => Ok(defaults::PYTHON.to_owned()),
        Some([3, minor]) if *minor >= OLDEST_MINOR => Ok(format!("python3.{minor}")),
        Some([3, minor, ..]) if *minor >= OLDEST_MINOR => {
            Err(("too precise", "write the first two numbers: interpreters are called `python3.12`"))
        }
        Some([0..=3, ..]) => Err(OLD),
        _ => Err(("not a version", "write a version such as `\"3.12\"`, or the path of an interpreter")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_commands() {
        assert_eq!(interpreter("3.12"), Ok("python3.12".to_owned()));
        assert_eq!(interpreter("/opt/python/bin/python3"), Ok("/opt/python/bin/python3".to_owned()));
        for text in ["2.7", "3.8", "3.12.1", ">=3.9", "", "latest", "4.0", "3.x"] {
            assert!(interpreter(text).is_err(), "{text}");
        }
    }
}
