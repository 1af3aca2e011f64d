//! Prints an expression as XPath text, abbreviated where that is shorter. The text parses to an equal
//! expression. Knows nothing of documents.

use std::fmt::{self, Display, Formatter};

use super::ast::{Axis, Call, Expr, ExprKind, Name, NodeTest, Number, Operator, Path, Start, Step};

/// How tightly an expression binds; a looser one inside a tighter one needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    And,
    Equality,
    Relational,
    Additive,
    Multiplicative,
    Unary,
    Union,
    Path,
    Filter,
    Primary,
}

impl Level {
    fn of(expr: &Expr) -> Self {
        match &expr.kind {
            ExprKind::Or(_) => Self::Or,
            ExprKind::And(_) => Self::And,
            ExprKind::Chain(_, rest) => rest.first().map_or(Self::Equality, |(op, _)| Self::of_operator(*op)),
            ExprKind::Negative(..) => Self::Unary,
            ExprKind::Union(_) => Self::Union,
            ExprKind::Path(_) => Self::Path,
            ExprKind::Filter(..) => Self::Filter,
            ExprKind::Literal(_) | ExprKind::Number(_) | ExprKind::Variable(_) | ExprKind::Call(_) => {
                Self::Primary
            }
        }
    }

    fn of_operator(operator: Operator) -> Self {
        match operator {
            Operator::Equal | Operator::NotEqual => Self::Equality,
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                Self::Relational
            }
            Operator::Add | Operator::Subtract => Self::Additive,
            Operator::Multiply | Operator::Divide | Operator::Modulo => Self::Multiplicative,
        }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let level = Level::of(self);
        match &self.kind {
            ExprKind::Or(operands) => joined(f, operands, " or ", level),
            ExprKind::And(operands) => joined(f, operands, " and ", level),
            ExprKind::Union(operands) => joined(f, operands, " | ", level),
            ExprKind::Chain(first, rest) => {
                tighter_than(f, first, level)?;
                rest.iter().try_for_each(|(operator, operand)| {
                    write!(f, " {operator} ")?;
                    tighter_than(f, operand, level)
                })
            }
            ExprKind::Negative(count, operand) => {
                (0..*count).try_for_each(|_| f.write_str("-"))?;
                tighter_than(f, operand, level)
            }
            ExprKind::Path(path) => path.fmt(f),
            ExprKind::Filter(primary, predicates) => {
                tighter_than(f, primary, level)?;
                predicates.iter().try_for_each(|predicate| write!(f, "[{predicate}]"))
            }
            ExprKind::Literal(text) if text.contains('"') => write!(f, "'{text}'"),
            ExprKind::Literal(text) => write!(f, "\"{text}\""),
            ExprKind::Number(Number(text)) => f.write_str(text),
            ExprKind::Variable(name) => write!(f, "${name}"),
            ExprKind::Call(Call { name, arguments, .. }) => {
                write!(f, "{name}(")?;
                for (index, argument) in arguments.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{argument}")?;
                }
                f.write_str(")")
            }
        }
    }
}

fn joined(f: &mut Formatter<'_>, operands: &[Expr], operator: &str, level: Level) -> fmt::Result {
    operands.iter().enumerate().try_for_each(|(index, operand)| {
        f.write_str(if index > 0 { operator } else { "" })?;
        tighter_than(f, operand, level)
    })
}

/// `expr` as an operand of an operator of `level`: in parentheses unless it binds tighter. A bare `/` gets them
/// as well, as it would take the operator after it for a step.
fn tighter_than(f: &mut Formatter<'_>, expr: &Expr, level: Level) -> fmt::Result {
    let is_bare_root = matches!(&expr.kind, ExprKind::Path(path) if path.steps.is_empty());
    if Level::of(expr) > level && !is_bare_root { write!(f, "{expr}") } else { write!(f, "({expr})") }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "div",
            Self::Modulo => "mod",
        })
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.prefix {
            Some(prefix) => write!(f, "{prefix}:{}", self.local),
            None => f.write_str(&self.local),
        }
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.start {
            Start::Root => f.write_str("/")?,
            Start::Context => {}
            Start::Expr(start) => {
                tighter_than(f, start, Level::Path)?;
                f.write_str("/")?;
            }
        }
        // A relative path must not begin with `//`, which would start it at the root.
        let mut may_abbreviate = !matches!(self.start, Start::Context);
        for (index, step) in self.steps.iter().enumerate() {
            let is_last = index + 1 == self.steps.len();
            if may_abbreviate && !is_last && step.is_descendant_abbreviation() {
                f.write_str("/")?;
                may_abbreviate = false;
                continue;
            }
            write!(f, "{step}{}", if is_last { "" } else { "/" })?;
            may_abbreviate = true;
        }
        Ok(())
    }
}

impl Step {
    /// Whether it is the step that `//` abbreviates.
    fn is_descendant_abbreviation(&self) -> bool {
        self.axis == Axis::DescendantOrSelf && self.test == NodeTest::Node && self.predicates.is_empty()
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.axis, &self.test, self.predicates.is_empty()) {
            (Axis::SelfNode, NodeTest::Node, true) => return f.write_str("."),
            (Axis::Parent, NodeTest::Node, true) => return f.write_str(".."),
            (Axis::Child, ..) => {}
            (Axis::Attribute, ..) => f.write_str("@")?,
            (axis, ..) => write!(f, "{}::", axis.name())?,
        }
        write!(f, "{}", self.test)?;
        self.predicates.iter().try_for_each(|predicate| write!(f, "[{predicate}]"))
    }
}

impl Display for NodeTest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::AnyIn(prefix) => write!(f, "{prefix}:*"),
            Self::Name(name) => write!(f, "{name}"),
            Self::Node => f.write_str("node()"),
            Self::Text => f.write_str("text()"),
            Self::Comment => f.write_str("comment()"),
            Self::ProcessingInstruction(None) => f.write_str("processing-instruction()"),
            Self::ProcessingInstruction(Some(target)) => {
                let quote = if target.contains('"') { '\'' } else { '"' };
                write!(f, "processing-instruction({quote}{target}{quote})")
            }
        }
    }
}
