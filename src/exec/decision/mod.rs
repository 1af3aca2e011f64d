//! Decides what to do about an instance: lists the ingredients of its action key and compares them with its record.

pub(super) mod decide;
pub(super) mod ingredients;
pub(super) mod remote;
