//! What a build looks at besides instances: what those of a process share, names of modules, the verdict.

pub(super) mod modules;
pub(super) mod shared;
pub(super) mod verdict;
