//! What is in the folder of a run besides what will be in the instance's: what `exec` and whoever runs the user's part
//! tell each other.

/// What the runtime is asked to do.
pub(crate) const REQUEST: &str = "request.json";
/// What the runtime answers.
pub(crate) const RESULT: &str = "result.json";
/// The logs of the attempts before.
pub(crate) const EARLIER: &str = "earlier.log";
/// What a command was seen to do.
pub(crate) const READS: &str = "reads";
/// What a launcher's command is to run.
pub(crate) const TASK: &str = "task.json";
/// What it left, written last.
pub(crate) const DONE: &str = "done.json";
/// Created by the first that runs the task; any other does not run it again.
pub(crate) const CLAIM: &str = "claim";
/// Where on a node the task ran, if that was a folder of its own.
pub(crate) const SCRATCH: &str = "scratch";
/// Another name of the instance's log, by which a task that outlives its run cannot write into the next one's.
pub(crate) const TASK_LOG: &str = "task.log";
/// A number that grows as long as the build lives.
pub(crate) const ALIVE: &str = "alive";
/// Names the lock of the batch that the task is in, if it is in one.
pub(crate) const BATCH: &str = "batch";
/// What became of that batch.
pub(crate) const VERDICT: &str = "verdict.json";
/// The paths that the task reads, a line each.
pub(crate) const INPUTS: &str = "inputs.txt";
/// The folders that it fills, a line each.
pub(crate) const OUTPUTS: &str = "outputs.txt";
/// What the lines begin with that stand above each attempt in a log of several.
pub(crate) const ATTEMPT: &str = "expops: attempt ";
