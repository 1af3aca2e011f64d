//! JSON schemas of the values of fields: what an editor can check while somebody types.

use serde_json::{Value, json};

pub(super) fn any() -> Value {
    json!({})
}

pub(super) fn text() -> Value {
    json!({"type": ["string", "null"]})
}

pub(super) fn truth() -> Value {
    json!({"type": ["boolean", "null"]})
}

/// One of a few words.
pub(super) fn words(words: &[&str]) -> Value {
    json!({"enum": words.iter().map(|word| json!(word)).chain([Value::Null]).collect::<Vec<_>>()})
}

/// A whole number, at least 1.
pub(super) fn count() -> Value {
    json!({"type": ["integer", "null"], "minimum": 1})
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
    json!({"anyOf": [text(), pairs()]})
}

/// A list of texts, or keys and texts.
pub(super) fn texts_or_pairs() -> Value {
    json!({"anyOf": [texts(), pairs()]})
}

/// A whole number of at least 1, or one for each attempt.
pub(super) fn counts() -> Value {
    per_attempt(&json!({"type": "integer", "minimum": 1}))
}

/// A whole number of at least 0, or one for each attempt.
pub(super) fn wholes() -> Value {
    per_attempt(&json!({"type": "integer", "minimum": 0}))
}

/// An amount with a unit, or one for each attempt.
pub(super) fn amounts() -> Value {
    per_attempt(&amount())
}

/// An amount with a unit.
pub(super) fn amount() -> Value {
    json!({"type": ["string", "integer"], "pattern": "[0-9]"})
}

fn per_attempt(one: &Value) -> Value {
    json!({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}, {"type": "null"}]})
}
