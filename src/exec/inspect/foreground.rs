//! Runs an instance in the foreground, for a debugger.

use crate::exec::failure::Failure;
use crate::exec::resources::allotment::Allotment;
use crate::exec::state::instance::Instance;

impl Instance {
    /// Runs its code with the inputs that a build would give it, in a folder of the same kind, with this program's
    /// terminal. What it makes is thrown away.
    ///
    /// # Errors
    /// If it runs no user code, its inputs are missing, or it fails.
    pub(crate) fn debug(&self) -> Result<(), Failure> {
        if !self.runs_code() {
            return Err(Failure::new("no code of yours runs in it"));
        }
        let (_guard, decided) = self.step_aside()?;
        let allotment =
            Allotment { time: None, in_foreground: true, ..Allotment::of(&self.plan.settings, 1) };
        // The person has seen what it printed.
        let shown = |failure| Failure { log: None, detail: Box::default(), ..failure }.place(self.place());
        self.call_aside(&decided, allotment).map(drop).map_err(shown)
    }
}
