//! The tree that YAML is read into: values, keys and their places. The other files of this folder build it or
//! read it.

use std::borrow::Cow;

use crate::source::{Span, Spanned};

/// A value and its place. Inside an alias, places are those of what it refers to.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) span: Span,
    pub(super) kind: Kind<'a>,
}

/// The kinds of value.
#[derive(Clone, Debug)]
pub(super) enum Kind<'a> {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(Cow<'a, str>),
    Seq(Vec<Node<'a>>),
    Map(Vec<(Key<'a>, Node<'a>)>),
}

/// A key of a mapping; a number used as a key becomes the text of that number.
pub(super) type Key<'a> = Spanned<Cow<'a, str>>;

impl Node<'_> {
    /// What kind of value is here, for a label.
    pub(super) fn what(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a truth value",
            Kind::Int(_) => "a whole number",
            Kind::Float(_) => "a number",
            Kind::Str(_) => "text",
            Kind::Seq(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    /// The number of nodes and the number of bytes of text in a copy of this node.
    pub(super) fn weight(&self) -> (usize, usize) {
        let add = |a: (usize, usize), b: (usize, usize)| (a.0 + b.0, a.1 + b.1);
        match &self.kind {
            Kind::Str(text) => (1, text.len()),
            Kind::Seq(items) => items.iter().map(Node::weight).fold((1, 0), add),
            Kind::Map(entries) => {
                entries.iter().map(|(key, value)| add(value.weight(), (1, key.value.len()))).fold((1, 0), add)
            }
            _ => (1, 0),
        }
    }

    /// The number of nested levels of lists and mappings.
    pub(super) fn depth(&self) -> usize {
        match &self.kind {
            Kind::Seq(items) => 1 + items.iter().map(Node::depth).max().unwrap_or(0),
            Kind::Map(entries) => 1 + entries.iter().map(|(_, value)| value.depth()).max().unwrap_or(0),
            _ => 0,
        }
    }
}

/// A mapping's entries.
pub(super) type Entries<'n, 'a> = &'n [(Key<'a>, Node<'a>)];

/// The value of `field` in `entries`, unless it is `null`.
pub(super) fn get<'n, 'a>(entries: Entries<'n, 'a>, field: &str) -> Option<(&'n Key<'a>, &'n Node<'a>)> {
    let found = entries.iter().find(|(key, _)| key.value == field)?;
    (!matches!(found.1.kind, Kind::Null)).then_some((&found.0, &found.1))
}

pub(super) fn owned(key: &Key<'_>) -> Spanned<String> {
    Spanned::new(key.value.clone().into_owned(), key.span)
}
