//! The imported modules that the compiler has found, as a depfile, for a Ninja file that is part of another
//! build. One that is deleted is no error in a depfile, as it would be in the build file itself; and the
//! other build may have a rule that makes it, which a `phony` of ours would contradict.
//!
//! The format is that which compilers of C write for Make, as far as Ninja reads it
//! (`src/depfile_parser.in.cc` of Ninja says which characters can stand in a name).

use camino::Utf8PathBuf;

use crate::plan::Plan;

/// The depfile of a plan; `None` if it has none.
pub(super) fn depfile(plan: &Plan) -> Option<String> {
    if !plan.is_hosted() {
        return None;
    }
    let names = modules(plan).into_iter().map(|path| format!(" \\\n  {}", escaped(path.as_str())));
    Some(format!("{}:{}\n", escaped(plan.output.as_str()), names.collect::<String>()))
}

/// The modules whose names can stand in it; none in a build of our own.
pub(super) fn modules(plan: &Plan) -> Vec<&Utf8PathBuf> {
    let is_plain = |c: char| c.is_alphanumeric() || !c.is_ascii() || "+,/_.~()}{%=@[]! #$-".contains(c);
    let can_stand = |path: &Utf8PathBuf| path.as_str().chars().all(is_plain);
    let is_used = plan.is_hosted() && can_stand(&plan.output);
    plan.found.modules.iter().filter(|path| is_used && can_stand(path)).collect()
}

fn escaped(path: &str) -> String {
    path.replace('$', "$$").replace('#', "\\#").replace(' ', "\\ ")
}
