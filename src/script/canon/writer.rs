//! Writes the bytes of a canonical form: lengths before the data that they belong to.

use ruff_python_ast as ast;

/// Which parts of a piece of code count.
#[derive(Clone, Copy, Default)]
pub(in crate::script) struct Form {
    /// Docstrings (and other statements that are only a literal) count.
    pub(in crate::script) docs: bool,
    /// Only the names of functions and classes count: their bodies are counted separately.
    pub(in crate::script) stubs: bool,
}

/// The bytes written so far, and which parts count.
pub(super) struct Canon<'a> {
    pub(super) out: Vec<u8>,
    pub(super) source: &'a str,
    pub(super) form: Form,
}

impl Canon<'_> {
    pub(super) fn tag(&mut self, name: &str) {
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'(');
    }

    pub(super) fn count(&mut self, count: usize) {
        self.out.extend_from_slice(&(count as u64).to_le_bytes());
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.out.push(u8::from(flag));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.out.extend_from_slice(text.as_bytes());
    }

    pub(super) fn name(&mut self, name: Option<&ast::Identifier>) {
        self.flag(name.is_some());
        if let Some(name) = name {
            self.text(name);
        }
    }
}
