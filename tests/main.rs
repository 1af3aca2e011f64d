//! Tests of the whole program: real projects, real Ninja, real Make.

mod space;

// mod emit;
// mod interrupted;
#[cfg(unix)]
mod never_stale;
mod rerun;
mod table;
// mod semantics;
