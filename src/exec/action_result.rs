//! What the user's code made, wherever it comes from: a run, or the cache.

use camino::Utf8Path;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::failure::Failure;
use super::python::{Answer, Part};
use super::tree;
use super::value::Value;
use crate::digest::Digest;

/// What a call made; files are relative to the run's `out` folder.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ActionResult {
    /// The values that it returned.
    pub values: Vec<Value>,
    /// The partitions that it cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// The key of the file that is still to be cut, if the user's splitter returned one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native: Option<String>,
    /// The text of `metrics.json`, if anything was logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<String>,
}

impl ActionResult {
    /// With the digests of all files as they are stored in the folder `out`.
    pub(super) fn seal(mut self, out: &Utf8Path) -> Result<Self, Failure> {
        for value in self.values.iter_mut().filter(|value| value.stored.is_none()) {
            match value.name() {
                // What readers see of a file is its content, which has been hashed.
                Some(_) if out.join(&value.file).is_file() => value.stored = Some(value.digest),
                _ => value.seal(out)?,
            }
        }
        for part in &mut self.parts {
            if let Some(file) = &part.file {
                part.stored = Some(tree::digest(&out.join(file))?);
            }
        }
        Ok(self)
    }

    pub(super) fn metrics_digest(&self) -> Option<Digest> {
        self.metrics.as_deref().map(Digest::of)
    }
}

impl From<Answer> for ActionResult {
    fn from(answer: Answer) -> Self {
        Self {
            metrics: metrics(&answer),
            values: answer.outputs.into_iter().map(|output| output.value).collect(),
            parts: answer.partitions,
            native: answer.native,
        }
    }
}

/// The text of `metrics.json`, if anything was logged.
fn metrics(answer: &Answer) -> Option<String> {
    let is_empty = |json: &Json| json.as_object().is_none_or(Map::is_empty);
    if is_empty(&answer.metrics) && is_empty(&answer.steps) {
        return None;
    }
    let steps = if is_empty(&answer.steps) { json!({}) } else { answer.steps.clone() };
    let metrics = if is_empty(&answer.metrics) { json!({}) } else { answer.metrics.clone() };
    serde_json::to_string_pretty(&json!({"metrics": metrics, "steps": steps})).ok().map(|text| text + "\n")
}
