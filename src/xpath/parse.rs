//! From text to [`Expr`]. The only file that knows pest.

use pest::Parser;
use pest::error::InputLocation;
use pest::iterators::Pair;

use crate::source::Span;

use super::ast::{Axis, Call, Expr, ExprKind, Name, NodeTest, Number, Operator, Path, Start, Step};
use super::deep;
use super::error::SyntaxError;
use super::explain::explain;
use super::scan::{Scan, Token, scan};

/// pest's generated types stay in here.
mod grammar {
    #![allow(missing_docs, reason = "generated")]

    /// The parser that pest generates.
    #[derive(pest_derive::Parser)]
    #[grammar = "grammar/xpath.pest"]
    pub(super) struct XPathParser;
}

use grammar::{Rule, XPathParser};

/// Nesting that any thread's stack can take: pest's parser is recursive, with some 12 KiB a bracket
/// in a debug build.
const SHALLOW: usize = 40;

/// Parses an XPath 1.0 expression.
pub fn parse(text: &str) -> Result<Expr, SyntaxError> {
    let Scan { tokens, depth } = scan(text)?;
    deep::run(depth > SHALLOW, || parse_here(text, &tokens)).unwrap_or_else(|| {
        let message = "brackets are nested too deep for the memory at hand";
        Err(SyntaxError::new(Span::new(0, text.len()), message))
    })
}

fn parse_here(text: &str, tokens: &[Token]) -> Result<Expr, SyntaxError> {
    let pairs = XPathParser::parse(Rule::XPath, text).map_err(|error| {
        let stopped = match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
        };
        explain(text, tokens, stopped)
    })?;
    let whole = pairs.into_iter().next().map(only_child);
    whole.map(expr).ok_or_else(|| SyntaxError::new(Span::new(0, text.len()), "the expression is empty"))
}

type Node<'a> = Pair<'a, Rule>;

fn span(node: &Node<'_>) -> Span {
    Span::new(node.as_span().start(), node.as_span().end())
}

/// The child of a rule that has, by the grammar, one first child.
fn only_child(node: Node<'_>) -> Node<'_> {
    let fallback = node.clone();
    node.into_inner().next().unwrap_or(fallback)
}

/// Any expression. The precedence levels that hold one operand are passed in a loop, so that the
/// stack grows with the brackets only.
fn expr(mut node: Node<'_>) -> Expr {
    loop {
        let mut inner = node.clone().into_inner();
        let count = inner.len();
        match node.as_rule() {
            Rule::PathExpr | Rule::FilterExpr if count > 1 => return composed(node),
            Rule::LocationPath => return location_path(node),
            Rule::VariableReference | Rule::Literal | Rule::Number | Rule::FunctionCall => {
                return primary(node);
            }
            _ if count > 1 => return operation(node),
            _ => match inner.next() {
                Some(child) => node = child,
                None => return primary(node),
            },
        }
    }
}

/// A level of the precedence ladder with more than one child.
fn operation(node: Node<'_>) -> Expr {
    let span = span(&node);
    let rule = node.as_rule();
    let mut inner = node.into_inner();
    let is_operand = |node: &Node<'_>| !matches!(node.as_rule(), Rule::OrOperator | Rule::AndOperator);
    let kind = match rule {
        Rule::OrExpr => ExprKind::Or(inner.filter(is_operand).map(expr).collect()),
        Rule::AndExpr => ExprKind::And(inner.filter(is_operand).map(expr).collect()),
        Rule::UnionExpr => ExprKind::Union(inner.map(expr).collect()),
        Rule::UnaryExpr => {
            let minuses = inner.clone().filter(|node| node.as_rule() == Rule::UnaryMinus).count();
            let operand = inner.nth(minuses).map(expr);
            match operand {
                Some(operand) => ExprKind::Negative(minuses as u32, Box::new(operand)),
                None => unreachable!("a minus sign has an operand"),
            }
        }
        _ => chain(inner),
    };
    Expr { kind, span }
}

fn chain<'a>(mut inner: impl Iterator<Item = Node<'a>>) -> ExprKind {
    let first = inner.next().map(expr);
    let mut rest = Vec::new();
    while let (Some(sign), Some(operand)) = (inner.next(), inner.next()) {
        rest.push((operator(sign.as_str()), expr(operand)));
    }
    match first {
        Some(first) => ExprKind::Chain(Box::new(first), rest),
        None => unreachable!("an operator has operands"),
    }
}

fn operator(text: &str) -> Operator {
    match text {
        "=" => Operator::Equal,
        "!=" => Operator::NotEqual,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        "+" => Operator::Add,
        "-" => Operator::Subtract,
        "*" => Operator::Multiply,
        "div" => Operator::Divide,
        _ => Operator::Modulo,
    }
}

/// A primary expression followed by predicates or by steps.
fn composed(node: Node<'_>) -> Expr {
    let span = span(&node);
    let is_filter = node.as_rule() == Rule::FilterExpr;
    let mut inner = node.into_inner();
    let Some(first) = inner.next().map(expr) else { unreachable!("a path has a beginning") };
    let kind = if is_filter {
        ExprKind::Filter(Box::new(first), inner.map(predicate).collect())
    } else {
        ExprKind::Path(Path { start: Start::Expr(Box::new(first)), steps: steps(inner) })
    };
    Expr { kind, span }
}

fn predicate(node: Node<'_>) -> Expr {
    expr(only_child(node))
}

fn primary(node: Node<'_>) -> Expr {
    let text = node.as_str();
    let kind = match node.as_rule() {
        Rule::Literal => ExprKind::Literal(unquoted(text).to_owned()),
        Rule::Number => ExprKind::Number(Number(text.to_owned())),
        Rule::VariableReference => ExprKind::Variable(name(only_child(node.clone()).as_str())),
        _ => call(node.clone()),
    };
    Expr { kind, span: span(&node) }
}

/// The content of a literal.
fn unquoted(literal: &str) -> &str {
    literal.get(1..literal.len().saturating_sub(1)).unwrap_or("")
}

fn call(node: Node<'_>) -> ExprKind {
    let mut inner = node.into_inner();
    let Some(function) = inner.next() else { unreachable!("a call has a name") };
    let name_span = span(&function);
    ExprKind::Call(Call { name: name(function.as_str()), name_span, arguments: inner.map(expr).collect() })
}

fn name(text: &str) -> Name {
    match text.split_once(':') {
        Some((prefix, local)) => Name { prefix: Some(prefix.to_owned()), local: local.to_owned() },
        None => Name { prefix: None, local: text.to_owned() },
    }
}

fn location_path(node: Node<'_>) -> Expr {
    let whole = span(&node);
    let path = only_child(node);
    let start = match path.as_rule() {
        Rule::AbsoluteLocationPath => Start::Root,
        _ => Start::Context,
    };
    let parts: Vec<_> = match start {
        Start::Root => path.into_inner().collect(),
        _ => vec![path],
    };
    Expr { kind: ExprKind::Path(Path { start, steps: steps(parts) }), span: whole }
}

/// The steps of the separators and relative paths that follow the beginning of a path.
fn steps<'a>(parts: impl IntoIterator<Item = Node<'a>>) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in parts {
        match part.as_rule() {
            Rule::RelativeLocationPath => steps.extend(part.into_inner().filter_map(step)),
            _ => steps.extend(step(part)),
        }
    }
    steps
}

/// A step; nothing for a single slash.
fn step(node: Node<'_>) -> Option<Step> {
    let span = span(&node);
    let plain = |axis| Some(Step { axis, test: NodeTest::Node, predicates: Vec::new(), span });
    match node.as_rule() {
        Rule::DescendantSeparator => plain(Axis::DescendantOrSelf),
        Rule::Slash => None,
        _ if node.as_str() == "." => plain(Axis::SelfNode),
        _ if node.as_str() == ".." => plain(Axis::Parent),
        _ => {
            let mut step = Step { axis: Axis::Child, test: NodeTest::Node, predicates: Vec::new(), span };
            for part in node.into_inner() {
                match part.as_rule() {
                    Rule::AxisSpecifier => step.axis = axis(part),
                    Rule::NodeTest => step.test = node_test(part),
                    _ => step.predicates.push(predicate(part)),
                }
            }
            Some(step)
        }
    }
}

fn axis(node: Node<'_>) -> Axis {
    Axis::from_name(only_child(node).as_str()).unwrap_or(Axis::Attribute)
}

fn node_test(node: Node<'_>) -> NodeTest {
    let mut inner = node.into_inner();
    let Some(first) = inner.next() else { unreachable!("a node test has a name") };
    match (first.as_rule(), first.as_str()) {
        (Rule::ProcessingInstruction, _) => {
            let target = inner.next().map_or("", |literal| literal.as_str());
            NodeTest::ProcessingInstruction(Some(unquoted(target).to_owned()))
        }
        (Rule::NodeTypeName, "node") => NodeTest::Node,
        (Rule::NodeTypeName, "text") => NodeTest::Text,
        (Rule::NodeTypeName, "comment") => NodeTest::Comment,
        (Rule::NodeTypeName, _) => NodeTest::ProcessingInstruction(None),
        (_, "*") => NodeTest::Any,
        (_, text) => match text.strip_suffix(":*") {
            Some(prefix) => NodeTest::AnyIn(prefix.to_owned()),
            None => NodeTest::Name(name(text)),
        },
    }
}
