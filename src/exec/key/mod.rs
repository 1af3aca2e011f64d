//! The action key: its ingredients, the roots that their paths are below, and how two keys differ.

pub(super) mod action_key;
pub(super) mod ingredient;
pub(super) mod roots;
pub(super) mod why;
