//! `environment`: names, managers and requirement files, in the spellings that existing projects have.

use super::config::EnvironmentConfig;
use super::node::{Key, Kind, Node, clip, owned};
use super::reader::Reader;
use crate::diagnostic::codes;
use crate::source::Spanned;

/// Managers that are known by name; one of them as a key has its files as the value.
const MANAGERS: &[&str] =
    &["venv", "virtualenv", "uv", "pip", "conda", "mamba", "micromamba", "pyenv", "system"];
const FIELDS: &[&str] =
    &["requirements", "files", "type", "manager", "name", "path", "python", "venv", "uv", "conda"];
const HELP: &str = "write `NAME: {venv: [requirements.txt]}`";

/// Reads the top-level `environment`.
pub(super) fn read(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Vec<EnvironmentConfig> {
    let entries = reader.mapping(key, node, "write `environment: {NAME: {venv: [requirements.txt]}}`");
    entries.iter().map(|(name, node)| environment(name, node, reader)).collect()
}

fn environment(name: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> EnvironmentConfig {
    let mut environment = EnvironmentConfig { name: owned(name), manager: None, files: Vec::new() };
    let Kind::Map(fields) = &node.kind else {
        environment.files = reader.texts(name, node, HELP);
        return environment;
    };
    for (key, value) in fields {
        match key.value.as_ref() {
            "requirements" | "files" => environment.files.extend(reader.texts(key, value, HELP)),
            "type" | "manager" => {
                let manager = reader.text(key, value);
                set_manager(&mut environment, manager, reader);
            }
            "name" | "path" | "python" | "python_version" | "description" => {}
            manager if MANAGERS.contains(&manager) => {
                set_manager(&mut environment, Some(owned(key)), reader);
                environment.files.extend(managed(key, value, reader));
            }
            other => {
                let message =
                    format!("unknown field `{}` of the environment `{}`", clip(other), clip(&name.value));
                let help = reader.known(other, FIELDS);
                reader.report(&codes::UNKNOWN_FIELD, (key.span, "no field has this name"), message, help);
            }
        }
    }
    environment
}

/// The files behind the name of a manager: a list, one file, or a mapping with `requirements`.
fn managed(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Vec<Spanned<String>> {
    let Kind::Map(fields) = &node.kind else { return reader.texts(key, node, HELP) };
    let named = |(key, _): &&(Key<'_>, Node<'_>)| matches!(key.value.as_ref(), "requirements" | "files");
    fields.iter().filter(named).flat_map(|(key, node)| reader.texts(key, node, HELP)).collect()
}

fn set_manager(
    environment: &mut EnvironmentConfig,
    manager: Option<Spanned<String>>,
    reader: &mut Reader<'_>,
) {
    let Some(manager) = manager else { return };
    if let Some(first) = environment.manager.as_ref().filter(|first| **first != manager) {
        let message = format!("the environment `{}` has two managers", clip(&environment.name.value));
        let label = format!("`{}` was given before", clip(&first.value));
        reader.report(&codes::SHAPE, (manager.span, label), message, "keep one of them");
    }
    environment.manager = Some(manager);
}
