//! Runs one instance: checks whether anything that it can observe has changed, and if so runs it in a folder of its
//! own, checks what it made, and moves that into place. Knows plan files and the build folder; never sees the project
//! file or the generated file.
//!
//! The folders import in one direction only (`tests/layering.rs`): failures, contents, keys and values at the bottom;
//! the `state` of an instance and what it reads above these; `runners`, then `decision` above that; `action` and `run`
//! at the top.

mod action;
mod bound;
mod content;
mod decision;
mod environment;
mod exit;
mod failure;
mod guard;
mod inspect;
mod interpreter;
mod key;
mod look;
mod mark;
mod one_ninja;
mod places;
mod private;
mod publish;
mod python_path;
mod reads;
mod remark;
mod resources;
mod run;
mod run_folder;
mod runners;
mod state;
mod told;
mod uncounted;
mod values;

pub(crate) use bound::folder as keep_newest;
pub(crate) use content::inventory::{
    Difference, Inventory, WHOLE, changed as what_changed, place as where_changed,
};
pub(crate) use decision::decide::{Decision, Todo};
pub(crate) use environment::damage::look as look_for_damaged_environments;
pub(crate) use environment::imports::not_installed;
pub(crate) use environment::venv as environments;
pub(crate) use failure::Failure;
pub(crate) use interpreter::{Contents, Interpreter};
pub(crate) use key::action_key::Change;
pub(crate) use key::ingredient::{Fingerprint, Ingredient, InputPath, Rooted};
pub(crate) use key::why::{Ended, Why};
pub(crate) use look::export::copy as export;
pub(crate) use look::modules::{look as look_at_modules, note as note_modules, record as record_modules};
pub(crate) use look::shared::look as look_at_shared;
pub(crate) use look::verdict::{MOST as MOST_FAILED, give as give_verdict};
pub(crate) use one_ninja::insist_on_one_ninja;
pub(crate) use places::Places;
pub(crate) use reads::report::{Sight, compact as compact_reads};
pub(crate) use remark::Remark;
pub(crate) use runners::{launcher, worker};
pub(crate) use state::damage::{look as look_for_damage, remove_endless_links, unlooked};
pub(crate) use state::inputs::Lookahead;
pub(crate) use state::instance::Instance;
pub(crate) use state::left_out::LeftOut;
pub(crate) use state::record::Record;
pub(crate) use values::beside::Beside;
pub(crate) use values::value::{Value, Values};
