//! Reads a node as the value of a field. `null` counts as a field that was left out; everything else of the
//! wrong type is reported with the field's name.

use serde_json::Value;

use super::config::{Pair, Parameters};
use super::node::{Entries, Key, Kind, Node, owned};
use super::reader::Reader;
use super::scalar::{self, Plain};
use crate::diagnostic::codes;
use crate::numbers;
use crate::source::{Source, Span, Spanned, clip};

/// See [`super::place_in`].
pub(super) fn place_in(source: &Source, span: Span, value: &str, part: Span) -> Span {
    let written = source.slice(span);
    let in_quotes = written.strip_prefix(['"', '\'']).and_then(|text| text.strip_suffix(['"', '\'']));
    if written == value {
        return part.shifted(span.start);
    }
    if in_quotes == Some(value) {
        // In an empty text there is nothing between the quotes to point at.
        return if value.is_empty() { span } else { part.shifted(span.start + 1) };
    }
    in_block(written, value, part).map_or(span, |place| place.shifted(span.start))
}

/// The place of `part` in the raw lines of a literal block scalar, each indented by some blanks.
fn in_block(written: &str, value: &str, part: Span) -> Option<Span> {
    let (mut raw_start, mut start) = (0, 0);
    for (raw, line) in written.split('\n').zip(value.split('\n')) {
        let indent = raw.strip_suffix('\r').unwrap_or(raw).strip_suffix(line)?;
        if !indent.trim().is_empty() {
            return None;
        }
        if part.start <= start + line.len() {
            let shift = raw_start + indent.len();
            let end = part.end.min(start + line.len());
            return Some(Span::new(part.start - start + shift, end - start + shift));
        }
        raw_start += raw.len() + 1;
        start += line.len() + 1;
    }
    None
}

impl Reader<'_> {
    /// Reports that `key` has the wrong type of value.
    pub(super) fn wrong_type(&mut self, key: &Key<'_>, node: &Node<'_>, must: &str, help: impl Into<String>) {
        let span = if node.span.start == node.span.end { key.span } else { node.span };
        let label = match node.kind {
            Kind::Null => "no value".to_owned(),
            _ => format!("this is {}", node.what()),
        };
        self.report(&codes::SHAPE, (span, label), format!("`{}` must be {must}", clip(&key.value)), help);
    }

    pub(super) fn text(&mut self, key: &Key<'_>, node: &Node<'_>) -> Option<Spanned<String>> {
        match &node.kind {
            Kind::Str(text) => return Some(Spanned::new(text.clone().into_owned(), node.span)),
            Kind::Null => {}
            // YAML takes a template without quotes for a mapping; that has been reported already.
            Kind::Map(_) if self.slice(node.span).starts_with("{{") => {}
            Kind::Seq(_) | Kind::Map(_) => {
                self.wrong_type(key, node, "text", format!("write `{}: TEXT`", clip(&key.value)));
            }
            _ => {
                let help = format!("put it in quotes: `\"{}\"`", clip(self.slice(node.span)));
                self.wrong_type(key, node, "text", help);
            }
        }
        None
    }

    /// A shell command.
    pub(super) fn command(&mut self, key: &Key<'_>, node: &Node<'_>) -> Option<Spanned<String>> {
        let text = self.text(key, node)?;
        let does_something =
            |line: &str| !line.trim_start().is_empty() && !line.trim_start().starts_with('#');
        if !text.value.lines().any(does_something) {
            let help = "write what runs, or remove `command`: a process without one calls its function";
            self.report(&codes::SHAPE, (text.span, "does nothing"), "the command is empty", help);
        }
        Some(text)
    }

    /// One of a few words.
    pub(super) fn word(&mut self, key: &Key<'_>, node: &Node<'_>, words: &[&str]) -> Option<Spanned<String>> {
        let text = self.text(key, node)?;
        if words.contains(&text.value.as_str()) {
            return Some(text);
        }
        let message = format!("`{}` cannot be `{}`", key.value, clip(&text.value));
        let help = self.known(&text.value.to_lowercase(), words);
        self.report(&codes::SHAPE, (text.span, "not known"), message, help);
        None
    }

    /// Text or a number, as written.
    pub(super) fn text_or_number(&mut self, key: &Key<'_>, node: &Node<'_>) -> Option<Spanned<String>> {
        match node.kind {
            Kind::Int(_) | Kind::Float(_) => Some(Spanned::new(self.slice(node.span).to_owned(), node.span)),
            _ => self.text(key, node),
        }
    }

    pub(super) fn truth(&mut self, key: &Key<'_>, node: &Node<'_>) -> Option<Spanned<bool>> {
        match &node.kind {
            Kind::Bool(value) => return Some(Spanned::new(*value, node.span)),
            Kind::Null => {}
            kind => {
                let word = if let Kind::Str(text) = kind { text.to_lowercase() } else { String::new() };
                let help = match word.as_str() {
                    "yes" | "on" | "y" | "true" => "write `true`",
                    "no" | "off" | "n" | "false" => "write `false`",
                    _ => "write `true` or `false`",
                };
                self.wrong_type(key, node, "`true` or `false`", help);
            }
        }
        None
    }

    /// A whole number that fits a `T`; `must` says which ones do.
    pub(super) fn whole<T: TryFrom<i128>>(
        &mut self,
        key: &Key<'_>,
        node: &Node<'_>,
        must: &str,
    ) -> Option<Spanned<T>> {
        match node.kind {
            Kind::Int(value) => match T::try_from(value) {
                Ok(value) => return Some(Spanned::new(value, node.span)),
                Err(_) => {
                    let message = format!("`{}` must be {must}", clip(&key.value));
                    let label = if value < 0 { "a negative number" } else { "too large" };
                    self.report(&codes::SHAPE, (node.span, label), message, format!("write {must}"));
                }
            },
            Kind::Null => {}
            _ => self.wrong_type(key, node, must, format!("write {must}")),
        }
        None
    }

    pub(super) fn mapping<'n, 'a>(
        &mut self,
        key: &Key<'_>,
        node: &'n Node<'a>,
        help: &str,
    ) -> Entries<'n, 'a> {
        match &node.kind {
            Kind::Map(entries) => return entries,
            Kind::Null => {}
            _ => self.wrong_type(key, node, "a mapping", help),
        }
        &[]
    }

    /// A mapping of keys to texts.
    pub(super) fn pairs(&mut self, key: &Key<'_>, node: &Node<'_>, help: &str) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for (name, value) in self.mapping(key, node, help) {
            match self.text(name, value) {
                Some(text) => pairs.push((owned(name), text)),
                None if matches!(value.kind, Kind::Null) => self.wrong_type(name, value, "text", help),
                None => {}
            }
        }
        pairs
    }

    /// A list of texts, or one text.
    pub(super) fn texts(&mut self, key: &Key<'_>, node: &Node<'_>, help: &str) -> Vec<Spanned<String>> {
        match &node.kind {
            Kind::Seq(items) => {
                let mut texts = Vec::new();
                for item in items {
                    match &item.kind {
                        Kind::Str(text) => texts.push(Spanned::new(text.clone().into_owned(), item.span)),
                        _ => {
                            let label = format!("this is {}", item.what());
                            let message = format!("an entry of `{}` must be text", clip(&key.value));
                            self.report(&codes::SHAPE, (item.span, label), message, help);
                        }
                    }
                }
                texts
            }
            Kind::Str(_) | Kind::Null => self.text(key, node).into_iter().collect(),
            _ => {
                self.wrong_type(key, node, "a list", help);
                Vec::new()
            }
        }
    }

    /// Parameters by name, except those called `without`.
    pub(super) fn parameters(&mut self, key: &Key<'_>, node: &Node<'_>, without: &[&str]) -> Parameters {
        let mut parameters = Vec::new();
        for (name, value) in self.mapping(key, node, "write `parameters: {name: value}`") {
            if without.contains(&name.value.as_ref()) {
                continue;
            }
            if let Some(json) = self.json(value) {
                parameters.push((owned(name), Spanned::new(json, value.span)));
            }
        }
        parameters
    }

    /// Any value; `None` after a number that JSON cannot hold.
    fn json(&mut self, node: &Node<'_>) -> Option<Value> {
        Some(match &node.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Int(i128::MIN | i128::MAX) => match self.slice(node.span) {
                digits if is_decimal(digits) => numbers::whole(digits),
                _ => self.no_number(node, "does not fit 128 bits")?,
            },
            Kind::Int(value) if self.is_tagged(node.span, "!!float") => numbers::float(*value as f64),
            Kind::Int(value) => {
                self.no_older_yaml(node.span);
                numbers::whole(&value.to_string())
            }
            // Unless it is written as `.inf`, it is too large.
            Kind::Float(value) if value.is_infinite() && !self.slice(node.span).ends_with(['f', 'F']) => {
                self.no_number(node, "is larger than any float")?
            }
            Kind::Float(value) => numbers::float(*value),
            Kind::Str(text) => {
                if self.slice(node.span) == text {
                    self.no_older_yaml(node.span);
                }
                self.no_quotes(text, node.span);
                Value::String(text.clone().into_owned())
            }
            Kind::Seq(items) => {
                let values: Vec<_> = items.iter().map(|item| self.json(item)).collect();
                Value::Array(values.into_iter().collect::<Option<_>>()?)
            }
            Kind::Map(entries) => {
                let pair = |(key, value): &(Key<'_>, Node<'_>)| {
                    let name = self.key_of_text(key);
                    self.json(value).and_then(|value| Some((name?, value)))
                };
                let values: Vec<_> = entries.iter().map(pair).collect();
                numbers::mapping(values.into_iter().collect::<Option<_>>()?)
            }
        })
    }

    /// A key inside a parameter; `None` after a number, which a function would be given as text.
    fn key_of_text(&mut self, key: &Key<'_>) -> Option<String> {
        let written = self.slice(key.span);
        let is_number = matches!(scalar::resolve(written), Some(Plain::Int(_) | Plain::Float(_)));
        if is_number && !self.is_tagged(key.span, "!!str") {
            let help = format!(
                "for text put it in quotes, `\"{written}\"`; for numbers write pairs, `[[{written}, VALUE]]`, and `dict(…)` in \
                 the function"
            );
            self.report(&codes::SHAPE, (key.span, "this is a number"), "a key must be text", help);
            return None;
        }
        Some(key.value.clone().into_owned())
    }

    /// Whether there is this tag before the scalar at `span`.
    fn is_tagged(&self, span: Span, tag: &str) -> bool {
        self.source.text()[..span.start].trim_end().ends_with(tag)
    }

    /// Warns of what other readers of YAML take for a truth value, or for another number.
    fn no_older_yaml(&mut self, span: Span) {
        let text = self.slice(span).to_owned();
        let Some(other) = scalar::in_older_yaml(&text).filter(|_| !self.is_tagged(span, "!!str")) else {
            return;
        };
        let is = match scalar::resolve(&text) {
            Some(Plain::Int(number)) => number.to_string(),
            _ => "text".to_owned(),
        };
        if is == other {
            return;
        }
        let message = format!("`{text}` is {is} in YAML 1.2, not `{other}`");
        let help = format!("write `{other}` if that is meant; for text put it in quotes: `\"{text}\"`");
        self.doubt((span, "read otherwise by YAML 1.1"), message, help);
    }

    /// Warns of a text between quotes as word processors write them, which are a part of it.
    fn no_quotes(&mut self, text: &str, span: Span) {
        const QUOTES: [char; 9] = ['“', '”', '„', '‟', '‘', '’', '‚', '«', '»'];
        if self.slice(span) == text && text.starts_with(QUOTES) && text.ends_with(QUOTES) {
            let message = format!("the quotes of `{}` are a part of the text", clip(text));
            let inside = text.trim_matches(QUOTES);
            self.doubt((span, "no quotes of YAML"), message, format!("write `\"{}\"`", clip(inside)));
        }
    }

    fn no_number(&mut self, node: &Node<'_>, what: &str) -> Option<Value> {
        let message = format!("the number `{}` {what}", clip(self.slice(node.span)));
        let help = "put it in quotes and convert it in the function";
        self.report(&codes::SHAPE, (node.span, "cannot be passed on exactly"), message, help);
        None
    }
}

/// Whether `text` is a whole number in decimal digits.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
