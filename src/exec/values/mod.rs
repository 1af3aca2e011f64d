//! What an instance passes on, and what else it leaves behind.

pub(super) mod action_result;
pub(super) mod beside;
pub(super) mod checkout;
mod sense;
pub(super) mod stored;
pub(super) mod value;
pub(super) mod vouched;
