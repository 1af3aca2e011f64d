//! The project file as written: bytes to [`Source`] to [`Config`]. Reads YAML and the small languages
//! inside it (adjacency lines, code references, sizes), and points at every error. Resolves nothing:
//! it does not know whether a name that is used is declared.
//!
//! Hostile files: text is bounded by `MAX_BYTES`, the tree by the limits of `tree`, and what is
//! reported by the limit of `reader`, so that any file ends in about a second and 200 MB.

mod adjacency;
mod bytes;
mod code;
mod config;
mod data;
mod document;
mod environment;
mod fields;
mod mapping;
mod node;
mod parallelism;
mod pipeline;
mod process;
mod reader;
mod scalar;
mod settings;
mod shape;
mod tree;
mod values;
mod yaml_error;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod hostile;

pub(crate) use bytes::source_from_bytes;
pub(crate) use config::{CodeReference, Config, EnvironmentConfig, ProcessConfig};

use crate::diagnostic::{Diagnostics, Reported};
use crate::source::{Source, Span, Spanned};

/// Reads the project file `source`; everything that is wrong with it, up to a limit, goes to `sink`. Where there
/// are errors, what could be read in spite of them is returned beside, so that more of what is wrong with the
/// project can be said at once.
pub(crate) fn parse(
    source: &Source,
    sink: &mut Diagnostics,
) -> Result<Config, (Reported, Option<Box<Config>>)> {
    let mut reader = reader::Reader::new(source);
    let root = tree::build(source.text(), &mut reader);
    let config = root.map(|root| document::read(&root, &mut reader));
    reader.finish(sink, config).map_err(|(reported, rest)| (reported, rest.map(Box::new)))
}

/// The JSON schema (draft 2020-12) of a project file, for editors: made from the tables that the parser walks.
pub(crate) fn schema() -> serde_json::Value {
    document::schema()
}

/// Where the bytes `part` of the value `text` stand in `source`: so that a place in a probe path or a
/// command becomes a place in the file, through quotes and the indentation of a block scalar. Where
/// the file does not have the text as it is (escapes, folded lines), all of `text` is the place.
pub(crate) fn place_in(source: &Source, text: &Spanned<String>, part: Span) -> Span {
    values::place_in(source, text.span, &text.value, part)
}
