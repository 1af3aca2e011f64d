//! The parts of XPath that need no lxml: errors and their places, printing, hostile texts, and the standard's
//! own examples of its syntax.

use proptest::prelude::*;

use super::*;
use crate::source::Span;

/// The error of `text`, as the text itself and, under it, carets, the message and the help.
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

/// Found by the property test below: after the lone root, `*` would be a step.
#[test]
fn the_root_as_a_factor_prints_back() {
    let expr = parse("/ancestor::*[(/) * 0]").unwrap();
    assert_eq!(parse(&expr.to_string()), Ok(expr));
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
        deep("self::a[", "1", "]", MAX_NESTING),
        deep("self::a[count(.//node()/..[", "1", "])]", MAX_NESTING / 3),
        deep("self::*[ancestor-or-self::a[", "a", "]='']", MAX_NESTING / 2),
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
            let element = document.document_element().unwrap();
            let usual = evaluate(&expr, &document, element).map(|value| format!("{value:?}"));
            let eager = evaluate_eagerly(&expr, &document, element).map(|value| format!("{value:?}"));
            assert_eq!(usual, eager, "{text:.40}");
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

/// A document of one element, described as `name key=value ( children )`.
fn document(description: &str) -> Document {
    let mut builder = Builder::new();
    let mut is_open = false;
    for word in description.split_whitespace() {
        match (word, word.split_once('=')) {
            ("(", _) => is_open = false,
            (")", _) => {
                if is_open {
                    builder.close();
                }
                builder.close();
                is_open = false;
            }
            (_, Some((name, value))) => builder.attribute(name, value),
            (word, None) if word.starts_with('#') => {
                if is_open {
                    builder.close();
                    is_open = false;
                }
                builder.text(&word[1..]);
            }
            (name, None) => {
                if is_open {
                    builder.close();
                }
                builder.open(name);
                is_open = true;
            }
        }
    }
    builder.finish()
}

/// What `text` finds from `context`: elements by their attribute `n`, everything else by its string value.
fn found(document: &Document, context: NodeId, text: &str) -> String {
    match evaluate(&parse(text).unwrap(), document, context).unwrap() {
        Value::NodeSet(nodes) => {
            let words = nodes.iter().map(|node| match document.attribute(*node, "n") {
                Some(n) => n.to_owned(),
                None => document.string_value(*node).into_owned(),
            });
            words.collect::<Vec<_>>().join(" ")
        }
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(string) => string,
    }
}

/// The element to start from, the expression, and what it finds.
const FORMS: &[(&str, &str, &str)] = &[
    ("1", "child::para", "3 4 7"),
    ("1", "child::*", "2 3 4 7"),
    ("3", "child::text()", "one"),
    ("1", "child::node()", "2 3 4 7"),
    ("1", "attribute::type", "x"),
    ("14", "attribute::*", "14 b d"),
    ("1", "descendant::para", "3 4 6 7"),
    ("6", "ancestor::chapter", "1"),
    ("6", "ancestor-or-self::para", "4 6"),
    ("1", "descendant-or-self::chapter", "1"),
    ("1", "self::para", ""),
    ("0", "child::chapter/descendant::para", "3 4 6 7 10 12 14 15"),
    ("0", "child::*/child::para", "3 4 7 10"),
    ("5", "/descendant::section/child::para", "12 14 15"),
    ("1", "child::para[position()=1]", "3"),
    ("1", "child::para[position()=last()]", "7"),
    ("1", "child::para[position()=last()-1]", "4"),
    ("1", "child::para[position()>1]", "4 7"),
    ("1", "following-sibling::chapter[position()=1]", "8"),
    ("8", "preceding-sibling::chapter[position()=1]", "1"),
    ("7", "preceding-sibling::para[position()=1]", "4"),
    ("0", "/descendant::para[position()=4]", "7"),
    ("5", "/child::book/child::chapter[position()=2]/child::section[position()=2]", "13"),
    ("1", "child::para[attribute::type='warning']", "4 7"),
    ("1", "child::para[attribute::type='warning'][position()=2]", "7"),
    ("1", "child::para[position()=2][attribute::type='warning']", "4"),
    ("1", "child::para[position()=1][attribute::type='warning']", ""),
    ("0", "child::chapter[child::title='Introduction']", "1"),
    ("0", "child::chapter[child::section]", "8"),
    ("0", "child::*[self::chapter or self::appendix]", "1 8 16"),
    ("0", "child::*[self::chapter or self::appendix][position()=last()]", "16"),
    ("1", "para", "3 4 7"),
    ("1", "*", "2 3 4 7"),
    ("3", "text()", "one"),
    ("1", "@type", "x"),
    ("1", "para[1]", "3"),
    ("1", "para[last()]", "7"),
    ("0", "*/para", "3 4 7 10"),
    ("5", "/book/chapter[2]/section[2]", "13"),
    ("0", "chapter//para", "3 4 6 7 10 12 14 15"),
    ("5", "//para", "3 4 6 7 10 12 14 15"),
    ("5", "//chapter/title", "2 9"),
    ("1", ".", "1"),
    ("1", ".//para", "3 4 6 7"),
    ("1", "..", "0"),
    ("1", "../@lang", "en"),
    ("1", "para[@type='warning'][2]", "7"),
    ("1", "para[2][@type='warning']", "4"),
    ("0", "chapter[title='Introduction']", "1"),
    ("13", "para[@secretary and @assistant]", "14"),
    ("0", "//para[1]", "3 6 10 12 14"),
    ("0", "/descendant::para[1]", "3"),
    ("15", "preceding::para[1]", "14"),
    ("15", "(preceding::para)[1]", "3"),
    ("5", "string(/book/chapter/title)", "Introduction"),
    ("0", "count(//para[@type]/ancestor::*)", "2"),
];

/// The kinds of path that the recommendation lists in its sections on location paths and on their
/// abbreviations, over a small book.
#[test]
fn the_forms_that_the_standard_lists() {
    let book = document(
        "book n=0 lang=en ( chapter n=1 type=x ( title n=2 ( #Introduction ) para n=3 ( #one ) para n=4 type=warning \
         ( note n=5 ( para n=6 ) ) para n=7 type=warning ) chapter n=8 ( title n=9 para n=10 secretary=s ( #text ) \
         section n=11 ( para n=12 ) section n=13 ( para n=14 assistant=b secretary=d para n=15 ) ) appendix n=16 )",
    );
    let element = |n: &str| {
        let text = format!("//*[@n='{n}']");
        match evaluate(&parse(&text).unwrap(), &book, book.root()).unwrap() {
            Value::NodeSet(nodes) => nodes[0],
            _ => unreachable!(),
        }
    };
    for (context, text, expected) in FORMS {
        assert_eq!(found(&book, element(context), text), *expected, "{text} at {context}");
    }
}

/// Trees of `size` elements: flat, nested in each other, and in families of ten.
fn shapes(size: usize) -> Vec<Document> {
    let names = ["a", "b", "c"];
    let element = |builder: &mut Builder, index: usize| {
        builder.open(names[index * 7 % 3]);
        builder.attribute("name", if index.is_multiple_of(5) { "train" } else { "x" });
    };
    let mut flat = Builder::new();
    let mut deep = Builder::new();
    let mut families = Builder::new();
    flat.open("r");
    families.open("r");
    for index in 0..size {
        element(&mut flat, index);
        flat.close();
        element(&mut deep, index);
        element(&mut families, index);
        if index % 10 > 5 {
            families.close();
            families.close();
        }
    }
    vec![flat.finish(), deep.finish(), families.finish()]
}

#[test]
fn common_selectors_look_at_each_node_a_few_times() {
    let documents = shapes(6_000);
    for text in [
        "//*[@name='train']",
        "//a//b//c",
        "//*[.//a]",
        "//*[.//a[@name='train']//b]",
        "//a[last()]",
        "//a[position()<3]",
        "count(//a[preceding-sibling::b])",
        "//a/following::b",
        "//a/preceding::b",
        "//a/ancestor::b",
        "//a/following-sibling::b",
        "//*[count(preceding::*) > 5]",
        "//*[count(preceding-sibling::*) = 3]",
        "//*[count(following-sibling::a) > 3]",
        "//*[count(ancestor::a) mod 2 = 1]",
        "//*[count(.//a) > 1]",
        "//*[ancestor::b[@name='train']]",
        "//*[following::a/@name = 'train']",
        "//*[@name = //c/@name]",
        "//*[preceding::*/@name = //c/@name]",
        "//*[preceding-sibling::*[1][self::a]]",
        "//*[following::a[1]]",
        "//*/ancestor::b[1]",
        "//a[not(.//b) and not(preceding::c)]",
    ] {
        for (shape, document) in documents.iter().enumerate() {
            let mut lowering = Lowering::new(document);
            let code = lowering.lower(&parse(text).unwrap()).unwrap();
            let evaluator = Evaluator::new(document, lowering.slots, document.len() as u64);
            evaluator.value(&code, &Context::alone(document.root()));
            let per_node = evaluator.looked.get() / document.len() as u64;
            assert!(per_node < 30, "{text} on shape {shape} looks at each node {per_node} times");
        }
    }
}

#[test]
fn a_document_prints_as_xml_that_keeps_it() {
    let mut builder = Builder::new();
    builder.comment(" first ");
    builder.open("r");
    builder.attribute("x", "<&>\"'\n\t\r");
    builder.text("a<b");
    builder.text("]]>\r\n");
    builder.open("é");
    builder.close();
    builder.processing_instruction("p", "q");
    builder.close();
    let xml = "<!-- first --><r x=\"&lt;&amp;&gt;&quot;'&#10;&#9;&#13;\">a&lt;b]]&gt;&#13;\n<é/><?p q?></r>";
    let document = builder.finish();
    assert_eq!(document.to_xml(), xml);
    assert_eq!(found(&document, document.root(), "count(//text())"), "1");
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
    (axis, node_test(), prop::collection::vec(predicate, 0..2))
        .prop_map(|((_, axis), test, predicates)| Step { axis, test, predicates, span: Span::default() })
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

/// Any expression that has a text.
fn expression() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["0", "1.", ".5", "10.25"])
            .prop_map(|digits| ExprKind::Number(Number(digits.to_owned()))),
        prop::sample::select(vec!["", "it's", "say \"x\""])
            .prop_map(|text| ExprKind::Literal(text.to_owned())),
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
            (1..3_u32, inner.clone())
                .prop_map(|(count, operand)| ExprKind::Negative(count, Box::new(operand))),
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
