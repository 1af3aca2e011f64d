//! Instances outside a build: in a debugger, twice to compare, or only the head of a value.

pub(super) mod aside;
pub(super) mod foreground;
pub(super) mod repeat;
pub(super) mod show;
