//! Runs one instance: checks whether anything that it can observe has changed, and if so runs it in a folder of its
//! own, checks what it made, and moves that into place. Knows plan files and the build folder; never sees the project
//! file or the generated file.
//!
//! The files import in one direction only (`tests/layering.rs`): failures, values, keys and records at the bottom;
//! `instance` above these; `ingredients`, `decide` and `obtain` above that; `run` at the top.

mod account;
mod action_result;
mod allotment;
mod aside;
mod attempt;
mod beside;
mod bound;
mod chart;
mod checkout;
mod child;
mod content;
mod damage;
mod decide;
pub(crate) mod environment;
mod exit;
mod failure;
mod foreground;
mod guard;
mod imports;
mod ingredient;
mod ingredients;
mod inputs;
mod instance;
mod interpreter;
mod inventory;
mod key;
pub(crate) mod launcher;
mod left_out;
mod lines;
mod local;
mod machine;
mod metrics;
mod modules;
mod obtain;
mod places;
mod private;
mod publish;
mod python;
mod reading;
mod reads;
mod record;
mod remark;
mod remote;
mod repeat;
mod request;
mod retry;
mod roots;
mod run;
mod run_folder;
mod runner;
mod seal;
mod seen;
mod shared;
mod shell;
mod show;
mod snapshot;
mod split;
mod tree;
mod trust;
mod value;
mod verdict;
mod vouched;
mod watcher;
mod why;
#[cfg(target_os = "linux")]
pub(crate) mod worker;
#[cfg(not(target_os = "linux"))]
#[path = "no_worker.rs"]
pub(crate) mod worker;
mod world;

pub(crate) use beside::Beside;
pub(crate) use bound::folder as keep_newest;
pub(crate) use damage::{look as look_for_damage, unlooked};
pub(crate) use decide::{Decision, Todo};
pub(crate) use failure::Failure;
pub(crate) use imports::not_installed;
pub(crate) use ingredient::{Fingerprint, Ingredient, InputPath, Rooted};
pub(crate) use inputs::Lookahead;
pub(crate) use instance::Instance;
pub(crate) use interpreter::Interpreter;
pub(crate) use inventory::{Difference, Inventory, WHOLE, changed as what_changed, place as where_changed};
pub(crate) use key::Change;
pub(crate) use machine::{CPUS as MACHINE_CPUS, MEMORY as MACHINE_MEMORY};
pub(crate) use modules::{look as look_at_modules, note as note_modules, record as record_modules};
pub(crate) use places::Places;
pub(crate) use reads::{Sight, compact as compact_reads};
pub(crate) use record::Record;
pub(crate) use remark::Remark;
pub(crate) use shared::look as look_at_shared;
pub(crate) use value::{Value, Values};
pub(crate) use verdict::give as give_verdict;
pub(crate) use why::{Ended, Why};
