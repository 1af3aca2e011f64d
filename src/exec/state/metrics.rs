//! The metrics of other instances that a chart plots.

use std::collections::HashSet;

use serde_json::{Map, Value as Json, json};

use super::instance::Instance;
use super::record::Record;
use crate::exec::failure::Failure;
use crate::file;
use crate::layout::Folder;
use crate::plan_file::Probe;

/// The chart's `metrics`: probe key to metric name to value or series.
pub(in crate::exec) fn all(instance: &Instance) -> Result<Json, Failure> {
    let mut all = Map::new();
    for probe in instance.plan.probes.iter().flatten() {
        all.insert(probe.key.clone(), probed(instance, probe)?);
    }
    Ok(Json::Object(all))
}

/// The other names under which the chart's `metrics` hold what is under its keys, each with its key.
pub(in crate::exec) fn aliases(instance: &Instance) -> Vec<(&str, &str)> {
    let probes = || instance.plan.probes.iter().flatten();
    let mut known: HashSet<&str> = probes().map(|probe| probe.key.as_str()).collect();
    let named = probes().filter_map(|probe| Some((probe.alias.as_deref()?, probe.key.as_str())));
    named.filter(|(alias, _)| known.insert(alias)).collect()
}

/// What one probe selects; an empty mapping if nothing was logged.
pub(in crate::exec) fn probed(instance: &Instance, probe: &Probe) -> Result<Json, Failure> {
    let folder = instance.layout.folder(&probe.instance);
    let path = folder.metrics();
    insist_on_metrics(&folder, instance)?;
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

/// Insists that the metrics in a folder are those that were logged: none, if none were.
fn insist_on_metrics(folder: &Folder, instance: &Instance) -> Result<(), Failure> {
    let path = folder.metrics();
    let Some(record) = Record::read(folder) else { return Ok(()) };
    let logged = record.beside.iter().find(|beside| folder.0.join(&beside.file) == path);
    let is_whole = match logged {
        Some(logged) => logged.is_whole(folder, None, &instance.trust()),
        None => !path.exists(),
    };
    if is_whole {
        return Ok(());
    }
    let failure = Failure::new(format!("the metrics in `{path}` are not those that were logged"))
        .help("build again: they will be made anew");
    Err(Failure { damaged: vec![folder.clone()], ..failure })
}
