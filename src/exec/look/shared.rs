//! What all instances of a process share: its plan, its environment, the data and files that it declares. It is looked
//! at once for all instances: the stamp changes with the content, and only then does a build tool look at the
//! instances.

use std::io::Write as _;

use camino::Utf8Path;

use crate::digest::Digest;
use crate::exec::content::tree;
use crate::exec::content::trust::Trust;
use crate::exec::failure::Failure;
use crate::exec::places::Places;
use crate::file;
use crate::layout::Layout;
use crate::plan_file::{PlanFile, Work};
use crate::stamp;

/// Looks at what the instances of a process share; its name on disk is `process`.
pub(crate) fn look(process: &str, layout: &Layout) -> Result<(), Failure> {
    let digests = digests(process, layout);
    let digests =
        digests.map_err(|failure| failure.place(Places::read(layout).of_process(process).cloned()))?;
    let folder = layout.shared(process);
    file::create_own_folder(layout.build(), &folder.0)?;
    let text: String = digests.iter().map(|(what, digest)| format!("{digest} {what}\n")).collect();
    stamp::settle_text(&folder.stamp(), &text)?;
    let record = serde_json::to_string_pretty(&digests).map_err(|error| Failure::new(error.to_string()))?;
    Ok(file::replace(&folder.record(), |file| file.write_all(record.as_bytes()))?)
}

/// What they share, with its digests.
fn digests(process: &str, layout: &Layout) -> Result<Vec<(String, String)>, Failure> {
    let path = layout.plan_of(process);
    let text = file::read_regular_text(&path).map_err(|_| not_compiled(process, layout))?;
    let plan = PlanFile::parse(&text).map_err(|why| Failure::new(format!("`{path}` {why}")))?;
    let mut all = vec![("plan".to_owned(), Digest::of(&text).to_string())];
    let trust = Trust::new(layout);
    let mut add = |kind: &str, path: &Utf8Path| -> Result<(), Failure> {
        all.push((
            format!("{kind} {}", crate::escape::comment(path.as_str())),
            tree::digest(path, &trust)?.to_string(),
        ));
        Ok(())
    };
    if needs_environment(&plan) {
        add("environment", &layout.environment_stamp(&plan.environment))?;
    }
    plan.settings.files.iter().try_for_each(|path| add("file", path))?;
    plan.data.values().filter(|_| plan.observes_data).try_for_each(|path| add("data", path))?;
    if let Work::DynamicChart { script } = &plan.work {
        add("code", script)?;
    }
    Ok(all)
}

fn needs_environment(plan: &PlanFile) -> bool {
    match plan.work {
        Work::DynamicChart { .. } => false,
        Work::Shell { .. } => !plan.environment.is_empty(),
        Work::Python { .. } | Work::Merge => true,
    }
}

/// Somebody has deleted the plan: makes the next build compile first.
fn not_compiled(process: &str, layout: &Layout) -> Failure {
    let _ = file::remove(&layout.proofs());
    Failure::new(format!("there is no plan of `{process}`")).help("build again, or run `expops compile`")
}
