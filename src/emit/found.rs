//! A depfile of the imported modules that the compiler found, for a Ninja file that another build includes. A
//! deleted module is an error in the build file but not in a depfile; and the other build may have a rule that
//! makes the module, which a `phony` of ours would contradict.

use camino::Utf8PathBuf;

use crate::depfile;
use crate::plan::Plan;

/// The depfile of a plan; `None` if it has none.
pub(super) fn depfile(plan: &Plan) -> Option<String> {
    plan.is_hosted().then(|| depfile::text(&plan.proof, modules(plan)))
}

/// The modules whose names a depfile can express; none if no other build includes this one.
pub(super) fn modules(plan: &Plan) -> impl Iterator<Item = &Utf8PathBuf> {
    let is_used = plan.is_hosted() && depfile::can_name(&plan.proof);
    plan.found.modules.iter().filter(move |path| is_used && depfile::can_name(path))
}
