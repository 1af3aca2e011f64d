//! What there is to see of a project and its builds, as one versioned document (`docs/page.md`), and the page that
//! draws it. The document is made from the content of the build folder; the page knows nothing else.

mod charts;
mod detail;
mod document;
mod head;
mod history;
mod look;
mod make;
mod module;
mod page;
mod pipeline;

pub(crate) use detail::of as detail;
pub(crate) use document::Document;
pub(crate) use look::Look;
pub(crate) use make::{document, journal};
pub(crate) use page::{Libraries, page};
pub(crate) use pipeline::{drawing, layer_title};
