//! Runs an instance out of sight of the build: what it made before stays as it is.

use super::action_result::ActionResult;
use super::allotment::Allotment;
use super::decide::Decision;
use super::failure::Failure;
use super::guard::{self, Guard};
use super::instance::Instance;
use super::run_folder::{self, RunFolder};
use crate::file;

impl Instance {
    /// Makes it ready for [`Self::call_aside`], with nobody else at work on it as long as the guard is held.
    ///
    /// # Errors
    /// If its inputs are not there, or not what was made.
    pub(super) fn step_aside(&self) -> Result<(Guard, Decision), Failure> {
        file::create_folder(&self.folder.0)?;
        let guard = guard::hold(&self.folder, &self.layout)?;
        run_folder::sweep(&self.folder)?;
        self.insist_on_looks()?;
        let decided = self.decide()?;
        self.insist_on_inputs(&decided)?;
        Ok((guard, decided))
    }

    /// Calls its code on what it would be given in a build, in a folder like that, which holds what it left.
    pub(super) fn call_aside(
        &self,
        decided: &Decision,
        allotment: Allotment,
    ) -> Result<(RunFolder, ActionResult), Failure> {
        let mut run = RunFolder::new(&self.folder, allotment)?;
        run.link_inputs(&self.plan, &self.project)?;
        let result = self.call(decided, &run);
        run.unlink_inputs()?;
        let (result, _) = result?;
        Ok((run, result))
    }
}
