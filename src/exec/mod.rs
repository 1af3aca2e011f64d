//! Runs one instance: looks whether anything that it can observe has changed, runs it out of sight if
//! so, checks what it made, and puts that in its place. Knows plan files and the build folder; never
//! sees the project file or the generated file.
//!
//! The files import in one direction only (`tests/layering.rs`): failures, values, keys and records on the ground
//! floor; `instance` on these; `ingredients`, `decide` and `obtain` on that; `run` is what the door opens to.

mod action_result;
mod chart;
mod child;
mod decide;
pub mod environment;
mod failure;
mod ingredients;
mod inputs;
mod instance;
mod interpreter;
mod inventory;
mod lines;
mod metrics;
mod observed;
mod obtain;
mod publish;
mod python;
mod record;
mod run;
mod run_folder;
mod shell;
mod snapshot;
mod split;
mod tree;
mod value;
mod why;

pub use decide::{Decision, Todo};
pub use failure::Failure;
pub use inputs::Lookahead;
pub use instance::Instance;
pub use interpreter::Interpreter;
pub use inventory::{Difference, Inventory, WHOLE, changed as what_changed, place as where_changed};
pub use observed::{Change, Observed};
pub use record::Record;
pub use run::{Outcome, run};
pub use value::{Value, Values};
pub use why::{Ended, Why};
