//! The project file as written: bytes to [`Source`] to [`Config`]. Reads YAML and the small languages inside it
//! (adjacency lines, code references, sizes), and points at every error. Resolves nothing: it does not know
//! whether a name that is used is declared.
//!
//! Hostile files: text is bounded by `MAX_BYTES`, the tree by the limits of `tree`, and the diagnostics by the
//! limit of `reader`, so that any file is done in about a second and 200 MB.

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
mod seeds;
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

/// Reads the project file `source`; every error, up to a limit, goes to `sink`. If there are errors, whatever
/// could still be read is returned as well, so that more errors of the project can be reported at once.
pub(crate) fn parse(
    source: &Source,
    sink: &mut Diagnostics,
) -> Result<Config, (Reported, Option<Box<Config>>)> {
    let mut reader = reader::Reader::new(source);
    let root = tree::build(source.text(), &mut reader);
    let config = root.map(|root| document::read(&root, &mut reader));
    reader.finish(sink, config).map_err(|(reported, rest)| (reported, rest.map(Box::new)))
}

/// The JSON schema (draft 2020-12) of a project file, for editors, made from the tables that the parser uses.
pub(crate) fn schema() -> serde_json::Value {
    document::schema()
}

/// Where the bytes `part` of the value `text` are in `source`. This turns a place in a probe path or a command
/// into a place in the file, through quotes and the indentation of a block scalar. If the file does not contain
/// the text literally (escapes, folded lines), the place is all of `text`.
pub(crate) fn place_in(source: &Source, text: &Spanned<String>, part: Span) -> Span {
    values::place_in(source, text.span, &text.value, part)
}
