//! Numbers that JSON lacks, written so that any parser reads them: `{"$float": "nan"}`, `"inf"`, `"-inf"`, and
//! `{"$int": "123"}` beyond 64 bits. A mapping that merely looks like one of them is `{"$dict": MAPPING}`. The Python
//! counterpart is `src/python/expops_build/_plain.py`.

use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

const FLOAT: &str = "$float";
const INT: &str = "$int";
const DICT: &str = "$dict";

/// Any float.
pub(crate) fn float(value: f64) -> Value {
    let name = match value {
        value if value.is_nan() => "nan",
        value if value == f64::INFINITY => "inf",
        value if value == f64::NEG_INFINITY => "-inf",
        value => return json!(value),
    };
    json!({FLOAT: name})
}

/// The integer with these decimal digits, with or without a sign.
pub(crate) fn whole(digits: &str) -> Value {
    let signed = digits.parse::<i64>().map(Value::from);
    let unsigned = || digits.parse::<u64>().map(Value::from);
    signed.or_else(|_| unsigned()).unwrap_or_else(|_| json!({INT: digits.trim_start_matches('+')}))
}

/// A mapping of the user's.
pub(crate) fn mapping(map: Map<String, Value>) -> Value {
    let is_tagged = map.len() == 1 && map.keys().all(|key| [FLOAT, INT, DICT].contains(&key.as_str()));
    if is_tagged { json!({DICT: map}) } else { Value::Object(map) }
}

/// The tag and content of a value that is not a mapping of the user's.
fn tagged(value: &Value) -> Option<(&str, &Value)> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    let (tag, inner) = map.iter().next()?;
    [FLOAT, INT, DICT].contains(&tag.as_str()).then_some((tag.as_str(), inner))
}

/// The number as Python writes it, if JSON lacks it.
pub(crate) fn text(value: &Value) -> Option<&str> {
    let (tag, inner) = tagged(value)?;
    inner.as_str().filter(|_| tag != DICT)
}

/// `value` with such numbers as texts, for templates.
pub(crate) fn as_texts(value: Value) -> Value {
    if let Some(text) = text(&value) {
        return Value::from(text);
    }
    match value {
        Value::Array(items) => items.into_iter().map(as_texts).collect(),
        Value::Object(mut map) => {
            if let Some(Value::Object(inner)) = map.remove(DICT).filter(|_| map.is_empty()) {
                map = inner;
            }
            Value::Object(map.into_iter().map(|(key, value)| (key, as_texts(value))).collect())
        }
        other => other,
    }
}

/// Serializes as JSON without our tags: integers of any length as they are, and `"NaN"`, `"Infinity"` and `"-Infinity"`
/// as texts.
pub(crate) struct Plain<'v>(pub(crate) &'v Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0, tagged(self.0)) {
            (_, Some((INT, Value::String(digits)))) => match RawValue::from_string(digits.clone()) {
                Ok(number) => number.serialize(serializer),
                Err(_) => serializer.serialize_str(digits),
            },
            (_, Some((FLOAT, Value::String(name)))) => serializer.serialize_str(match name.as_str() {
                "inf" => "Infinity",
                "-inf" => "-Infinity",
                _ => "NaN",
            }),
            (_, Some((DICT, Value::Object(map)))) | (Value::Object(map), None) => {
                let mut entries = serializer.serialize_map(Some(map.len()))?;
                map.iter().try_for_each(|(key, value)| entries.serialize_entry(key, &Plain(value)))?;
                entries.end()
            }
            (Value::Array(items), _) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(&Plain(item)))?;
                list.end()
            }
            (other, _) => other.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_json_has_no_marks_and_all_digits() {
        let digits = "123456789012345678901234567890";
        let value = json!({
            "a": [float(f64::NAN), float(f64::NEG_INFINITY), float(-0.0), float(0.918_777_058_384_502_1)],
            "b": whole(digits), "c": whole("-7"), "d": whole("18446744073709551615"),
            "e": mapping(json!({"$int": "5"}).as_object().unwrap().clone()),
        });
        let text = serde_json::to_string(&Plain(&value)).unwrap();
        let right = format!(
            r#"{{"a":["NaN","-Infinity",-0.0,0.9187770583845021],"b":{digits},"c":-7,"d":18446744073709551615,"e":{{"$int":"5"}}}}"#
        );
        assert_eq!(text, right);
        let texts = as_texts(value);
        assert_eq!(
            (&texts["a"][0], &texts["b"], &texts["e"]["$int"]),
            (&json!("nan"), &json!(digits), &json!("5"))
        );
    }

    proptest::proptest! {
        #[test]
        fn every_double_comes_out_of_json_as_it_went_in(bits: u64) {
            let value = f64::from_bits(bits);
            let json: Value = serde_json::from_str(&float(value).to_string()).unwrap();
            match text(&json) {
                Some(name) => proptest::prop_assert!(!value.is_finite() && (name == "nan") == value.is_nan()),
                None => proptest::prop_assert_eq!(json.as_f64().unwrap().to_bits(), bits),
            }
        }
    }
}
