//! `data_parallelism`: its values, checked as far as possible without the rest of the file.

use serde_json::{Value, json};

use super::config::DataParallelism;
use super::fields::{Field, Table};
use super::mapping::flatten;
use super::node::{Entries, Key, Kind, Node, get};
use super::reader::Reader;
use super::shape;
use super::values::place_in;
use crate::diagnostic::{Diagnostic, codes, nearest};
use crate::size::{By, Entry, MOST_PARTITIONS, Size, SizeError};
use crate::source::{Span, Spanned, clip};

const SIZE_FORMS: &str = "write `size: 3` (equal partitions), `size: [50, 20, 20]` (row counts) or `size: [\"60%\", rest]` (shares)";
const BY_FORMS: &str = "write `by: rows`, `by: round_robin`, `by: hash`, `by: {hash: COLUMN}`, `by: {group: COLUMN}`, \
                        `by: {stratify: COLUMN}`, `by: {shuffle: SEED}`, `by: {shuffle: SEED, group: COLUMN}` or \
                        `by: {range: COLUMN}`";

/// `data_parallelism` while it is being read.
#[derive(Default)]
struct DataFields {
    size: Option<Spanned<Size>>,
    data_name: Option<Spanned<String>>,
    by: Option<Spanned<By>>,
}

const DATA: Table<DataFields> = Table {
    of: "`data_parallelism`",
    fields: &[
        Field::new("size", "How many rows go into each partition.", size_schema, |to, _, node, reader| {
            if !matches!(node.kind, Kind::Null) {
                to.size = size(node, reader).map(|size| Spanned::new(size, node.span));
            }
        }),
        Field::new("data_name", "The key whose rows are split.", shape::text, |to, key, node, reader| {
            to.data_name = reader.text(key, node);
        }),
        Field::new("by", "Which rows go into which partition.", by_schema, |to, key, node, reader| {
            if !matches!(node.kind, Kind::Null) {
                to.by = by(key, node, reader);
            }
        }),
        Field::refused("rows", |_, key, _, reader| uncounted(key.span, reader)),
        Field::refused("max_bytes", |_, key, _, reader| uncounted(key.span, reader)),
        Field::refused("by_value", |_, key, _, reader| uncounted(key.span, reader)),
    ],
    hints: &[],
};

fn size_schema() -> Value {
    let entry = r"\s*([0-9]+(\.[0-9]{1,3}0*)?\s*%|0*[1-9][0-9]*|[rR][eE][sS][tT])\s*";
    let list = format!(r"{entry}(,{entry})*(,\s*)?");
    let text = json!({"type": "string", "pattern": format!(r"^\s*({list}|\[{list}\])\s*$")});
    let number = json!({"type": "integer", "minimum": 1, "maximum": MOST_PARTITIONS});
    let one = json!({"type": ["integer", "string"], "minimum": 1, "pattern": format!("^{entry}$")});
    let mut size = shape::either([number, text, json!({"type": "array", "items": one, "minItems": 1})]);
    // Row counts and shares do not stand in one list.
    size["if"] = json!({"contains": {"type": "integer"}});
    size["then"] = json!({"items": {"pattern": "^[0-9 ]*$"}});
    size["contains"] = json!({"type": "string", "pattern": r"^\s*[rR][eE][sS][tT]\s*$"});
    size["minContains"] = json!(0);
    size["maxContains"] = json!(1);
    size
}

fn by_schema() -> Value {
    let text = r"^(rows|round[_-]robin|hash|(hash|group|stratify|range):.+|shuffle:[0-9]{1,20}(,group:.+)?)$";
    let columns = json!({"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1});
    let fields = json!({
        "hash": columns,
        "group": columns,
        "stratify": columns,
        "range": {"type": "string"},
        "shuffle": {"type": "integer", "minimum": 0},
    });
    json!({
        "type": ["string", "object", "null"],
        "pattern": text,
        "properties": fields,
        "additionalProperties": false,
        "minProperties": 1,
        // Two go together only if they are these.
        "if": {"minProperties": 2},
        "then": {"required": ["shuffle", "group"], "maxProperties": 2},
    })
}

/// What `by` decides, `size` does not say.
fn agreement() -> Value {
    let by = |text: &str, field: &str| {
        let (text, field) =
            (json!({"type": "string", "pattern": text}), json!({"type": "object", "required": [field]}));
        json!({"required": ["by", "size"], "properties": {"by": {"anyOf": [text, field]}}})
    };
    let parts = by("^(round|hash)", "hash");
    let groups = ["stratify", "range", "group"].map(|field| by(&format!("(^|,){field}"), field));
    json!([
        {"if": parts, "then": {"properties": {"size": {"type": ["integer", "string"]}}}},
        {"if": {"anyOf": groups}, "then": {"properties": {"size": {"items": {"type": "string"}}}}},
    ])
}

/// The JSON schema of `data_parallelism`.
pub(super) fn data_schema() -> Value {
    let mut fields = shape::with(DATA.schema(), &["size"]);
    fields["allOf"] = agreement();
    shape::either([fields, shape::list_of(DATA.schema(), "size")])
}

/// Reads `data_parallelism`: a mapping, or a list of mappings of one key each.
pub(super) fn data_parallelism(
    key: &Key<'_>,
    node: &Node<'_>,
    reader: &mut Reader<'_>,
) -> Option<Spanned<DataParallelism>> {
    let flat = flatten(node, reader);
    let entries: Entries<'_, '_> = match (&node.kind, &flat) {
        (Kind::Map(entries), _) => entries,
        (_, Some(entries)) => entries,
        (Kind::Null, _) => &[],
        _ => {
            let help = "write `data_parallelism: {size: 3, data_name: KEY}`";
            reader.wrong_type(key, node, "a mapping", help);
            return None;
        }
    };
    let mut fields = DataFields::default();
    DATA.read(entries, &mut fields, reader);
    if get(entries, "size").is_none() {
        no_size(key, entries, reader);
    }
    let DataFields { size, data_name, by } = fields;
    if let (Some(size), Some(by)) = (&size, &by) {
        agree(size, by, reader);
    }
    Some(Spanned::new(DataParallelism { size: size?, data_name, by }, key.span))
}

/// Reports row counts or shares with a strategy that decides the sizes itself.
fn agree(size: &Spanned<Size>, by: &Spanned<By>, reader: &mut Reader<'_>) {
    if by.value.goes_with(&size.value) {
        return;
    }
    let message = "`size` says how many rows each partition gets, but `by` decides that";
    let help = match by.value {
        By::RoundRobin | By::HashRow | By::Hash(_) => "write a number of partitions: `size: 3`",
        _ => "write a number of partitions (`size: 3`) or shares (`size: [\"60%\", rest]`)",
    };
    let error = Diagnostic::new(&codes::BAD_SIZE, message)
        .at(reader.source, size.span, "row counts or shares")
        .at(reader.source, by.span, "decides the sizes");
    reader.push(error.help(help));
}

fn no_size(key: &Key<'_>, entries: Entries<'_, '_>, reader: &mut Reader<'_>) {
    let null = entries.iter().find(|(key, _)| key.value == "size");
    // What stands for it, or a misspelt `size`, has been reported already.
    let is_misspelt = |key: &Key<'_>| {
        UNCOUNTED.contains(&key.value.as_ref())
            || nearest(&key.value, ["size", "data_name", "by"]) == Some("size")
    };
    if null.is_none() && entries.iter().take(100).any(|(key, _)| is_misspelt(key)) {
        return;
    }
    let span = null.map_or(key.span, |(key, _)| key.span);
    let label = if null.is_some() { "no value" } else { "has no `size`" };
    reader.report(&codes::MISSING_FIELD, (span, label), "`data_parallelism` has no `size`", SIZE_FORMS);
}

/// What only the command line has.
const UNCOUNTED: [&str; 3] = ["rows", "max_bytes", "by_value"];

/// Reports what says of each partition what it has, and so not how many there are.
fn uncounted(span: Span, reader: &mut Reader<'_>) {
    let message = "how many partitions there are must be known when compiling, before the data is read";
    let help = format!("{SIZE_FORMS}; `--rows`, `--max-bytes` and `--by-value` are for `expops split` alone");
    reader.report(&codes::SIZE, (span, "only the data tells how many these are"), message, help);
}

fn size(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Size> {
    let result = match &node.kind {
        Kind::Int(count) => Size::equal(*count).map_err(|error| vec![error]),
        Kind::Str(text) => text.parse().map_err(|error| vec![error]),
        Kind::Seq(items) => {
            let entries: Vec<_> = items.iter().map(|item| size_entry(item, reader)).collect();
            Size::from_entries(&entries.into_iter().collect::<Option<Vec<_>>>()?)
        }
        Kind::Map(entries) if entries.iter().any(|(key, _)| UNCOUNTED.contains(&key.value.as_ref())) => {
            uncounted(node.span, reader);
            return None;
        }
        _ => {
            let label = format!("this is {}", node.what());
            reader.report(&codes::SIZE, (node.span, label), "`size` must be a number or a list", SIZE_FORMS);
            return None;
        }
    };
    result.map_err(|errors| errors.iter().for_each(|error| size_error(error, node, reader))).ok()
}

fn size_entry(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Entry> {
    const HELP: &str = "write a row count (`50`), a share (`\"60%\"`) or `rest`";
    match &node.kind {
        Kind::Int(count) => return Some(Entry::Count(*count)),
        Kind::Str(text) => match text.parse() {
            Ok(entry) => return Some(entry),
            Err(error) => {
                size_error(&SizeError { help: HELP.to_owned(), range: None, ..error }, node, reader)
            }
        },
        _ => {
            let label = format!("this is {}", node.what());
            reader.report(&codes::SIZE, (node.span, label), "an entry of `size` cannot be read", HELP);
        }
    }
    None
}

/// Reports `error` at the entry of the list, or the part of the text, that is at fault.
fn size_error(error: &SizeError, node: &Node<'_>, reader: &mut Reader<'_>) {
    let code = if error.is_unreadable { &codes::SIZE } else { &codes::BAD_SIZE };
    let span = match (&node.kind, error.entry, &error.range) {
        (Kind::Seq(items), Some(entry), _) => items.get(entry).map_or(node.span, |item| item.span),
        (Kind::Str(text), _, Some(range)) if !range.is_empty() => {
            place_in(reader.source, node.span, text, Span::new(range.start, range.end))
        }
        _ => node.span,
    };
    reader.report(code, (span, error.label.as_str()), error.message.as_str(), error.help.as_str());
}

fn by(key: &Key<'_>, node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Spanned<By>> {
    let by = match &node.kind {
        Kind::Str(text) => match text.parse() {
            Ok(by) => by,
            Err(_) => {
                let message = format!("unknown strategy `{}`", clip(text));
                let place = (node.span, "no strategy has this name");
                reader.report(&codes::UNKNOWN_FIELD, place, message, BY_FORMS);
                return None;
            }
        },
        Kind::Map(entries) => match entries.as_slice() {
            [(key, columns)] if key.value == "hash" => By::Hash(by_columns(key, columns, reader)?),
            [(key, columns)] if key.value == "group" => By::Group(by_columns(key, columns, reader)?),
            [(key, columns)] if key.value == "stratify" => By::Stratify(by_columns(key, columns, reader)?),
            [(key, column)] if key.value == "range" => By::Range(reader.text(key, column)?.value),
            [(key, seed)] if key.value == "shuffle" => {
                By::Shuffle { seed: shuffle_seed(seed, reader)?, group: Vec::new() }
            }
            [(key, seed), (other, columns)] | [(other, columns), (key, seed)]
                if key.value == "shuffle" && other.value == "group" =>
            {
                let seed = shuffle_seed(seed, reader);
                By::Shuffle { group: by_columns(other, columns, reader)?, seed: seed? }
            }
            _ => {
                reader.report(&codes::SHAPE, (node.span, "not a strategy"), "`by` cannot be read", BY_FORMS);
                return None;
            }
        },
        _ => {
            reader.wrong_type(key, node, "a strategy", BY_FORMS);
            return None;
        }
    };
    Some(Spanned::new(by, node.span))
}

/// The columns that the strategy `key` names: one, or a list.
fn by_columns(key: &Key<'_>, columns: &Node<'_>, reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let name = &key.value;
    let names = reader.texts(key, columns, &format!("write `by: {{{name}: [COLUMN, COLUMN]}}`"));
    if names.is_empty() {
        if matches!(&columns.kind, Kind::Null) || matches!(&columns.kind, Kind::Seq(s) if s.is_empty()) {
            let message = format!("`{name}` names no column");
            reader.report(&codes::SHAPE, (key.span, "no column"), message, BY_FORMS);
        }
        return None;
    }
    Some(names.into_iter().map(|name| name.value).collect())
}

fn shuffle_seed(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<u64> {
    if let Kind::Int(seed) = node.kind
        && let Ok(seed) = u64::try_from(seed)
    {
        return Some(seed);
    }
    let label = format!("this is {}", node.what());
    let message = "the seed of `shuffle` must be a whole number from 0 to 2^64 - 1";
    reader.report(&codes::SHAPE, (node.span, label), message, "write `by: {shuffle: 42}`");
    None
}
