//! `data`: the file with the rows that the project is about, and further files by name.

use serde_json::{Value, json};

use super::config::{Config, Pair};
use super::fields::{Field, Table};
use super::node::{Key, Kind, Node, get, owned};
use super::reader::Reader;
use super::shape;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{Spanned, clip};

const FORMS: &str = "write `inputs: {training: data/train.csv}`";

const DATA: Table<Config> = Table {
    of: "`data`",
    fields: &[
        Field::new(
            "path",
            "The file that processes outside every data layer observe.",
            shape::text,
            |to, key, node, reader| {
                to.data_path = reader.text(key, node);
            },
        ),
        Field::new("inputs", "Further data files by name: `context.data_paths[NAME]`.", named_schema, named),
        Field::new("datasets", "The same as `inputs`.", named_schema, named),
        Field::new("sources", "The same as `inputs`.", named_schema, named),
    ],
    hints: &[
        ("file", "did you mean `path`?"),
        ("name", "name a data file under `inputs`: `inputs: {NAME: FILE}`"),
    ],
};

/// An entry of `inputs` that is a mapping.
#[derive(Default)]
struct DataFile {
    name: Option<Spanned<String>>,
    path: Option<Spanned<String>>,
}

const DATA_FILE: Table<DataFile> = Table {
    of: "a data file",
    fields: &[
        Field::new("path", "The file.", shape::text, |to, key, node, reader| {
            to.path = reader.text(key, node)
        }),
        Field::new("name", "Its name, in a list.", shape::text, |to, key, node, reader| {
            to.name = reader.text(key, node);
        }),
        Field::note("description", "What it is."),
    ],
    hints: &[("file", "did you mean `path`?")],
};

/// The JSON schema of `data`.
pub(super) fn schema() -> Value {
    DATA.schema()
}

fn named_schema() -> Value {
    let one = DATA_FILE.schema();
    let value = shape::either([json!({"type": "string"}), with_texts(one.clone(), &["path"])]);
    json!({
        "type": ["object", "array", "null"],
        "additionalProperties": value,
        "patternProperties": {"^path$": false},
        "items": with_texts(one, &["name", "path"]),
    })
}

/// A mapping in which these fields are texts.
fn with_texts(mut fields: Value, names: &[&str]) -> Value {
    names.iter().for_each(|name| fields["properties"][name]["type"] = json!("string"));
    shape::with(fields, names)
}

/// Reads `data`.
pub(super) fn read(to: &mut Config, key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) {
    let entries = reader.mapping(key, node, "write `data: {path: data/train.csv}`");
    DATA.read(entries, to, reader);
}

/// Names and files: a mapping of names to files, or to mappings with `path`; or a list of mappings with `name`.
fn named(to: &mut Config, key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) {
    let found: Vec<Option<Pair>> = match &node.kind {
        Kind::Null => return,
        Kind::Map(entries) => entries.iter().map(|(name, node)| entry(name, node, reader)).collect(),
        Kind::Seq(items) => items.iter().map(|item| item_with_name(key, item, reader)).collect(),
        _ => return reader.wrong_type(key, node, "a mapping", FORMS),
    };
    for (name, path) in found.into_iter().flatten() {
        let first = to.datasets.iter().find(|(other, _)| other.value == name.value);
        if let Some((first, _)) = first {
            let message = format!("the data file `{}` is listed twice", clip(&name.value));
            let error = Diagnostic::new(&codes::DATASET, message)
                .at(reader.source, name.span, "again here")
                .at(reader.source, first.span, "first here");
            reader.push(error.help("give each a name of its own"));
        } else if name.value == "path" {
            let message = "a data file cannot be called `path`: that is `data.path`";
            reader.report(&codes::DATASET, (name.span, "taken"), message, "give it another name");
        } else {
            to.datasets.push((name, path));
        }
    }
}

fn entry(name: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Pair> {
    let Kind::Map(entries) = &node.kind else {
        return match reader.text(name, node) {
            None if matches!(node.kind, Kind::Null) => {
                reader.wrong_type(name, node, "a file", FORMS);
                None
            }
            path => Some((owned(name), path?)),
        };
    };
    let mut fields = DataFile::default();
    DATA_FILE.read(entries, &mut fields, reader);
    if get(entries, "path").is_none() {
        no_path(name, reader);
    }
    Some((owned(name), fields.path?))
}

fn item_with_name(key: &Key<'_>, item: &Node<'_>, reader: &mut Reader<'_>) -> Option<Pair> {
    let Kind::Map(entries) = &item.kind else {
        let message = format!("an entry of `{}` must be a mapping", key.value);
        reader.report(&codes::SHAPE, (item.span, format!("this is {}", item.what())), message, FORMS);
        return None;
    };
    let mut fields = DataFile::default();
    DATA_FILE.read(entries, &mut fields, reader);
    if fields.name.is_none() || fields.path.is_none() {
        let message = format!("an entry of `{}` needs `name` and `path`", key.value);
        reader.report(&codes::MISSING_FIELD, (item.span, "has not both"), message, FORMS);
    }
    Some((fields.name?, fields.path?))
}

fn no_path(name: &Key<'_>, reader: &mut Reader<'_>) {
    let message = format!("the data file `{}` has no `path`", clip(&name.value));
    reader.report(&codes::MISSING_FIELD, (name.span, "has no `path`"), message, FORMS);
}
