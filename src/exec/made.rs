//! What the user's code made, wherever it comes from: a run, or the cache.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::python::{Answer, Part};
use super::value::Value;
use crate::digest::Digest;

/// What a call made; files are relative to the run's `out` folder.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Made {
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

impl Made {
    pub(super) fn metrics_digest(&self) -> Option<Digest> {
        self.metrics.as_deref().map(Digest::of)
    }
}

impl From<Answer> for Made {
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
