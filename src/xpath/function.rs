//! The core function library: names, arities, types. `call.rs` implements the functions.

/// The four types of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Nodes,
    Boolean,
    Number,
    String,
}

impl Type {
    /// The name for people, with its article.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nodes => "a node set",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
        }
    }
}

/// A function of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Boolean,
    Ceiling,
    Concat,
    Contains,
    Count,
    False,
    Floor,
    Id,
    Lang,
    Last,
    LocalName,
    Name,
    NamespaceUri,
    NormalizeSpace,
    Not,
    Number,
    Position,
    Round,
    StartsWith,
    String,
    StringLength,
    Substring,
    SubstringAfter,
    SubstringBefore,
    Sum,
    Translate,
    True,
}

/// What is known about a function before it is called.
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) function: Function,
    pub(super) least: usize,
    pub(super) most: usize,
    /// Whether its argument must be a node set.
    pub(super) wants_nodes: bool,
    pub(super) result: Type,
}

const fn signature(
    name: &'static str,
    function: Function,
    arity: (usize, usize),
    wants_nodes: bool,
    result: Type,
) -> Signature {
    Signature { name, function, least: arity.0, most: arity.1, wants_nodes, result }
}

/// The library, by name.
pub(super) const LIBRARY: [Signature; 27] = [
    signature("boolean", Function::Boolean, (1, 1), false, Type::Boolean),
    signature("ceiling", Function::Ceiling, (1, 1), false, Type::Number),
    signature("concat", Function::Concat, (2, usize::MAX), false, Type::String),
    signature("contains", Function::Contains, (2, 2), false, Type::Boolean),
    signature("count", Function::Count, (1, 1), true, Type::Number),
    signature("false", Function::False, (0, 0), false, Type::Boolean),
    signature("floor", Function::Floor, (1, 1), false, Type::Number),
    signature("id", Function::Id, (1, 1), false, Type::Nodes),
    signature("lang", Function::Lang, (1, 1), false, Type::Boolean),
    signature("last", Function::Last, (0, 0), false, Type::Number),
    signature("local-name", Function::LocalName, (0, 1), true, Type::String),
    signature("name", Function::Name, (0, 1), true, Type::String),
    signature("namespace-uri", Function::NamespaceUri, (0, 1), true, Type::String),
    signature("normalize-space", Function::NormalizeSpace, (0, 1), false, Type::String),
    signature("not", Function::Not, (1, 1), false, Type::Boolean),
    signature("number", Function::Number, (0, 1), false, Type::Number),
    signature("position", Function::Position, (0, 0), false, Type::Number),
    signature("round", Function::Round, (1, 1), false, Type::Number),
    signature("starts-with", Function::StartsWith, (2, 2), false, Type::Boolean),
    signature("string", Function::String, (0, 1), false, Type::String),
    signature("string-length", Function::StringLength, (0, 1), false, Type::Number),
    signature("substring", Function::Substring, (2, 3), false, Type::String),
    signature("substring-after", Function::SubstringAfter, (2, 2), false, Type::String),
    signature("substring-before", Function::SubstringBefore, (2, 2), false, Type::String),
    signature("sum", Function::Sum, (1, 1), true, Type::Number),
    signature("translate", Function::Translate, (3, 3), false, Type::String),
    signature("true", Function::True, (0, 0), false, Type::Boolean),
];
