//! Plan to text. The emitters choose layout and quoting; every decision has been made before.
//! A template gets quoted values only: one that is not is refused, so none can be forgotten.

mod format;
mod found;
mod lines;
mod make;
mod ninja;
mod shell;
mod template;

pub use format::Format;
pub(crate) use format::is_generated;
