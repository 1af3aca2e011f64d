//! The metrics that an instance has logged.

use serde_json::{Value as Json, json};

use crate::file;
use crate::layout::Folder;

/// The metrics in an instance's folder: those of the process, or of one of its steps.
pub(super) fn logged(folder: &Folder, step: Option<&str>) -> Json {
    let text = file::read_regular_text(folder.metrics()).unwrap_or_default();
    let all: Json = serde_json::from_str(&text).unwrap_or_default();
    let found = match step {
        None => all.get("metrics"),
        Some(step) => all.get("steps").and_then(|steps| steps.get(step)),
    };
    found.cloned().unwrap_or_else(|| json!({}))
}
