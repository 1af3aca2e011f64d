//! The imported modules that the compiler has found, as a depfile, for a Ninja file that is part of another
//! build. One that is deleted is no error in a depfile, as it would be in the build file itself; and the
//! other build may have a rule that makes it, which a `phony` of ours would contradict.

use camino::Utf8PathBuf;

use crate::depfile;
use crate::plan::Plan;

/// The depfile of a plan; `None` if it has none.
pub(super) fn depfile(plan: &Plan) -> Option<String> {
    plan.is_hosted().then(|| depfile::text(&plan.proof, modules(plan)))
}

/// The modules whose names can be written in it; none in a build of our own.
pub(super) fn modules(plan: &Plan) -> impl Iterator<Item = &Utf8PathBuf> {
    let is_used = plan.is_hosted() && depfile::can_name(&plan.proof);
    plan.found.modules.iter().filter(move |path| is_used && depfile::can_name(path))
}
