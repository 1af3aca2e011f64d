//! The syntax tree of an expression, as written: spans, names, no abbreviations. Knows nothing of documents.
//! Chains of operators of one precedence are flat lists, applied left to right, so that the brackets in the
//! text bound the depth of the tree, not its length.

use crate::source::Span;

/// An expression and its place. Equality ignores places.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Its kind.
    pub kind: ExprKind,
    /// Its place, in bytes of the parsed text.
    pub span: Span,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Expr {
    /// The expressions directly inside it, predicates included, in no particular order.
    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Or(parts) | ExprKind::And(parts) | ExprKind::Union(parts) => parts.iter().collect(),
            ExprKind::Chain(first, rest) => {
                std::iter::once(&**first).chain(rest.iter().map(|(_, operand)| operand)).collect()
            }
            ExprKind::Negative(_, operand) => vec![operand],
            ExprKind::Filter(primary, predicates) => std::iter::once(&**primary).chain(predicates).collect(),
            ExprKind::Call(call) => call.arguments.iter().collect(),
            ExprKind::Literal(_) | ExprKind::Number(_) | ExprKind::Variable(_) => Vec::new(),
            ExprKind::Path(path) => {
                let start = match &path.start {
                    Start::Expr(start) => Some(&**start),
                    Start::Root | Start::Context => None,
                };
                path.steps.iter().flat_map(|step| &step.predicates).chain(start).collect()
            }
        }
    }

    /// The largest number of expressions nested in each other.
    pub fn depth(&self) -> usize {
        let mut deepest = 0;
        let mut waiting = vec![(self, 1)];
        while let Some((expr, depth)) = waiting.pop() {
            deepest = deepest.max(depth);
            waiting.extend(expr.children().into_iter().map(|child| (child, depth + 1)));
        }
        deepest
    }
}

/// The kinds of expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `a or b or c`: two or more operands.
    Or(Vec<Expr>),
    /// `a and b and c`: two or more operands.
    And(Vec<Expr>),
    /// Operators of one precedence level, applied from the left: `a - b + c`.
    Chain(Box<Expr>, Vec<(Operator, Expr)>),
    /// One or more unary minus signs.
    Negative(u32, Box<Expr>),
    /// `a | b | c`: two or more operands.
    Union(Vec<Expr>),
    /// A location path, from the root, the context node or an expression.
    Path(Path),
    /// An expression with one or more predicates: `(a)[1]`.
    Filter(Box<Expr>, Vec<Expr>),
    /// A string in quotes.
    Literal(String),
    /// A number, with the digits as written.
    Number(Number),
    /// `$name`.
    Variable(Name),
    /// A call of a function.
    Call(Call),
}

/// A number as written. The text is kept so that it prints back unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(pub String);

/// A function call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The function's name.
    pub name: Name,
    /// The place of the name.
    pub name_span: Span,
    /// The arguments.
    pub arguments: Vec<Expr>,
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.arguments == other.arguments
    }
}

/// The binary operators that form chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `div`
    Divide,
    /// `mod`
    Modulo,
}

/// A name with an optional prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The part before the colon.
    pub prefix: Option<String>,
    /// The part after it, or the whole name.
    pub local: String,
}

/// A location path. `//` is spelled out as the step `descendant-or-self::node()`.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Where it begins.
    pub start: Start,
    /// Its steps; empty only for the path `/`.
    pub steps: Vec<Step>,
}

/// Where a path begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// At the root node: `/a`.
    Root,
    /// At the context node: `a`.
    Context,
    /// At the nodes of an expression: `id('x')/a`.
    Expr(Box<Expr>),
}

/// One step of a path. Equality ignores places.
#[derive(Clone, Debug)]
pub struct Step {
    /// The direction.
    pub axis: Axis,
    /// The nodes that it selects.
    pub test: NodeTest,
    /// The predicates, in order.
    pub predicates: Vec<Expr>,
    /// Its place; for a `//`, that of the slashes.
    pub span: Span,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.axis == other.axis && self.test == other.test && self.predicates == other.predicates
    }
}

/// The thirteen axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Namespace,
    Parent,
    Preceding,
    PrecedingSibling,
    SelfNode,
}

/// Every axis with its name.
pub const AXES: [(&str, Axis); 13] = [
    ("ancestor", Axis::Ancestor),
    ("ancestor-or-self", Axis::AncestorOrSelf),
    ("attribute", Axis::Attribute),
    ("child", Axis::Child),
    ("descendant", Axis::Descendant),
    ("descendant-or-self", Axis::DescendantOrSelf),
    ("following", Axis::Following),
    ("following-sibling", Axis::FollowingSibling),
    ("namespace", Axis::Namespace),
    ("parent", Axis::Parent),
    ("preceding", Axis::Preceding),
    ("preceding-sibling", Axis::PrecedingSibling),
    ("self", Axis::SelfNode),
];

impl Axis {
    /// The name, as written before `::`.
    pub fn name(self) -> &'static str {
        AXES.iter().find(|(_, axis)| *axis == self).map_or("", |(name, _)| name)
    }

    /// The axis called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        AXES.iter().find(|(other, _)| *other == name).map(|(_, axis)| *axis)
    }

    /// Whether positions on it count in reverse document order.
    pub fn is_reverse(self) -> bool {
        matches!(self, Self::Ancestor | Self::AncestorOrSelf | Self::Preceding | Self::PrecedingSibling)
    }
}

/// What follows the axis: which of its nodes are selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeTest {
    /// `*`
    Any,
    /// `p:*`
    AnyIn(String),
    /// `name` or `p:name`
    Name(Name),
    /// `node()`
    Node,
    /// `text()`
    Text,
    /// `comment()`
    Comment,
    /// `processing-instruction()`, with the target if one is given.
    ProcessingInstruction(Option<String>),
}
