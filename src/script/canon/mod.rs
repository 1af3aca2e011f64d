//! The canonical form of Python code: bytes that are equal exactly when two pieces of code do the same, as far
//! as we can tell without running them. Positions, comments, quotes, parentheses, the spelling of numbers,
//! `pass`, and (unless they are asked for) docstrings leave no trace. Every node kind is matched by name: a new
//! one in a later parser is a compile error here, never a silent omission.
//!
//! A list is its length and its elements, a text its length and its bytes, so that no two trees share a form.

mod expr;
mod literal;
mod pattern;
mod statement;
mod writer;

use ruff_python_ast::Stmt;

use crate::digest::Digest;
use writer::Canon;
pub(super) use writer::Form;

/// The digest of statements of `source`.
pub(super) fn digest(source: &str, form: Form, statements: &[&Stmt]) -> Digest {
    let mut canon = Canon { out: Vec::new(), source, form };
    statements.iter().for_each(|statement| canon.statement(statement));
    Digest::of(&canon.out)
}

/// The digest of one imported name: `import module as asname`, or `from module import name as asname`.
pub(super) fn digest_words(words: &[&str]) -> Digest {
    let mut canon = Canon { out: Vec::new(), source: "", form: Form::default() };
    words.iter().for_each(|word| canon.text(word));
    Digest::of(&canon.out)
}
