//! The environment that an instance runs in: one that is no longer as it was made is the reason for what fails in it.

use camino::Utf8PathBuf;

use crate::exec::content::tree;
use crate::exec::decision::decide::Decision;
use crate::exec::environment::venv;
use crate::exec::failure::Failure;
use crate::exec::state::instance::Instance;
use crate::layout::Folder;

impl Instance {
    /// Insists that the interpreter of its environment is there: a command would find another one.
    pub(in crate::exec) fn insist_on_interpreter(&self, decided: &Decision) -> Result<(), Failure> {
        let Some(environment) = self.own_environment() else { return Ok(()) };
        let python = Utf8PathBuf::from(self.python(decided.interpreter.as_ref()));
        if tree::is_executable(&python) {
            return Ok(());
        }
        let name = &self.plan.environment;
        let failure = Failure::new(format!("the interpreter of its environment `{name}` is lost"));
        Err(Failure {
            damaged: vec![environment],
            ..failure.help("`expops run` makes the environment again")
        })
    }

    /// A failure of what it ran, with the environment as its cause if somebody has changed that.
    pub(in crate::exec) fn with_environment(&self, failure: Failure) -> Failure {
        let Some(environment) = self.own_environment() else { return failure };
        let Some(change) = venv::change(&environment) else { return failure };
        let name = &self.plan.environment;
        let help =
            format!("its environment `{name}` is not as it was made, {change}: `expops run` makes it again");
        Failure { damaged: vec![environment], kind: None, ..failure.help(help) }
    }

    /// The folder of its environment, if the build makes that.
    fn own_environment(&self) -> Option<Folder> {
        let name = self.plan.environment.as_str();
        (!name.is_empty()).then(|| Folder(self.layout.environment(name)))
    }
}
