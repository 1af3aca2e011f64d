//! A reason for a run, as data.

use serde::Serialize;

use crate::exec::Change;

/// How the reason begins that reports a failure.
pub(crate) const FAILED: &str = "its last run failed";

/// How many upstreams, or changed definitions, are listed one by one.
pub(super) const SHOWN: usize = 5;

/// Something that changed, and why.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reason {
    /// One sentence.
    pub text: String,
    /// What changed, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// Why that changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Self>,
}

impl Reason {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), change: None, because: Vec::new() }
    }
}
