//! Runs an instance outside the build: what it made before stays as it is.

use crate::exec::decision::decide::Decision;
use crate::exec::failure::Failure;
use crate::exec::guard::{self, Guard};
use crate::exec::resources::allotment::Allotment;
use crate::exec::run_folder::{self, RunFolder};
use crate::exec::state::instance::Instance;
use crate::exec::values::action_result::ActionResult;
use crate::file;

impl Instance {
    /// Prepares it for [`Self::call_aside`]; nobody else works on it as long as the guard is held.
    ///
    /// # Errors
    /// If its inputs are missing, or not what was made.
    pub(in crate::exec) fn step_aside(&self) -> Result<(Guard, Decision), Failure> {
        file::create_folder(&self.folder.0)?;
        let guard = guard::hold(&self.folder, &self.layout)?;
        run_folder::sweep(&self.folder)?;
        self.insist_on_looks()?;
        let decided = self.decide()?;
        self.insist_on_inputs(&decided)?;
        Ok((guard, decided))
    }

    /// Calls its code with the inputs that a build would give it, in a folder of the same kind, which keeps what it
    /// left.
    pub(in crate::exec) fn call_aside(
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
