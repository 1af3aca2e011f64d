//! Tests of the whole program: real projects, real Ninja, real Make.

mod space;

// mod emit;
mod environments;
mod faults;
mod interrupted;
mod rerun;
mod running;
// mod semantics;
