//! Whether a result can be what a process made: anybody may write to a cache, and what is whole there may be nonsense.

use std::collections::BTreeSet;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use serde_json::Value as Json;

use super::action_result::ActionResult;
use crate::plan_file::Work;

/// The formats that a value is read from.
const FORMATS: [&str; 5] = ["arrow", "file", "json", "npy", "pickle"];
/// As many characters of a key are always in the name of its file (`_names.py`).
const KEPT: usize = 82;

impl ActionResult {
    /// Whether a process that does this `work` can have made it, as far as that shows without a look at the files.
    pub(in crate::exec) fn makes_sense_for(&self, work: &Work) -> bool {
        let keys: BTreeSet<_> = self.values.iter().map(|value| &value.key).collect();
        let values = self.values.iter().map(|value| (value.file.as_path(), &value.format, Some(&value.key)));
        let parts = self.parts.iter().filter_map(|part| Some((part.file.as_deref()?, &part.format, None)));
        let is_declared = |(key, file): &(String, Utf8PathBuf)| {
            self.values.iter().any(|value| value.key == *key && value.name() == file.file_name())
        };
        let is_work = match work {
            Work::Shell { outputs, .. } => {
                self.values.len() == outputs.len()
                    && outputs.iter().all(|output| {
                        self.values.iter().any(|value| (&value.key, &value.file) == (&output.0, &output.1))
                    })
                    && self.values.iter().all(|value| value.format == "file")
            }
            Work::Python { outputs, .. } => {
                outputs.iter().all(is_declared)
                    && values.chain(parts).all(|(file, format, key)| is_named(file, format, key))
            }
            Work::Merge | Work::DynamicChart { .. } => true,
        };
        is_work
            && keys.len() == self.values.len()
            && self.parts.iter().all(|part| FORMATS.contains(&part.format.as_str()))
            && self.native.as_ref().is_none_or(|key| keys.contains(key))
            && self.metrics.as_deref().is_none_or(are_metrics)
    }
}

/// Whether a file has the ending of its format, and the name of its key, as far as names hold those. What is itself
/// a file has its own name, in a folder with that of the key.
fn is_named(file: &Utf8Path, format: &str, key: Option<&String>) -> bool {
    if format == "file" {
        let folder = file.components().next();
        return key.is_none_or(|key| matches!(folder, Some(Utf8Component::Normal(name)) if is_of(name, key)));
    }
    FORMATS.contains(&format)
        && file.extension() == Some(format)
        && key.is_none_or(|key| file.file_stem().is_some_and(|stem| is_of(stem, key)))
}

/// Whether the runtime may give the name `name` to what belongs to `key`.
fn is_of(name: &str, key: &str) -> bool {
    let encoded = encoded(key);
    let start = &encoded[..encoded.len().min(KEPT)];
    name == encoded || name.strip_prefix(start).is_some_and(|rest| rest.starts_with('-') && rest.len() == 9)
}

fn encoded(key: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let letter = |byte: u8| if is_plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") };
    let text: String = key.bytes().map(letter).collect();
    match text.strip_prefix('.') {
        Some(rest) => format!("%2E{rest}"),
        None if text.is_empty() => "%".to_owned(),
        None => text,
    }
}

/// Whether a text is what is written to `metrics.json`: names of metrics, and under each step such names.
fn are_metrics(text: &str) -> bool {
    let Ok(Json::Object(all)) = serde_json::from_str(text) else { return false };
    let is_mapping = |name: &str| all.get(name).and_then(Json::as_object);
    is_mapping("metrics").is_some()
        && is_mapping("steps").is_some_and(|steps| steps.values().all(Json::is_object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_keys_and_formats() {
        let long = "k".repeat(200);
        for (file, format, key) in [
            ("model.json", "json", "model"),
            ("a%20b.npy", "npy", "a b"),
            ("%2Ehid.pickle", "pickle", ".hid"),
            ("%.json", "json", ""),
            ("Model-0123abcd.json", "json", "Model"),
            (&format!("{}-0123abcd.arrow", &long[..82]), "arrow", &long),
            ("fig/plot.png", "file", "fig"),
        ] {
            assert!(is_named(file.into(), format, Some(&key.to_owned())), "{file}");
        }
        for (file, format, key) in [
            ("model.json", "json", "other"),
            ("model.json", "pickle", "model"),
            ("fig/a.png", "file", "other"),
        ] {
            assert!(!is_named(file.into(), format, Some(&key.to_owned())), "{file} {format} {key}");
        }
        assert!(!is_named("model.nonsense".into(), "nonsense", None));
    }

    #[test]
    fn metrics_are_mappings() {
        assert!(are_metrics(r#"{"metrics": {"a": 1}, "steps": {"s": {"b": {"1": 2}}}}"#));
        for text in
            ["not-json", "[]", r#"{"metrics": 1, "steps": {}}"#, r#"{"metrics": {}, "steps": {"s": 1}}"#]
        {
            assert!(!are_metrics(text), "{text}");
        }
    }
}
