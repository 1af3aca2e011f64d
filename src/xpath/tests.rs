//! The parts of XPath that need no lxml: errors and their places, printing, hostile texts, and
//! the examples that the standard gives of its own syntax.

use proptest::prelude::*;

use super::*;

/// The error of `text` as two lines: the text and, under it, carets, the message and the help.
fn error(text: &str) -> String {
    let error = parse(text).expect_err(text);
    let before = text[..error.span.start].chars().count();
    let carets = text[error.span.range()].chars().count().max(1);
    let help = error.help.map_or(String::new(), |help| format!("; {help}"));
    format!("{text}\n{}{} {}{help}", " ".repeat(before), "^".repeat(carets), error.message)
}

#[test]
fn syntax_errors_point_at_their_place() {
    let golden = [
        "\n^ the expression is empty",
        "a/\n  ^ expected a step after `/`; write a name, `*` or `node()` after it",
        "a/[1]\n  ^ expected a step after `/`, found `[`; write `*[...]` for any element",
        "a/(b|c)\n  ^ expected a step after `/`, found `(`; a step is a name, `*` or a node test; filter with `[...]`",
        "a///b\n   ^ expected a step after `//`, found `/`; write `/` or `//`",
        "foo::a\n^^^ there is no axis `foo`",
        "a/decendant::a\n  ^^^^^^^^^ there is no axis `decendant`; did you mean `descendant::`?",
        "child::\n       ^ expected a node test after `child::`",
        "a[@]\n   ^ expected an attribute name after `@`, found `]`",
        "a[]\n  ^ expected an expression in the predicate, found `]`",
        "a[b\n ^ `[` is never closed; add `]`",
        "a]\n ^ `]` closes nothing",
        "a[(])\n   ^ expected `)`, found `]`",
        "//*[@name='train]\n          ^^^^^^^ this string is never closed; add `'` where it ends",
        "a b\n  ^ expected an operator or the end, found `b`",
        "a @b\n  ^ expected an operator, found `@`; write `/@name`, or `[@name]` for a predicate",
        "a div2\n  ^^^^ expected an operator or the end, found `div2`; put a space after `div`",
        "a and\n     ^ expected an operand after `and`",
        "a[@b == 1]\n      ^ expected an operand after `=`, found `=`; write a single `=` to compare",
        "a || b\n   ^ expected an operand after `|`, found `|`; write `or`",
        "a && b\n  ^^ `&&` is not a part of XPath; write `and`",
        "a[!b]\n  ^ `!` is not a part of XPath; write `not(...)`, or `!=` to compare",
        "count(a,)\n        ^ expected an argument after `,`, found `)`",
        "a,b\n ^ `,` stands only between the arguments of a function",
        "text(1)\n     ^ expected `)`: `text()` takes no argument",
        "processing-instruction(x)\n                       ^ expected a target in quotes or `)`",
        "*(1)\n^ `*` cannot be called",
        "a : b\n  ^ `:` is misplaced; write `prefix:name` without spaces, or `axis::name`",
        "é/“x”\n  ^ `“` is not a quote of XPath; write `'` or `\"`",
        ".[1]\n ^ expected an operator or the end, found `[`; write `self::node()[...]`",
    ];
    for expected in golden {
        let text = expected.split('\n').next().unwrap();
        assert_eq!(error(text), expected);
    }
}

#[test]
fn printing_is_canonical() {
    for (text, printed) in [
        ("child::a/attribute::b", "a/@b"),
        ("/descendant-or-self::node()/child::a", "//a"),
        ("descendant-or-self::node()/a", "descendant-or-self::node()/a"),
        ("//.", "//."),
        ("/", "/"),
        ("self::node()/parent::node()", "./.."),
        ("(a)[1]/b", "(a)[1]/b"),
        ("((1))", "1"),
        ("1-(2-3)-4", "1 - (2 - 3) - 4"),
        ("(a or b) and c", "(a or b) and c"),
        ("a or b and c", "a or b and c"),
        ("- - a", "--a"),
        ("-(-a)", "-(-a)"),
        ("(a|b)|c", "(a | b) | c"),
        ("(a|b)/c", "(a | b)/c"),
        ("'say \"x\"'", "'say \"x\"'"),
        ("*[* * * div div mod mod]", "*[* * * div div mod mod]"),
        ("$a:b+.5", "$a:b + .5"),
        ("a-b - c", "a-b - c"),
        ("and and or", "and and or"),
        ("@*[. > 1.]", "@*[. > 1.]"),
        ("xml:*|text()", "xml:* | text()"),
        ("processing-instruction ( 'a' )", "processing-instruction(\"a\")"),
        ("a [ 1 ] [ last ( ) ]", "a[1][last()]"),
    ] {
        let expr = parse(text).unwrap();
        assert_eq!(expr.to_string(), printed, "{text}");
        assert_eq!(parse(printed), Ok(expr), "{text}");
    }
}

#[test]
fn spans_are_places_in_the_text() {
    let text = "count( //a[ foo(1) ] )";
    let error = evaluate(&parse(text).unwrap(), &Builder::new().finish(), NodeId::ROOT).unwrap_err();
    assert_eq!(&text[error.span.range()], "foo");
    assert_eq!(error.message, "there is no function `foo`");
}

#[test]
fn errors_that_are_not_syntax() {
    let document = Builder::new().finish();
    for (text, place, message) in [
        ("a[contians(@x, 'y')]", "contians", "there is no function `contians`"),
        ("count(1)", "1", "`count` takes a node set, this is a number"),
        ("a | 'b'", "'b'", "`|` takes a node set, this is a string"),
        ("(1 + 1)[1]", "1 + 1", "a predicate takes a node set, this is a number"),
        ("not(a, b)", "not(a, b)", "`not` takes 1 argument, here it has 2"),
        ("concat('a')", "concat('a')", "`concat` takes at least 2 arguments, here it has 1"),
        ("substring('a')", "substring('a')", "`substring` takes 2 or 3 arguments, here it has 1"),
        ("a[$v]", "$v", "there is no variable `$v`"),
        ("a/x:b", "x:b", "the prefix `x` is not declared"),
        ("last()", "last()", "`last()` has a meaning only inside a predicate"),
    ] {
        let error = evaluate(&parse(text).unwrap(), &document, NodeId::ROOT).unwrap_err();
        assert_eq!((text[error.span.range()].trim(), error.message.as_str()), (place, message), "{text}");
    }
}

#[test]
fn hostile_texts_neither_crash_nor_hang() {
    let deep = |open: &str, inside: &str, close: &str, n: usize| {
        format!("{}{inside}{}", open.repeat(n), close.repeat(n))
    };
    let long = |word: &str| word.repeat(MAX_LENGTH / word.len());
    let document = {
        let mut builder = Builder::new();
        builder.open("a");
        builder.finish()
    };
    for text in [
        deep("(", "", "", 100_000),
        deep("[", "", "", 60_000),
        deep("(", "1", ")", MAX_NESTING),
        deep("(", "1", ")", MAX_NESTING + 1),
        deep("a[", "1", "]", MAX_NESTING),
        deep("not(", "1", ")", MAX_NESTING),
        deep("-(", "1", ")", MAX_NESTING),
        deep("a[b=(", "1", ")]", MAX_NESTING / 2),
        deep("(", "1+", ")", MAX_NESTING),
        deep("f(", "1 1", ")", MAX_NESTING),
        deep("a[", "1 1", "]", MAX_NESTING),
        deep("(a)[", "", "]", MAX_NESTING),
        "-".repeat(100_000),
        long("-") + "1",
        long("-").replacen("--", "1 ", 1),
        format!("{}1", "-".repeat(MAX_LENGTH - 1)),
        format!("{}a", long("a|")),
        format!("{}a", "a|".repeat(MAX_LENGTH / 2 - 1)),
        format!("{}a", "a/".repeat(MAX_LENGTH / 2 - 1)),
        format!("{}a", "a//".repeat(MAX_LENGTH / 3 - 1)),
        format!("{}1", "1+".repeat(MAX_LENGTH / 2 - 1)),
        format!("{}a", "a=".repeat(MAX_LENGTH / 2 - 1)),
        format!("{}a", "a or ".repeat(MAX_LENGTH / 5 - 1)),
        format!("a{}", "[1]".repeat(MAX_LENGTH / 3 - 1)),
        format!("concat('a'{})", ",'a'".repeat(MAX_LENGTH / 4 - 10)),
        "//".repeat(10_000),
        long("\0"),
        long("'"),
        long("é"),
        long(" "),
        "a:".repeat(10_000),
        "*".repeat(20_001),
    ] {
        if let Ok(expr) = parse(&text) {
            let printed = expr.to_string();
            assert!(printed.len() > MAX_LENGTH || parse(&printed).as_ref() == Ok(&expr), "{text:.40}");
            let _ = evaluate(&expr, &document, document.root());
        }
    }
}

#[test]
fn nesting_and_length_are_limited() {
    let nested = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    assert!(parse(&nested(MAX_NESTING)).is_ok());
    let error = parse(&nested(MAX_NESTING + 1)).unwrap_err();
    assert_eq!(error.message, "brackets are nested more than 256 deep");
    assert_eq!(error.span, Span::new(MAX_NESTING, MAX_NESTING + 1));
    let error = parse(&" ".repeat(MAX_LENGTH + 1)).unwrap_err();
    assert_eq!(error.message, "the expression is longer than 65536 bytes");
}

proptest! {
    #[test]
    fn any_text_parses_or_fails_at_a_place_in_it(text in "[a-c@/*\\[\\]()|.:'\"=<!$,+ 0-9é-]{0,30}") {
        match parse(&text) {
            Ok(expr) => prop_assert_eq!(parse(&expr.to_string()), Ok(expr)),
            Err(error) => prop_assert!(text.get(error.span.range()).is_some() && !error.message.is_empty()),
        }
    }

    #[test]
    fn what_is_printed_parses_to_the_same(expr in expression()) {
        let printed = expr.to_string();
        prop_assert!(parse(&printed).as_ref() == Ok(&expr), "{}", printed);
    }
}

fn plain(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

fn name() -> impl Strategy<Value = Name> {
    let local = prop::sample::select(vec!["a", "div", "and", "text-x", "é.1", "child", "_"]);
    (prop::option::weighted(0.1, Just("p".to_owned())), local)
        .prop_map(|(prefix, local)| Name { prefix, local: local.to_owned() })
}

fn node_test() -> impl Strategy<Value = NodeTest> {
    prop_oneof![
        Just(NodeTest::Any),
        Just(NodeTest::Node),
        Just(NodeTest::Text),
        Just(NodeTest::Comment),
        Just(NodeTest::AnyIn("p".to_owned())),
        Just(NodeTest::ProcessingInstruction(None)),
        Just(NodeTest::ProcessingInstruction(Some("it's".to_owned()))),
        name().prop_map(NodeTest::Name),
    ]
}

fn step(predicate: impl Strategy<Value = Expr>) -> impl Strategy<Value = Step> {
    let axis = prop::sample::select(AXES.to_vec());
    (axis, node_test(), prop::collection::vec(predicate, 0..2)).prop_map(|((_, axis), test, predicates)| Step {
        axis,
        test,
        predicates,
        span: Span::default(),
    })
}

fn operators() -> impl Strategy<Value = Vec<Operator>> {
    use Operator::{
        Add, Divide, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Modulo, Multiply, NotEqual, Subtract,
    };
    prop::sample::select(vec![
        vec![Equal, NotEqual],
        vec![Less, LessOrEqual, Greater, GreaterOrEqual],
        vec![Add, Subtract],
        vec![Multiply, Divide, Modulo],
    ])
}

/// Any expression that some text stands for.
fn expression() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["0", "1.", ".5", "10.25"])
            .prop_map(|digits| ExprKind::Number(Number(digits.to_owned()))),
        prop::sample::select(vec!["", "it's", "say \"x\""]).prop_map(|text| ExprKind::Literal(text.to_owned())),
        name().prop_map(ExprKind::Variable),
        Just(ExprKind::Path(Path { start: Start::Root, steps: Vec::new() })),
    ]
    .prop_map(plain);
    leaf.prop_recursive(4, 40, 3, |inner| {
        let some = prop::collection::vec(inner.clone(), 2..4);
        let start = prop_oneof![
            Just(Start::Root),
            Just(Start::Context),
            inner.clone().prop_map(|expr| Start::Expr(Box::new(expr))),
        ];
        let path = (start, prop::collection::vec(step(inner.clone()), 1..4));
        let chain = (inner.clone(), operators(), prop::collection::vec((0..4_usize, inner.clone()), 1..3));
        let call = (name(), prop::collection::vec(inner.clone(), 0..3));
        prop_oneof![
            some.clone().prop_map(ExprKind::Or),
            some.clone().prop_map(ExprKind::And),
            some.prop_map(ExprKind::Union),
            (1..3_u32, inner.clone()).prop_map(|(count, operand)| ExprKind::Negative(count, Box::new(operand))),
            (inner.clone(), prop::collection::vec(inner, 1..3))
                .prop_map(|(primary, predicates)| ExprKind::Filter(Box::new(primary), predicates)),
            path.prop_map(|(start, steps)| ExprKind::Path(Path { start, steps })),
            chain.prop_map(|(first, operators, rest)| {
                let rest = rest.into_iter().map(|(n, operand)| (operators[n % operators.len()], operand));
                ExprKind::Chain(Box::new(first), rest.collect())
            }),
            call.prop_map(|(name, arguments)| {
                ExprKind::Call(Call { name, name_span: Span::default(), arguments })
            }),
        ]
        .prop_map(plain)
    })
}
