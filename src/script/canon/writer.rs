//! The bytes that a form is made of: lengths before what they count.

use ruff_python_ast as ast;

/// What of a piece of code counts.
#[derive(Clone, Copy, Default)]
pub(in crate::script) struct Form {
    /// Docstrings (and other statements that are only a literal) count.
    pub(in crate::script) docs: bool,
    /// Of functions and classes only the name counts: they are counted by themselves.
    pub(in crate::script) stubs: bool,
}

/// What is written so far, and what counts.
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
