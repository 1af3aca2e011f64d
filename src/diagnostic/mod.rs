//! What a stage has to say of a user's text: coded, placed, and with advice. Knows nothing of
//! pipelines; a stage builds a [`Diagnostic`] and gives it to the [`Diagnostics`] sink.

mod code;
mod message;
mod render;
mod sink;
mod suggest;

pub(crate) use code::{ALL, Code, Needs, codes, find};
pub use message::Diagnostic;
pub(crate) use message::Severity;
pub use render::{render, render_json};
pub use sink::Diagnostics;
pub(crate) use sink::Reported;
pub(crate) use suggest::{list, nearest, plural};
