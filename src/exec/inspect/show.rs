//! The head of a value, as the Python of its environment prints it.

use std::process::{Command, ExitStatus};

use crate::cache;
use crate::exec::failure::Failure;
use crate::exec::state::instance::Instance;

/// Its arguments: the folder of our packages, the project, the build folder, the instance and the key.
const PROGRAM: &str = "import sys; sys.path[:1] = sys.argv[1:2]; from expops_build._load import show; sys.exit(show(*sys.argv[2:]))";

impl Instance {
    /// Prints the head of its value, or metric, with the key `key`. The status is not 0 if there is none; Python has
    /// then said so.
    ///
    /// # Errors
    /// If its environment has not been made, or Python cannot be started.
    pub(crate) fn show(&self, key: &str) -> Result<ExitStatus, Failure> {
        let python = self.python(self.interpreter()?.as_ref());
        let mut command = Command::new(&python);
        command.args(["-c", PROGRAM]).arg(self.layout.python()).arg(&self.project);
        command.arg(self.layout.build()).args([&self.name, key]);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        for name in cache::secrets() {
            command.env_remove(name);
        }
        command.status().map_err(|error| Failure::new(format!("`{python}` cannot be started: {error}")))
    }
}
