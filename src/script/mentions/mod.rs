//! What a piece of code mentions of the world outside it: module-level names with their attributes,
//! imports, calls, and words that make it special. Follows Python's scopes; does not know which files exist or
//! what a name is bound to.

mod calls;
mod collect;
mod texts;
mod visit;

pub(super) use collect::{Mentions, dotted};
