//! Checks whether a process makes the same twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Digest;
use crate::exec::decision::decide::Decision;
use crate::exec::failure::Failure;
use crate::exec::resources::allotment::Allotment;
use crate::exec::state::instance::Instance;
use crate::exec::values::beside;
use crate::file;
use crate::layout::Folder;

/// The digests of what a run made, by name.
type Digests = BTreeMap<String, Digest>;

impl Instance {
    /// Runs its code twice, outside the build, and names what differs. What it made before stays as it is.
    ///
    /// # Errors
    /// If it runs no user code, its inputs are missing, or a run fails.
    pub(crate) fn repeat(&self) -> Result<Vec<String>, Failure> {
        if !self.runs_code() {
            let failure = Failure::new(format!("{}: no code of yours runs in it", self.label()));
            return Err(failure.help("what expops does by itself repeats"));
        }
        let (_guard, decided) = self.step_aside()?;
        let log = file::read_regular(self.folder.log()).ok();
        // With `reuse` the child of the first one runs the second one, too, or another one that has been used does.
        let made = self.attempt(&decided, true).and_then(|first| Ok((first, self.attempt(&decided, false)?)));
        match log {
            Some(log) => file::write_own(&self.folder.log(), log)?,
            None => file::remove(&self.folder.log())?,
        }
        let (first, second) = made?;
        let names: BTreeSet<_> = first.keys().chain(second.keys()).collect();
        Ok(names.into_iter().filter(|name| first.get(*name) != second.get(*name)).cloned().collect())
    }

    fn attempt(&self, decided: &Decision, is_fresh: bool) -> Result<Digests, Failure> {
        let allotment = Allotment { is_fresh, ..Allotment::of(&self.plan.settings, 1) };
        let (run, result) = self.call_aside(decided, allotment)?;
        let values = result.values.iter().map(|value| (format!("key `{}`", value.key), value.digest));
        let part = |(i, part): (usize, &crate::exec::values::action_result::Part)| {
            (format!("partition {}", i + 1), part.digest)
        };
        let parts = result.parts.iter().enumerate().map(part);
        let metrics = result.metrics_digest().map(|digest| ("metrics".to_owned(), digest));
        let mut made: Digests = values.chain(parts).chain(metrics).collect();
        for file in beside::list(&Folder(run.path().to_owned()), &self.trust())? {
            made.insert(format!("`{}`", file.file), file.digest);
        }
        Ok(made)
    }
}
