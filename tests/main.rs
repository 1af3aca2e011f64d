//! Tests of the whole program: real projects, real Ninja, real Make.

mod space;

mod charts;
mod diagnostics;
mod emit;
mod existing;
mod expansion;
mod hosts;
mod layering;
mod readme;
mod rerun;
mod semantics;
