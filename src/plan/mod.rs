//! The plan: every action of the build with its command and files, independent of any build tool's syntax. [`lower()`]
//! makes all decisions; an emitter only formats them.

mod action;
mod instances;
mod lower;
mod model;
mod plan_files;
mod reach;

pub(crate) use action::{Action, Verdict};
pub(crate) use lower::{Options, lower};
pub use model::Plan;
pub(crate) use model::{Environment, Export, Group, Modules};
pub(crate) use plan_files::Codes;
