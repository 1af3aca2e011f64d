//! Which step of a path selects nothing, and what could be selected there instead.

use crate::source::Span;
use crate::xpath::{self, Expr, ExprKind, NodeId, NodeTest, Path, Step, Value};

use super::tree::Tree;

/// How many nodes are examined to find out what there is.
const MOST: usize = 10_000;

/// The first step of a path that selects nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failing {
    /// Its place in the expression.
    pub span: Span,
    /// What there is at this place, as written in a path: `@name='fit'`, or the names of elements.
    pub there: Vec<String>,
}

/// The first step of `expression` that selects nothing; `None` if it is not a path.
pub(super) fn find(expression: &str, tree: &Tree) -> Option<Failing> {
    let expr = xpath::parse(expression).ok()?;
    let path = match &expr.kind {
        ExprKind::Path(path) => path,
        ExprKind::Union(parts) => match &parts.first()?.kind {
            ExprKind::Path(path) => path,
            _ => return None,
        },
        _ => return None,
    };
    let (count, step) =
        (1..).zip(&path.steps).find(|(count, step)| Begun { path, count: *count }.is_empty(step, tree))?;
    let begun = Begun { path, count };
    let kept = (0..=step.predicates.len()).take_while(|kept| !begun.is_empty(&first(step, *kept), tree));
    let there = match kept.last() {
        None => elements(&begun.nodes(&Step { test: NodeTest::Any, ..first(step, 0) }, tree), tree),
        Some(kept) => {
            let asked = step.predicates.get(kept).map_or("", |predicate| &expression[predicate.span.range()]);
            attributes(&begun.nodes(&first(step, kept), tree), asked, tree)
        }
    };
    Some(Failing { span: step.span, there })
}

/// The first steps of a path.
struct Begun<'p> {
    path: &'p Path,
    count: usize,
}

impl Begun<'_> {
    /// The nodes that they select, with `last` as the last step.
    fn nodes(&self, last: &Step, tree: &Tree) -> Vec<NodeId> {
        let mut steps = self.path.steps[..self.count - 1].to_vec();
        steps.push(last.clone());
        let path = Path { start: self.path.start.clone(), steps };
        let expr = Expr { kind: ExprKind::Path(path), span: last.span };
        match xpath::evaluate(&expr, &tree.document, tree.document.root()) {
            Ok(Value::NodeSet(nodes)) => nodes,
            _ => Vec::new(),
        }
    }

    fn is_empty(&self, last: &Step, tree: &Tree) -> bool {
        self.nodes(last, tree).is_empty()
    }
}

/// A step with only its first predicates.
fn first(step: &Step, kept: usize) -> Step {
    Step { predicates: step.predicates[..kept].to_vec(), ..step.clone() }
}

fn elements(nodes: &[NodeId], tree: &Tree) -> Vec<String> {
    once(nodes.iter().take(MOST).map(|node| tree.document.name(*node).to_owned()))
}

/// The attributes that a predicate could ask for: those that it names, or all.
fn attributes(nodes: &[NodeId], predicate: &str, tree: &Tree) -> Vec<String> {
    let document = &tree.document;
    let all = nodes.iter().take(MOST).flat_map(|node| document.attributes(*node));
    let all: Vec<_> = all.map(|node| (document.name(node), document.string_value(node))).collect();
    let is_named = |name: &str| predicate.contains(&format!("@{name}"));
    let any = all.iter().any(|(name, _)| is_named(name));
    let wanted = all.iter().filter(|(name, _)| !any || is_named(name));
    once(wanted.map(|(name, value)| format!("@{name}='{value}'")))
}

/// Each text once, in order of appearance.
fn once(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    all.filter(|one| seen.insert(one.clone())).collect()
}
