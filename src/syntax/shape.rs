//! JSON schemas of the values of fields: what an editor can check while somebody types.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::amount::MOST_COUNT;

pub(super) fn any() -> Value {
    json!({})
}

pub(super) fn text() -> Value {
    json!({"type": ["string", "null"]})
}

/// A text with a line that is no comment.
pub(super) fn command() -> Value {
    json!({"type": ["string", "null"], "pattern": r"(^|\n)\s*[^\s#]"})
}

pub(super) fn truth() -> Value {
    json!({"type": ["boolean", "null"]})
}

/// One of a few words.
pub(super) fn words(words: &[&str]) -> Value {
    json!({"enum": words.iter().map(|word| json!(word)).chain([Value::Null]).collect::<Vec<_>>()})
}

/// The most that a field of 32 bits holds.
const MOST: u32 = u32::MAX;

/// A whole number, at least 1.
pub(super) fn count() -> Value {
    json!({"type": ["integer", "null"], "minimum": 1, "maximum": MOST})
}

/// A whole number, at least 0.
pub(super) fn whole() -> Value {
    json!({"type": ["integer", "null"], "minimum": 0})
}

/// A list of texts, or one text.
pub(super) fn texts() -> Value {
    json!({"type": ["array", "string", "null"], "items": {"type": "string"}})
}

/// Keys and texts.
pub(super) fn pairs() -> Value {
    json!({"type": ["object", "null"], "additionalProperties": {"type": "string"}})
}

/// Keys and values of any kind.
pub(super) fn mapping() -> Value {
    json!({"type": ["object", "null"]})
}

/// A text, or keys and texts.
pub(super) fn text_or_pairs() -> Value {
    either([text(), pairs()])
}

/// A list of texts, or keys and texts.
pub(super) fn texts_or_pairs() -> Value {
    either([texts(), pairs()])
}

/// A whole number of at least 1, or one for each attempt.
pub(super) fn counts() -> Value {
    per_attempt(json!({"type": "integer", "minimum": 1, "maximum": MOST_COUNT}))
}

/// A whole number of at least 0, or one for each attempt.
pub(super) fn wholes() -> Value {
    per_attempt(json!({"type": "integer", "minimum": 0, "maximum": MOST_COUNT}))
}

/// An amount of memory of more than 0, or one for each attempt.
pub(super) fn memory() -> Value {
    let pattern = format!("^{MORE_THAN_0}\\s*{NUMBER}\\s*([kKmMgGtT]([iI]?[bB])?|[bB])\\s*$");
    per_attempt(json!({"type": "string", "pattern": pattern}))
}

/// An amount of time of more than 0, or one for each attempt.
pub(super) fn time() -> Value {
    per_attempt(json!({"type": "string", "pattern": format!("^{MORE_THAN_0}{TIME}$")}))
}

/// An amount of time, which may be 0 without a unit.
pub(super) fn wait() -> Value {
    json!({"type": ["string", "integer", "null"], "pattern": format!("^({TIME}|\\s*0\\s*)$"), "maximum": 0, "minimum": 0})
}

/// In a pattern: a digit other than 0 is somewhere.
const MORE_THAN_0: &str = "(?=.*[1-9])";
const NUMBER: &str = "([0-9]+(\\.[0-9]*)?|\\.[0-9]+)";
const TIME: &str = "(\\s*(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)\\s*[a-zA-Z]+\\s*)+\
                    |\\s*([0-9]+-[0-9]+(:0*[0-5]?[0-9]){1,2}|[0-9]+(:0*[0-5]?[0-9]){2})\\s*)";

fn per_attempt(one: Value) -> Value {
    let list = json!({"type": ["array", "null"], "items": one, "minItems": 1});
    either([one, list])
}

/// A value of one of these shapes, which have no type in common: as almost every keyword of a schema is about values
/// of one type, they can stand side by side, and a validator points at the part that is wrong. Of `anyOf` it would
/// say that the whole fits none.
pub(super) fn either(shapes: impl IntoIterator<Item = Value>) -> Value {
    let mut types: Vec<Value> = Vec::new();
    let mut all = Map::new();
    for (keyword, value) in shapes.into_iter().filter_map(keywords).flatten() {
        match (keyword.as_str(), value) {
            ("type", Value::Array(more)) => types.extend(more),
            ("type", one) => types.push(one),
            (_, value) => drop(all.insert(keyword, value)),
        }
    }
    let mut known = HashSet::new();
    types.retain(|name| known.insert(name.to_string()));
    all.insert("type".to_owned(), Value::Array(types));
    Value::Object(all)
}

fn keywords(shape: Value) -> Option<Map<String, Value>> {
    match shape {
        Value::Object(keywords) => Some(keywords),
        _ => None,
    }
}

/// A mapping as `fields` has it, with these fields, none of which is `null`.
pub(super) fn with(mut fields: Value, required: &[&str]) -> Value {
    fields["type"] = json!("object");
    fields["required"] = json!(required);
    fields
}

/// A list of mappings of one key each, of which `needed` is one.
pub(super) fn list_of(fields: Value, needed: &str) -> Value {
    json!({"type": "array", "items": fields, "contains": {"type": "object", "required": [needed]}})
}
