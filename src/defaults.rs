//! What a build is like if nobody says otherwise.

/// The build folder, inside the project.
pub(crate) const BUILD: &str = "build";

/// The Python interpreter of processes without an environment, and what environments are made with.
pub(crate) const PYTHON: &str = "python3";

/// How many instances a pipeline may expand to.
pub(crate) const MAX_INSTANCES: u64 = 1_000_000;

/// How many instances the commands that only look at a pipeline go through at most: what was compiled with
/// a higher limit than usual can still be looked at, and a slip of the finger ends.
pub(crate) const MAX_INSTANCES_TO_LOOK_AT: u64 = 4_000_000;
