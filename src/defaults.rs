//! The defaults of a build.

/// The build folder, inside the project.
pub(crate) const BUILD: &str = "build";

/// The Python interpreter for processes without an environment and for creating environments.
pub(crate) const PYTHON: &str = "python3";

/// How many instances a pipeline may expand to.
pub(crate) const MAX_INSTANCES: u64 = 1_000_000;

/// The limit for commands that only inspect a pipeline: high enough for one that was compiled with a raised limit, low
/// enough that after a typo they still end.
pub(crate) const MAX_INSTANCES_TO_LOOK_AT: u64 = 4_000_000;
