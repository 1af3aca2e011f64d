//! The plan: every action of the build with its command and files, before any build tool's syntax.
//! [`lower()`] makes all decisions; an emitter only lays them out.

mod lower;
mod model;
mod plan_files;
mod reach;

pub(crate) use lower::{Options, lower};
pub use model::Plan;
pub(crate) use model::{Action, Environment, Group, Modules, Verdict};
pub(crate) use plan_files::Codes;
