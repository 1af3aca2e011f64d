//! What a stage reports about a user's text: with a code, a place and advice. Knows nothing of pipelines; a stage
//! builds a [`Diagnostic`] and passes it to the [`Diagnostics`] sink.

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
