//! Plan to text. The emitters choose layout and quoting; every decision has been made before. Templates refuse
//! values that have not been quoted, so that quoting cannot be forgotten.

mod format;
mod found;
mod lines;
mod make;
mod ninja;
mod shell;
mod template;

pub use format::Format;
pub(crate) use format::is_generated;
pub(crate) use template::ANOTHER_PROGRAM;
