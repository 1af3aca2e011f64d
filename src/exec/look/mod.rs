//! What a build looks at besides instances: what those of a process share, names of modules, copies of
//! outputs, the verdict.

pub(super) mod export;
pub(super) mod modules;
pub(super) mod shared;
pub(super) mod verdict;
