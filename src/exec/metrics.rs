//! The metrics of other instances that a chart plots.

use serde_json::{Map, Value as Json, json};

use super::failure::Failure;
use super::instance::Instance;
use crate::file;
use crate::plan_file::Probe;

/// The chart's `metrics`: probe key to metric name to value or series.
pub(super) fn all(instance: &Instance) -> Result<Json, Failure> {
    let mut all = Map::new();
    for probe in instance.plan.probes.iter().flatten() {
        all.insert(probe.key.clone(), probed(instance, probe)?);
    }
    Ok(Json::Object(all))
}

/// Other keys under which the chart's `metrics` can be looked up, with the keys that they stand for.
pub(super) fn aliases(instance: &Instance) -> Map<String, Json> {
    let probes = || instance.plan.probes.iter().flatten();
    let is_free = |alias: &String| probes().all(|probe| probe.key != *alias);
    let alias = |probe: &Probe| Some((probe.alias.clone().filter(is_free)?, json!(probe.key)));
    probes().filter_map(alias).collect()
}

/// What one probe selects; nothing logged is an empty mapping.
pub(super) fn probed(instance: &Instance, probe: &Probe) -> Result<Json, Failure> {
    let path = instance.layout.folder(&probe.instance).metrics();
    if !path.exists() {
        return Ok(json!({}));
    }
    let unreadable = |error: serde_json::Error| Failure::new(format!("cannot read `{path}`: {error}"));
    let all: Json = serde_json::from_str(&file::read_text(&path)?).map_err(unreadable)?;
    let found = match &probe.step {
        None => all.get("metrics"),
        Some(step) => all.get("steps").and_then(|steps| steps.get(step)),
    };
    Ok(found.cloned().unwrap_or_else(|| json!({})))
}
