//! From [`Expr`] to [`Code`] for one document. All errors of an expression besides its syntax are found here,
//! before anything is evaluated: lxml reports an unknown function only when it comes to call it.

use crate::diagnostic::{nearest, plural};
use crate::source::Span;

use super::ast::{Axis, Call, Expr, ExprKind, Name, NodeTest, Operator, Path, Start, Step};
use super::code::{Code, Item, Kind, Move, Origin, Predicate, Route, Test};
use super::document::{Document, XML_PREFIX};
use super::error::EvalError;
use super::function::{Function, LIBRARY, Signature, Type};
use super::number;

/// Lowers expressions, and counts the slots that they need.
pub(super) struct Lowering<'d> {
    document: &'d Document,
    pub(super) slots: usize,
    /// How many predicates surround the current place.
    predicates: usize,
}

impl<'d> Lowering<'d> {
    pub(super) fn new(document: &'d Document) -> Self {
        Self { document, slots: 0, predicates: 0 }
    }

    /// Compiles `expr` for the document.
    pub(super) fn lower(&mut self, expr: &Expr) -> Result<Code, EvalError> {
        match &expr.kind {
            ExprKind::Or(operands) => {
                let operands = self.all(operands)?;
                Ok(self.logical(Kind::Or(operands)))
            }
            ExprKind::And(operands) => {
                let operands = self.all(operands)?;
                Ok(self.logical(Kind::And(operands)))
            }
            ExprKind::Chain(first, rest) => self.chain(first, rest),
            ExprKind::Negative(count, operand) => {
                let operand = Box::new(self.lower(operand)?);
                Ok(self.code(Kind::Negative(count % 2 == 1, operand), Type::Number))
            }
            ExprKind::Union(operands) => {
                let operands = operands.iter().map(|operand| self.nodes(operand, "`|`"));
                let operands = operands.collect::<Result<_, _>>()?;
                Ok(self.code(Kind::Union(operands), Type::Nodes))
            }
            ExprKind::Path(path) => {
                let route = self.route(path)?;
                Ok(self.code(Kind::Path(route), Type::Nodes))
            }
            ExprKind::Filter(primary, predicates) => {
                let primary = Box::new(self.nodes(primary, "a predicate")?);
                let predicates = self.predicates(predicates)?;
                Ok(self.code(Kind::Filter(primary, predicates), Type::Nodes))
            }
            ExprKind::Literal(text) => Ok(self.value(Item::String(text.as_str().into()), Type::String)),
            ExprKind::Number(digits) => {
                let number = number::decimal(&digits.0).unwrap_or(f64::NAN);
                Ok(self.value(Item::Number(number), Type::Number))
            }
            ExprKind::Variable(name) => {
                let error = EvalError::new(expr.span, format!("there is no variable `${name}`"));
                Err(error.help("write the value itself: variables are not defined here"))
            }
            ExprKind::Call(call) => self.call(call, expr.span),
        }
    }

    fn all(&mut self, operands: &[Expr]) -> Result<Vec<Code>, EvalError> {
        operands.iter().map(|operand| self.lower(operand)).collect()
    }

    /// An operand that must be a node set, because `user` accepts nothing else.
    fn nodes(&mut self, operand: &Expr, user: &str) -> Result<Code, EvalError> {
        let code = self.lower(operand)?;
        if code.result == Type::Nodes {
            return Ok(code);
        }
        let message = format!("{user} takes a node set, this is {}", code.result.name());
        Err(EvalError::new(operand.span, message))
    }

    fn logical(&mut self, kind: Kind) -> Code {
        self.code(kind, Type::Boolean)
    }

    fn value(&mut self, item: Item, result: Type) -> Code {
        self.code(Kind::Value(item), result)
    }

    fn code(&mut self, kind: Kind, result: Type) -> Code {
        let slot = self.slots;
        self.slots += 1;
        let (is_constant, is_positional) = dependences(&kind);
        Code { kind, result, is_constant, is_positional, slot }
    }

    fn chain(&mut self, first: &Expr, rest: &[(Operator, Expr)]) -> Result<Code, EvalError> {
        let first = self.lower(first)?;
        let mut operands = Vec::with_capacity(rest.len());
        for (operator, operand) in rest {
            operands.push((*operator, self.lower(operand)?));
        }
        if let [(Operator::Equal, second)] = operands.as_slice() {
            let special = self.attribute_is(&first, second).or_else(|| self.attribute_is(second, &first));
            if let Some(kind) = special {
                return Ok(self.logical(kind));
            }
        }
        let is_arithmetic = operands.iter().any(|(operator, _)| {
            matches!(
                operator,
                Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Modulo
            )
        });
        let result = if is_arithmetic { Type::Number } else { Type::Boolean };
        Ok(self.code(Kind::Chain(Box::new(first), operands), result))
    }

    /// `@name = 'value'`, if the operands have this form.
    fn attribute_is(&self, path: &Code, literal: &Code) -> Option<Kind> {
        let Kind::Path(Route { origin: Origin::Context, steps }) = &path.kind else { return None };
        let Kind::Value(Item::String(text)) = &literal.kind else { return None };
        match steps.as_slice() {
            [Move { axis: Axis::Attribute, test: Test::Name(name), predicates, .. }]
                if predicates.is_empty() =>
            {
                Some(Kind::AttributeIs(name.zip(self.document.values.find(text))))
            }
            _ => None,
        }
    }

    fn call(&mut self, call: &Call, span: Span) -> Result<Code, EvalError> {
        let name = call.name.to_string();
        let Some(signature) = LIBRARY.iter().find(|signature| signature.name == name) else {
            let error = EvalError::new(call.name_span, format!("there is no function `{name}`"));
            return Err(match nearest(&name, LIBRARY.iter().map(|signature| signature.name)) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error,
            });
        };
        check_arity(signature, call, span)?;
        // The standard leaves their meaning outside predicates to the host; lxml refuses.
        if self.predicates == 0 && matches!(signature.function, Function::Position | Function::Last) {
            return Err(EvalError::new(span, format!("`{name}()` has a meaning only inside a predicate")));
        }
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            arguments.push(match signature.wants_nodes {
                true => self.nodes(argument, &format!("`{name}`"))?,
                false => self.lower(argument)?,
            });
        }
        Ok(self.code(Kind::Call(signature.function, arguments), signature.result))
    }

    fn route(&mut self, path: &Path) -> Result<Route, EvalError> {
        let origin = match &path.start {
            Start::Root => Origin::Root,
            Start::Context => Origin::Context,
            Start::Expr(start) => Origin::Code(Box::new(self.nodes(start, "a path")?)),
        };
        let mut steps: Vec<Move> = Vec::with_capacity(path.steps.len());
        for step in &path.steps {
            let next = self.step(step)?;
            let is_plain_self =
                next.axis == Axis::SelfNode && next.test == Test::Node && next.predicates.is_empty();
            if is_plain_self && (!steps.is_empty() || path.steps.len() > 1) {
                continue;
            }
            match steps.last_mut() {
                Some(last) if merged_axis(last, &next).is_some() => {
                    let axis = merged_axis(last, &next).unwrap_or(next.axis);
                    *last = Move { axis, ..next };
                }
                _ => steps.push(next),
            }
        }
        if steps.is_empty() && matches!(origin, Origin::Context) {
            let (test, predicates) = (Test::Node, Vec::new());
            steps.push(Move {
                axis: Axis::SelfNode,
                test,
                predicates,
                is_positional: false,
                limit: usize::MAX,
            });
        }
        Ok(Route { origin, steps })
    }

    fn step(&mut self, step: &Step) -> Result<Move, EvalError> {
        let test = self.test(step)?;
        let predicates = self.predicates(&step.predicates)?;
        let is_positional = predicates.iter().any(|predicate| !matches!(predicate, Predicate::Free(_)));
        let limit = predicates.first().map_or(usize::MAX, limit);
        Ok(Move { axis: step.axis, test, predicates, is_positional, limit })
    }

    fn test(&self, step: &Step) -> Result<Test, EvalError> {
        let check = |prefix: &str| match prefix {
            XML_PREFIX => Ok(()),
            _ => Err(EvalError::new(step.span, format!("the prefix `{prefix}` is not declared"))
                .help("names of the pipeline tree have no prefix")),
        };
        Ok(match &step.test {
            NodeTest::Any => Test::Any,
            NodeTest::AnyIn(prefix) => {
                check(prefix)?;
                Test::AnyXml
            }
            NodeTest::Name(name) => {
                name.prefix.as_deref().map_or(Ok(()), check)?;
                Test::Name(self.name(name))
            }
            NodeTest::Node => Test::Node,
            NodeTest::Text => Test::Text,
            NodeTest::Comment => Test::Comment,
            NodeTest::ProcessingInstruction(target) => {
                Test::Instruction(target.as_ref().map(|target| self.document.names.find(target)))
            }
        })
    }

    fn name(&self, name: &Name) -> Option<u32> {
        self.document.names.find(&name.to_string())
    }

    fn predicates(&mut self, predicates: &[Expr]) -> Result<Vec<Predicate>, EvalError> {
        let mut lowered = Vec::with_capacity(predicates.len());
        for predicate in predicates {
            self.predicates += 1;
            let code = self.lower(predicate);
            self.predicates -= 1;
            let code = code?;
            match code {
                Code { kind: Kind::Value(Item::Number(place)), .. } => lowered.push(Predicate::At(place)),
                Code { kind: Kind::Call(Function::Last, _), .. } => lowered.push(Predicate::Last),
                // `[a and b]` equals `[a][b]` if positions do not matter.
                Code { kind: Kind::And(operands), is_positional: false, .. } => {
                    lowered.extend(operands.into_iter().map(|operand| Predicate::Free(self.truth(operand))));
                }
                code if code.is_positional || code.result == Type::Number => {
                    lowered.push(Predicate::General(code));
                }
                code => lowered.push(Predicate::Free(code)),
            }
        }
        Ok(lowered)
    }

    /// `code` where only its truth matters: a number must not be taken for a position.
    fn truth(&mut self, code: Code) -> Code {
        match code.result {
            Type::Number => self.logical(Kind::Call(Function::Boolean, vec![code])),
            _ => code,
        }
    }
}

fn check_arity(signature: &Signature, call: &Call, span: Span) -> Result<(), EvalError> {
    let given = call.arguments.len();
    if (signature.least..=signature.most).contains(&given) {
        return Ok(());
    }
    let wanted = match (signature.least, signature.most) {
        (least, most) if least == most => plural(least, "argument"),
        (least, usize::MAX) => format!("at least {}", plural(least, "argument")),
        (least, most) => format!("{least} or {}", plural(most, "argument")),
    };
    Err(EvalError::new(span, format!("`{}` takes {wanted}, here it has {given}", signature.name)))
}

/// The one axis that is equivalent to `descendant-or-self::node()` followed by `next`. If predicates of `next`
/// count positions, they count them per parent, and the steps must stay separate.
fn merged_axis(last: &Move, next: &Move) -> Option<Axis> {
    let is_slashes = last.axis == Axis::DescendantOrSelf && last.test == Test::Node;
    if !is_slashes || !last.predicates.is_empty() || next.is_positional {
        return None;
    }
    match next.axis {
        Axis::Child | Axis::Descendant => Some(Axis::Descendant),
        Axis::SelfNode | Axis::DescendantOrSelf => Some(Axis::DescendantOrSelf),
        _ => None,
    }
}

/// How many nodes, in axis order, can pass `predicate`.
fn limit(predicate: &Predicate) -> usize {
    let whole = |number: f64| if number >= 1.0 { number as usize } else { 0 };
    match predicate {
        Predicate::At(place) => whole(*place),
        Predicate::General(Code { kind: Kind::Chain(first, rest), .. }) => match rest.as_slice() {
            [(Operator::Less | Operator::LessOrEqual | Operator::Equal, bound)]
                if matches!(first.kind, Kind::Call(Function::Position, _)) =>
            {
                match bound.kind {
                    Kind::Value(Item::Number(number)) => whole(number.ceil()),
                    _ => usize::MAX,
                }
            }
            _ => usize::MAX,
        },
        _ => usize::MAX,
    }
}

/// Whether a value is the same in every context, and whether it depends on position or size.
fn dependences(kind: &Kind) -> (bool, bool) {
    let of = |parts: &mut dyn Iterator<Item = &Code>| {
        parts.fold((true, false), |(constant, positional), part| {
            (constant && part.is_constant, positional || part.is_positional)
        })
    };
    match kind {
        Kind::Value(_) => (true, false),
        Kind::AttributeIs(_) => (false, false),
        Kind::Or(parts) | Kind::And(parts) | Kind::Union(parts) => of(&mut parts.iter()),
        Kind::Chain(first, rest) => {
            of(&mut std::iter::once(&**first).chain(rest.iter().map(|(_, operand)| operand)))
        }
        Kind::Negative(_, operand) | Kind::Filter(operand, _) => (operand.is_constant, operand.is_positional),
        Kind::Path(route) => match &route.origin {
            Origin::Root => (true, false),
            Origin::Context => (false, false),
            Origin::Code(code) => (code.is_constant, code.is_positional),
        },
        Kind::Call(Function::Position | Function::Last, _) => (false, true),
        Kind::Call(Function::Lang, arguments) => (false, of(&mut arguments.iter()).1),
        Kind::Call(Function::True | Function::False, _) => (true, false),
        // Without arguments they refer to the context node.
        Kind::Call(_, arguments) if arguments.is_empty() => (false, false),
        Kind::Call(_, arguments) => of(&mut arguments.iter()),
    }
}
