//! The rules of YAML mappings: keys are text, each occurs once, and `<<` merges.

use std::borrow::Cow;
use std::collections::HashSet;

use super::node::{Key, Kind, Node};
use super::reader::Reader;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{Spanned, clip};

/// `node` as a key; `None` after an error.
pub(super) fn key<'a>(node: Node<'a>, reader: &mut Reader<'_>) -> Option<Key<'a>> {
    match node.kind {
        Kind::Str(text) => Some(Spanned::new(text, node.span)),
        Kind::Int(_) | Kind::Float(_) => {
            Some(Spanned::new(Cow::Owned(reader.slice(node.span).to_owned()), node.span))
        }
        _ => {
            refused_key(&node, reader);
            None
        }
    }
}

fn refused_key(node: &Node<'_>, reader: &mut Reader<'_>) {
    let written = reader.slice(node.span);
    let is_template = reader.source.text()[..node.span.start].ends_with('{') && written.starts_with('{');
    if is_template {
        let message = "a template is not in quotes";
        let label = "YAML reads `{{` as two mappings";
        return reader.report(&codes::YAML, (node.span, label), message, "put the whole text in quotes");
    }
    let (label, help) = match node.kind {
        Kind::Null if written.is_empty() => ("no key".to_owned(), "write text before the `:`".to_owned()),
        Kind::Null => {
            ("YAML reads this as no value".to_owned(), format!("put it in quotes: `\"{written}\"`"))
        }
        Kind::Bool(_) => (format!("this is {}", node.what()), format!("put it in quotes: `\"{written}\"`")),
        _ => (format!("this is {}", node.what()), "write text before the `:`".to_owned()),
    };
    reader.report(&codes::SHAPE, (node.span, label), "a key must be text", help);
}

/// Reports duplicate keys and keeps the first of each.
pub(super) fn unique<'a>(entries: &mut Vec<(Key<'a>, Node<'a>)>, reader: &mut Reader<'_>) {
    // Sorting needs less memory than a set, and most mappings are small.
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by(|&a, &b| entries[a].0.value.cmp(&entries[b].0.value).then(a.cmp(&b)));
    let is_twice = |pair: &&[usize]| entries[pair[0]].0.value == entries[pair[1]].0.value;
    let mut twice: Vec<usize> = Vec::new();
    for pair in order.windows(2).filter(is_twice) {
        let (first, second) = (&entries[pair[0]].0, &entries[pair[1]].0);
        twice.push(pair[1]);
        if reader.is_full() {
            reader.count();
        } else {
            let message = format!("the key `{}` is listed twice in one mapping", clip(&second.value));
            let error = Diagnostic::new(&codes::YAML, message)
                .at(reader.source, second.span, "again here")
                .at(reader.source, first.span, "first here")
                .help("remove one of the two, or rename it");
            reader.push(error);
        }
    }
    twice.sort_unstable();
    let mut index = 0;
    entries.retain(|_| {
        index += 1;
        twice.binary_search(&(index - 1)).is_err()
    });
}

/// Merges the mappings under `<<` (which is YAML 1.1, but existing projects use it): keys of the mapping itself
/// win, then earlier mappings over later ones.
pub(super) fn merge<'a>(entries: &mut Vec<(Key<'a>, Node<'a>)>, reader: &mut Reader<'_>) {
    let Some(at) = entries.iter().position(|(key, _)| key.value == "<<" && reader.slice(key.span) == "<<")
    else {
        return;
    };
    let (_, value) = entries.remove(at);
    let sources = match value.kind {
        Kind::Seq(items) => items,
        _ => vec![value],
    };
    let mut known: HashSet<Cow<'a, str>> = entries.iter().map(|(key, _)| key.value.clone()).collect();
    for source in sources {
        let Kind::Map(merged) = source.kind else {
            let label = format!("this is {}", source.what());
            let help = "write an alias of a mapping: `<<: *name`";
            reader.report(&codes::SHAPE, (source.span, label), "`<<` takes in a mapping", help);
            continue;
        };
        entries.extend(merged.into_iter().filter(|(key, _)| known.insert(key.value.clone())));
    }
}

/// A list of mappings as one mapping.
pub(super) fn flatten<'a>(node: &Node<'a>, reader: &mut Reader<'_>) -> Option<Vec<(Key<'a>, Node<'a>)>> {
    let Kind::Seq(items) = &node.kind else { return None };
    let mut flat = Vec::new();
    for item in items {
        let Kind::Map(entries) = &item.kind else { return None };
        flat.extend_from_slice(entries);
    }
    unique(&mut flat, reader);
    Some(flat)
}
