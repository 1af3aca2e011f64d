//! Tests of the whole program: real projects, real Ninja, real Make.

mod space;

mod emit;
mod hosts;
// mod interrupted;
mod charts;
mod existing;
mod layering;
mod readme;
mod rerun;
// mod semantics;
