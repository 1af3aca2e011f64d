//! The checked pipeline: ids instead of names, defaults filled in, every layer known. [`check()`] makes it from
//! what the user wrote. Knows nothing of instances, files of the build, or build tools.

mod check;
mod clashes;
mod declared;
mod effect;
mod environment;
mod exports;
mod keys;
mod layers;
mod missing;
mod model;
mod names;
mod order;
mod outputs;
mod parameters;
mod partly;
mod place;
mod resolve;
mod settings;
mod template;

pub(crate) use check::{check, scripts};
pub(crate) use exports::overlaps;
pub(crate) use missing::Missing;
pub(crate) use model::{
    Chart, Environment, Export, Fan, Function, Kind, Layer, LayerId, Pipeline, Process, ProcessId, Stacks,
    Work,
};
pub(crate) use partly::check_partly;
