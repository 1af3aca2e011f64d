//! Runs an instance in the foreground, for a debugger.

use super::allotment::Allotment;
use super::failure::Failure;
use super::guard;
use super::instance::Instance;
use super::run_folder::{self, RunFolder};
use crate::file;

impl Instance {
    /// Runs its code on what it would be given in a build, in a folder like that, with the terminal of this program. What
    /// it makes is thrown away.
    ///
    /// # Errors
    /// If it runs no code of the user's, its inputs are not there, or it fails.
    pub(crate) fn debug(&self) -> Result<(), Failure> {
        if !self.runs_code() {
            return Err(Failure::new("no code of yours runs in it"));
        }
        file::create_folder(&self.folder.0)?;
        let _guard = guard::hold(&self.folder, &self.layout)?;
        run_folder::sweep(&self.folder)?;
        self.insist_on_looks()?;
        let decided = self.decide()?;
        self.insist_on_inputs(&decided)?;
        let allotment =
            Allotment { time: None, in_foreground: true, ..Allotment::of(&self.plan.settings, 1) };
        let mut run = RunFolder::new(&self.folder, allotment)?;
        run.link_inputs(&self.plan, &self.project)?;
        let result = self.call(&decided, &run);
        run.unlink_inputs()?;
        // The person has seen what it printed.
        result.map(drop).map_err(|failure| Failure { log: None, detail: String::new(), ..failure })
    }
}
