//! What the functions of the core library do.

use std::rc::Rc;

use super::axis::tidy;
use super::code::{Code, Item};
use super::document::{Document, NodeId, NodeKind, XML_NAMESPACE, XML_PREFIX};
use super::eval::{Context, Evaluator};
use super::function::Function;
use super::number;

/// White space as XML knows it.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

impl Evaluator<'_> {
    /// Calls a function that needs only the values of its arguments.
    pub(super) fn library(&self, function: Function, arguments: &[Code], at: &Context) -> Item {
        match function {
            Function::True => Item::Boolean(true),
            Function::False => Item::Boolean(false),
            Function::Id => Item::Nodes(Rc::new(self.id(&arguments[0], at))),
            Function::Lang => {
                let language = self.string(&arguments[0], at);
                Item::Boolean(is_in_language(self.document, at.node, &language))
            }
            Function::LocalName | Function::Name | Function::NamespaceUri => {
                let node = match arguments.first() {
                    Some(argument) => self.nodes(argument, at).first().copied(),
                    None => Some(at.node),
                };
                Item::String(node.map_or("", |node| self.name_part(function, node)).into())
            }
            Function::Sum => {
                let nodes = self.nodes(&arguments[0], at);
                let number = |node: &NodeId| number::from_str(&self.document.string_value(*node));
                Item::Number(nodes.iter().map(number).fold(0.0, |sum, number| sum + number))
            }
            Function::Floor => Item::Number(self.number(&arguments[0], at).floor()),
            Function::Ceiling => Item::Number(self.number(&arguments[0], at).ceil()),
            Function::Round => Item::Number(number::round(self.number(&arguments[0], at))),
            Function::Number => Item::Number(match arguments.first() {
                Some(argument) => self.number(argument, at),
                None => number::from_str(&self.document.string_value(at.node)),
            }),
            _ => self.string_function(function, arguments, at),
        }
    }

    fn string_function(&self, function: Function, arguments: &[Code], at: &Context) -> Item {
        let first = match arguments.first() {
            Some(argument) => self.string(argument, at),
            None => self.document.string_value(at.node).into(),
        };
        let second = || arguments.get(1).map_or_else(|| "".into(), |argument| self.string(argument, at));
        match function {
            Function::Contains => Item::Boolean(first.contains(&*second())),
            Function::StartsWith => Item::Boolean(first.starts_with(&*second())),
            Function::StringLength => Item::Number(first.chars().count() as f64),
            Function::SubstringBefore => {
                Item::String(first.split_once(&*second()).map_or("", |(before, _)| before).into())
            }
            Function::SubstringAfter => {
                Item::String(first.split_once(&*second()).map_or("", |(_, after)| after).into())
            }
            Function::Substring => {
                let start = self.number(&arguments[1], at);
                let length = arguments.get(2).map(|argument| self.number(argument, at));
                Item::String(substring(&first, start, length).into())
            }
            Function::NormalizeSpace => {
                let words: Vec<&str> = first.split(SPACE).filter(|word| !word.is_empty()).collect();
                Item::String(words.join(" ").into())
            }
            Function::Translate => {
                let to = self.string(&arguments[2], at);
                Item::String(translate(&first, &second(), &to).into())
            }
            Function::Concat => {
                let rest = arguments[1..].iter().map(|argument| self.string(argument, at));
                let all: String = std::iter::once(Rc::clone(&first)).chain(rest).collect::<Vec<_>>().concat();
                Item::String(all.into())
            }
            _ => Item::String(first),
        }
    }

    /// The elements whose IDs are the words of the argument's value, or of the value of each of its nodes.
    fn id(&self, argument: &Code, at: &Context) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut add = |text: &str| {
            let elements = text.split(SPACE).filter_map(|word| self.document.element_by_id(word));
            found.extend(elements.map(NodeId::tree));
        };
        match self.value(argument, at) {
            Item::Nodes(nodes) => {
                nodes.iter().for_each(|node| add(&self.document.string_value(*node)));
            }
            other => add(&other.string(self.document)),
        }
        tidy(&mut found);
        found
    }

    fn name_part(&self, function: Function, node: NodeId) -> &str {
        let name = self.document.name(node);
        let is_named = matches!(self.document.kind(node), NodeKind::Element | NodeKind::Attribute);
        let local = match name.split_once(':') {
            Some((XML_PREFIX, local)) if is_named => Some(local),
            _ => None,
        };
        match function {
            Function::Name => name,
            Function::LocalName => local.unwrap_or(name),
            _ if local.is_some() => XML_NAMESPACE,
            _ => "",
        }
    }
}

/// Whether the nearest `xml:lang` at or above `node` is `language` or a sublanguage of it.
fn is_in_language(document: &Document, node: NodeId, language: &str) -> bool {
    let mut next = Some(node);
    while let Some(node) = next {
        if let Some(found) = document.attribute(node, "xml:lang") {
            let is_prefix = found.get(..language.len()).is_some_and(|s| s.eq_ignore_ascii_case(language));
            return is_prefix && matches!(found.as_bytes().get(language.len()), None | Some(b'-'));
        }
        next = document.parent(node);
    }
    false
}

/// The characters at the positions p with p >= round(start) and p < round(start) + round(length).
fn substring(text: &str, start: f64, length: Option<f64>) -> String {
    let start = number::round(start);
    let end = length.map_or(f64::INFINITY, |length| start + number::round(length));
    let numbered = (1..).zip(text.chars());
    let is_in = |position: u32| f64::from(position) >= start && f64::from(position) < end;
    numbered.filter(|(position, _)| is_in(*position)).map(|(_, c)| c).collect()
}

fn translate(text: &str, from: &str, to: &str) -> String {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let one = |c: char| match from.iter().position(|other| *other == c) {
        Some(index) => to.get(index).copied(),
        None => Some(c),
    };
    text.chars().filter_map(one).collect()
}
