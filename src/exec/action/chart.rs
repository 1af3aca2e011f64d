//! Charts: an instance whose inputs are metrics of others.

use camino::Utf8Path;
use serde_json::json;

use crate::exec::failure::Failure;
use crate::exec::publish;
use crate::exec::remark::Remark;
use crate::exec::run_folder::RunFolder;
use crate::exec::state::instance::Instance;
use crate::exec::state::metrics;
use crate::exec::values::action_result::ActionResult;
use crate::exec::values::value::Values;
use crate::file;
use crate::plan_file::Work;

/// Publishes a chart that was drawn, or records one that a page will draw.
pub(in crate::exec) fn make(
    instance: &Instance,
    run: &RunFolder,
    result: &ActionResult,
) -> Result<(), Failure> {
    if let Work::DynamicChart { script } = &instance.plan.work {
        let chart = json!({"script": script, "metrics": metrics::all(instance)?});
        file::write_if_changed(&run.files().join("chart.json"), format!("{chart:#}\n").as_bytes())?;
        instance.remark(Remark::NotDrawn(instance.label()));
    } else if is_empty(&run.files()) {
        instance.remark(Remark::Empty(instance.label()));
    }
    publish::begin(&instance.folder)?;
    // A chart has no metrics of its own.
    let result = ActionResult { metrics: None, values: result.values.clone(), ..ActionResult::default() };
    publish::rest(run, &result, &instance.folder)?;
    publish::settle(&instance.folder, &Values::default(), None)
}

/// Whether no file is in a folder, at any depth; links to what it may read are none.
fn is_empty(folder: &Utf8Path) -> bool {
    let entries = walkdir::WalkDir::new(folder).into_iter().flatten();
    !entries.into_iter().any(|entry| entry.file_type().is_file())
}
