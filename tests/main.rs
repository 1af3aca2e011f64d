//! Tests of the whole program: real projects, real Ninja, real Make.

#![allow(unreachable_pub)]

mod random;
mod space;
mod step;

mod anywhere;
mod awkward;
mod batches;
mod by_name;
mod cache_faults;
mod charts;
mod compiling;
mod diagnostics;
mod emit;
mod environments;
mod existing;
mod exports;
mod failures;
mod faults;
mod fields;
mod first;
mod host_settings;
mod hosts;
mod ingredients;
mod interrupted;
mod launchers;
mod layering;
mod library;
mod matrix;
mod mistakes;
mod never_stale;
mod outside;
mod power;
mod private;
mod readme;
mod reads;
mod remote;
mod report;
mod rerun;
mod resources;
mod running;
mod schema;
mod semantics;
mod sharing;
mod slurm;
mod table;
mod tools_of_the_host;
mod trust;
mod unwritten;
mod values;
mod view;
mod workers;
