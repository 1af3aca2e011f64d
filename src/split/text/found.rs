//! The rows of a text file, found when somebody asks for them.

use std::sync::OnceLock;

use super::file::Text;
use super::gather::Gather;
use super::index::{Index, Pace};
use crate::split::error::SplitError;
use crate::split::format::Kind;

/// The rows of a file, which may not be found yet.
pub(in crate::split) struct Found<'a> {
    pub(in crate::split) text: &'a Text<'a>,
    pub(in crate::split) pace: Pace<'a>,
    index: OnceLock<Index>,
}

impl<'a> Found<'a> {
    /// The rows of `text`, none of which is found yet.
    pub(in crate::split) fn new(text: &'a Text<'a>, pace: Pace<'a>) -> Self {
        Self { text, pace, index: OnceLock::new() }
    }

    /// The rows, if they have been found.
    pub(in crate::split) fn get(&self) -> Option<&Index> {
        self.index.get()
    }

    /// The rows.
    pub(in crate::split) fn index(&self) -> Result<&Index, SplitError> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        let index = self.text.rows(self.text.body(), self.pace)?;
        Ok(self.index.get_or_init(|| index))
    }

    /// Whether something can be made of the rows while they are found: they are not found yet, and more than one thread
    /// can look for them.
    pub(in crate::split) fn can_gather(&self) -> bool {
        self.index.get().is_none() && self.text.kind != Kind::JsonArray
    }

    /// Finds the rows, and makes something of them at the same time.
    pub(in crate::split) fn gather<T: Send>(&self, gather: Gather<T>) -> Result<&Index, SplitError> {
        let index = self.text.gather(self.text.body(), self.pace, gather)?;
        Ok(self.index.get_or_init(|| index))
    }
}
