//! YAML as a small tree with a place for everything in it, within limits. Handles duplicate keys, aliases,
//! merge keys and tags; does not know which fields there may be.
//!
//! Built from the events of the parser under serde-saphyr rather than through serde: its `Spanned` costs two
//! nested deserializer calls for every leaf and does not tell a quoted `"3"` from a plain one, and the first
//! duplicate key would end everything.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_yaml::granit_parser::{Event, Parser, ScalarStyle, Span as YamlSpan, Tag, options};

use super::mapping::{key, merge, unique};
use super::node::{Key, Kind, Node};
use super::reader::Reader;
use super::scalar::{Plain, resolve};
use super::yaml_error;
use crate::diagnostic::codes;
use crate::source::Span;

/// Deepest nesting.
pub(super) const MAX_DEPTH: usize = 64;
/// Largest number of values and keys in a file, with aliases expanded.
const MAX_NODES: usize = 500_000;
/// Largest number of values and keys that aliases (and the anchors they refer to) may expand to.
const MAX_ALIASED: usize = 100_000;
/// Most text that aliases may expand to, in bytes; every copy of it takes memory.
const MAX_ALIASED_TEXT: usize = 8_000_000;
/// Longest single text, in bytes.
const MAX_TEXT: usize = 8_000_000;

/// The tree of `text`; `None` after an error that leaves no tree. An empty file is [`Kind::Null`].
pub(super) fn build<'a>(text: &'a str, reader: &mut Reader<'_>) -> Option<Node<'a>> {
    let options = options! {
        disallow_directives: true,
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder::new(reader);
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => builder.take(event, &span)?,
            Err(error) => {
                builder.reader.push(yaml_error::diagnostic(&error, builder.reader.source));
                return None;
            }
        }
    }
    Some(builder.root.unwrap_or(Node { span: Span::default(), kind: Kind::Null }))
}

/// A list or mapping that is not closed yet.
struct Open<'a> {
    node: Node<'a>,
    anchor: usize,
    /// In a mapping: the key that is waiting for its value. `Some(None)` after a key that was refused.
    key: Option<Option<Key<'a>>>,
}

struct Builder<'r, 's, 'a> {
    reader: &'r mut Reader<'s>,
    open: Vec<Open<'a>>,
    root: Option<Node<'a>>,
    anchors: HashMap<usize, (Node<'a>, (usize, usize))>,
    nodes: usize,
    aliased: (usize, usize),
}

impl<'r, 's, 'a> Builder<'r, 's, 'a> {
    fn new(reader: &'r mut Reader<'s>) -> Self {
        let (open, root, anchors) = (Vec::new(), None, HashMap::new());
        Self { reader, open, root, anchors, nodes: 0, aliased: (0, 0) }
    }

    /// Handles the next event; `None` if nothing after it can be read.
    fn take(&mut self, event: Event<'a>, span: &YamlSpan) -> Option<()> {
        let place = place(span);
        let tag_place = span.tag_span().map_or(place, |tag| self::place(&tag));
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let place = if style_is_block(style) { self.without_trailing_blanks(place) } else { place };
                let kind = self.scalar(text, style, tag.as_deref().map(|tag| (tag, tag_place)), place)?;
                self.close(Node { span: place, kind }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => self.open(
                Node { span: place, kind: Kind::Seq(Vec::new()) },
                anchor,
                tag.as_deref().map(|tag| (tag, tag_place)),
            ),
            Event::MappingStart(_, anchor, tag) => self.open(
                Node { span: place, kind: Kind::Map(Vec::new()) },
                anchor,
                tag.as_deref().map(|tag| (tag, tag_place)),
            ),
            Event::SequenceEnd | Event::MappingEnd => {
                let Open { mut node, anchor, .. } = self.open.pop()?;
                self.end(&mut node, place);
                self.close(node, anchor)
            }
            Event::Alias(anchor) => self.alias(anchor, place),
            Event::DocumentStart(..) if self.root.is_some() => self.refuse(
                place,
                "the file has a second document",
                "a document begins here",
                "keep one document in a file",
            ),
            _ => Some(()),
        }
    }

    fn refuse<T>(&mut self, span: Span, message: &str, label: &str, help: &str) -> Option<T> {
        self.reader.report(&codes::YAML, (span, label), message, help);
        None
    }

    fn open(&mut self, node: Node<'a>, anchor: usize, tag: Option<(&Tag, Span)>) -> Option<()> {
        let expected = if matches!(node.kind, Kind::Seq(_)) { "seq" } else { "map" };
        if let Some((tag, place)) = tag.filter(|(tag, _)| tag.core_suffix() != Some(expected)) {
            self.bad_tag(tag, place);
        }
        if self.open.len() >= MAX_DEPTH {
            return self.refuse(
                node.span,
                "the file is nested too deeply",
                "level 65",
                "use at most 64 levels",
            );
        }
        self.open.push(Open { node, anchor, key: None });
        Some(())
    }

    /// Sets the end of a list or mapping whose last event is at `end`.
    fn end(&mut self, node: &mut Node<'a>, end: Span) {
        let last = match &mut node.kind {
            Kind::Seq(items) => {
                items.shrink_to_fit();
                items.last().map(|item| item.span.end)
            }
            Kind::Map(entries) => {
                entries.shrink_to_fit();
                let last = entries.last().map(|(key, value)| value.span.end.max(key.span.end));
                unique(entries, self.reader);
                merge(entries, self.reader);
                last
            }
            _ => None,
        };
        // The parser ends a block collection at the next token, perhaps after many comments.
        let is_flow = self.reader.slice(Span::new(node.span.start, end.end)).starts_with(['[', '{']);
        node.span.end = if is_flow { end.end } else { last.unwrap_or(end.start) };
        node.span = Span::new(node.span.start, node.span.end);
    }

    /// Puts a finished node in its place.
    fn close(&mut self, node: Node<'a>, anchor: usize) -> Option<()> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let help = format!("use at most {MAX_NODES} keys and values; put data in files of its own");
            return self.refuse(node.span, "the file has too many values", "one too many", &help);
        }
        if anchor != 0 {
            let weight = node.weight();
            self.charge(weight, node.span)?;
            self.anchors.insert(anchor, (node.clone(), weight));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Some(());
        };
        match &mut open.node.kind {
            Kind::Seq(items) => items.push(node),
            Kind::Map(entries) => match open.key.take() {
                Some(Some(key)) => entries.push((key, node)),
                Some(None) => {}
                None => open.key = Some(key(node, self.reader)),
            },
            _ => {}
        }
        Some(())
    }

    fn alias(&mut self, anchor: usize, place: Span) -> Option<()> {
        let Some((_, weight)) = self.anchors.get(&anchor) else {
            let help = "write the values out instead";
            return self.refuse(
                place,
                "an alias refers to itself",
                "inside of the value that it refers to",
                help,
            );
        };
        let weight = *weight;
        self.nodes += weight.0;
        self.charge(weight, place)?;
        let depth = self.anchors.get(&anchor).map_or(0, |(node, _)| node.depth());
        if self.open.len() + depth > MAX_DEPTH {
            return self.refuse(
                place,
                "the file is nested too deeply",
                "this alias",
                "use at most 64 levels",
            );
        }
        let node = self.anchors.get(&anchor)?.0.clone();
        self.close(node, 0)
    }

    /// The parser extends a block scalar up to the next token; nobody would call that its end.
    fn without_trailing_blanks(&self, place: Span) -> Span {
        Span::new(place.start, place.start + self.reader.slice(place).trim_end().len())
    }

    fn charge(&mut self, (nodes, text): (usize, usize), place: Span) -> Option<()> {
        self.aliased = (self.aliased.0 + nodes, self.aliased.1 + text);
        if self.aliased.0 > MAX_ALIASED || self.aliased.1 > MAX_ALIASED_TEXT {
            let help = "write the values out, or put them in a file of their own";
            return self.refuse(
                place,
                "the aliases of the file expand to too much",
                "here it is too much",
                help,
            );
        }
        Some(())
    }

    fn bad_tag(&mut self, tag: &Tag, place: Span) {
        let name = tag.original();
        let message = match tag.core_suffix() {
            Some("null" | "bool" | "int" | "float" | "seq" | "map") => {
                format!("the value does not fit its tag `{name}`")
            }
            _ => format!("unknown tag `{name}`"),
        };
        self.reader.report(&codes::YAML, (place, "this tag"), message, "remove the tag");
    }

    fn scalar(
        &mut self,
        text: Cow<'a, str>,
        style: ScalarStyle,
        tag: Option<(&Tag, Span)>,
        place: Span,
    ) -> Option<Kind<'a>> {
        if text.len() > MAX_TEXT {
            let message = format!("a text of {} MB is too long", text.len() / 1_000_000);
            return self.refuse(
                place,
                &message,
                "begins here",
                "use at most 8 MB; put data in a file of its own",
            );
        }
        let name = tag.map(|(tag, _)| (tag.core_suffix(), tag.original()));
        let plain = match &name {
            Some((Some("str"), _)) => None,
            Some((_, original)) if original == "!" => None,
            None if style != ScalarStyle::Plain => None,
            _ => resolve(&text),
        };
        if let (Some((tag, place)), Some((suffix, original))) = (tag, name) {
            let fits = match suffix {
                Some("null") => plain == Some(Plain::Null),
                Some("bool") => matches!(plain, Some(Plain::Bool(_))),
                Some("int") => matches!(plain, Some(Plain::Int(_))),
                Some("float") => matches!(plain, Some(Plain::Int(_) | Plain::Float(_))),
                suffix => suffix == Some("str") || original == "!",
            };
            if !fits {
                self.bad_tag(tag, place);
            }
        }
        Some(match plain {
            None => Kind::Str(text),
            Some(Plain::Null) => Kind::Null,
            Some(Plain::Bool(value)) => Kind::Bool(value),
            Some(Plain::Int(value)) => Kind::Int(value),
            Some(Plain::Float(value)) => Kind::Float(value),
        })
    }
}

fn style_is_block(style: ScalarStyle) -> bool {
    matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
}

fn place(span: &YamlSpan) -> Span {
    span.byte_range().map_or(Span::default(), |range| Span::new(range.start, range.end))
}
