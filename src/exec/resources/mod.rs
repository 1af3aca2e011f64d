//! Cores, memory and devices: what an attempt may use, what the machine has, and who has taken how much of it.

pub(super) mod account;
pub(super) mod allotment;
pub(super) mod machine;
