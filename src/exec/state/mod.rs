//! An instance as the build folder holds it: its plan, its inputs, its record, what was left out or damaged.

pub(super) mod damage;
pub(super) mod inputs;
pub(super) mod instance;
pub(super) mod left_out;
pub(super) mod metrics;
pub(super) mod record;
