//! Runs the user's part of an instance elsewhere: on a node of a cluster, on another host, in a container. `exec` stays
//! where the build tool is, and decides, restores and publishes there.
//!
//! ```text
//! exec ──starts──▶ keeper ──starts──▶ LAUNCHER -- expops task RUN/task.json ──▶ the user's part
//!   ◀── what the launcher said ──┘           RUN/done.json ◀── written last ──┘
//! ```
//!
//! Instances of a process with `batch` meet in a queue: one of them starts a keeper for all.
//!
//! The keeper makes sure that nothing is left when a build is killed. The launcher's exit status is only used for
//! messages: an instance has run if `done.json` is there with the task's nonce, and so is every file that it lists.

mod batch;
mod call;
mod chosen;
mod done;
mod environment;
mod heart;
mod keeper;
mod node;
mod order;
mod queue;
mod scratch;
mod slurm;
mod task;

pub(in crate::exec) use call::{Call, run};
pub(in crate::exec) use chosen::Launcher;
pub(crate) use keeper::keep;
pub(crate) use node::run as run_tasks;
pub(super) use queue::Queue;
