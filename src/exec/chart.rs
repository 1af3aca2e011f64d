//! Charts: an instance whose inputs are metrics of others.

use serde_json::json;

use super::action_result::ActionResult;
use super::failure::Failure;
use super::instance::Instance;
use super::remark::Remark;
use super::run_folder::RunFolder;
use super::value::Values;
use super::{metrics, publish};
use crate::file;
use crate::plan_file::Work;

/// Publishes a chart that was drawn, or records one that a page will draw.
pub(super) fn make(instance: &Instance, run: &RunFolder, result: &ActionResult) -> Result<(), Failure> {
    if let Work::DynamicChart { script } = &instance.plan.work {
        let chart = json!({"script": script, "metrics": metrics::all(instance)?});
        file::write_if_changed(&run.files().join("chart.json"), format!("{chart:#}\n").as_bytes())?;
        instance.remark(Remark::NotDrawn(instance.label()));
    }
    publish::begin(&instance.folder)?;
    // A chart has no metrics of its own.
    let result = ActionResult { metrics: None, values: result.values.clone(), ..ActionResult::default() };
    publish::rest(run, &result, &instance.folder)?;
    publish::settle(&instance.folder, &Values::default(), None)
}
