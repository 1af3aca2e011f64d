//! Every ingredient of the action key (the table of `src/exec/decision/ingredients.rs`): a change of it runs what is
//! declared here, a change of its nearest neighbour runs nothing. Under Ninja and under Make.

mod code;
mod data;
pub mod environment;
mod metrics;
mod paths;
mod settings;
mod values;

use crate::space::{Space, Tool};

/// A project of these files, built.
#[track_caller]
fn built(tool: Tool, files: &[(&str, &str)]) -> Space {
    let space = Space::new();
    files.iter().for_each(|(name, text)| space.write(name, text));
    space.compile(tool).success();
    space.build(tool, &[]).success();
    space
}
