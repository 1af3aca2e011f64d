//! Everything that a call of one function can reach: a walk over units, from the function and from what its
//! module does when it is loaded. Where code cannot be followed, whole modules count.

mod counted;
mod texts;
mod walk;
