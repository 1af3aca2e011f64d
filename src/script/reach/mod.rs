//! Everything that a call of one function can reach: a walk over units, from the
//! function and from what its module does when it is loaded. What cannot be followed is counted as
//! whole modules.

mod counted;
mod texts;
mod walk;
