//! Charts: an instance whose inputs are metrics of others.

use serde_json::{Map, Value as Json, json};

use super::failure::Failure;
use super::observed::Observed;
use super::run_folder::RunFolder;
use super::value::Values;
use super::{Instance, Made, publish};
use crate::digest::Digest;
use crate::file;
use crate::plan_file::{Probe, Work};

/// Adds the metrics that a chart probes to what it observes.
pub(super) fn observe(instance: &Instance, observed: &mut Observed) -> Result<(), Failure> {
    for probe in instance.plan.probes.iter().flatten() {
        let digest = Digest::of(probed(instance, probe)?.to_string());
        observed.add(format!("metrics {} {}", probe.key, probe.instance), digest.to_string());
    }
    Ok(())
}

/// Keeps a chart that was drawn, or records one that a page will draw.
pub(super) fn make(instance: &Instance, run: &RunFolder, made: &Made) -> Result<(), Failure> {
    if let Work::DynamicChart { script } = &instance.plan.work {
        let chart = json!({"script": script, "metrics": metrics(instance)?});
        file::write_if_changed(&run.files().join("chart.json"), format!("{chart:#}\n").as_bytes())?;
        println!("{}: recorded; a dynamic chart is drawn by the page that shows it", instance.label());
    }
    publish::begin(&instance.folder)?;
    // A chart has no metrics of its own.
    instance.publish_rest(run, &Made { metrics: None, values: made.values.clone(), ..Made::default() })?;
    publish::settle(&instance.folder, &Values::default(), None)
}

/// The chart's `metrics`: probe key to metric name to value or series.
pub(super) fn metrics(instance: &Instance) -> Result<Json, Failure> {
    let mut all = Map::new();
    for probe in instance.plan.probes.iter().flatten() {
        all.insert(probe.key.clone(), probed(instance, probe)?);
    }
    Ok(Json::Object(all))
}

/// What one probe selects; nothing logged is an empty mapping.
fn probed(instance: &Instance, probe: &Probe) -> Result<Json, Failure> {
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
