//! Random expressions, made by the grammar: every production, every axis but `namespace`, every
//! function, values of every type where any type may stand.

use crate::random::Random;
use crate::tree::{ATTRIBUTES, IDS, NAMES, TARGETS, VALUES};

const AXES: [&str; 12] = [
    "ancestor",
    "ancestor-or-self",
    "attribute",
    "child",
    "descendant",
    "descendant-or-self",
    "following",
    "following-sibling",
    "parent",
    "preceding",
    "preceding-sibling",
    "self",
];
const COMPARISONS: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];

/// Makes expressions.
pub(crate) struct Expressions<'r> {
    pub(crate) random: &'r mut Random,
    /// Whether the place is inside a predicate: `position()` and `last()` are errors elsewhere.
    pub(crate) is_inside: bool,
}

impl Expressions<'_> {
    /// An expression of any type.
    pub(crate) fn any(&mut self, depth: usize) -> String {
        match self.random.below(10) {
            0..=4 => self.nodes(depth),
            5 | 6 => self.number(depth),
            7 => self.string(depth),
            _ => self.boolean(depth),
        }
    }

    /// An expression that has no value, by its own fault.
    pub(crate) fn wrong(&mut self) -> String {
        let depth = 1;
        let scalar = match self.random.below(3) {
            0 => self.number(depth),
            1 => self.string(depth),
            _ => self.boolean(depth),
        };
        let nodes = self.path(depth);
        let wrong = match self.random.below(10) {
            8 => "position()".to_owned(),
            9 => format!("last() - ({scalar})"),
            0 => format!("count({scalar})"),
            1 => format!("sum({scalar})"),
            2 => format!("name({scalar})"),
            3 => format!("{nodes} | ({scalar})"),
            4 => format!("no-such-function({scalar})"),
            5 => format!("concat({scalar})"),
            6 => format!("substring({scalar}, 1, 2, 3)"),
            _ => format!("$v + ({scalar})"),
        };
        match self.random.below(3) {
            0 => wrong,
            1 => format!("string({wrong})"),
            _ => format!("({wrong}) = 1"),
        }
    }

    /// White space, or none.
    fn space(&mut self) -> &'static str {
        self.random.pick(&["", "", "", "", " ", "\n\t"])
    }

    fn quoted(&mut self, text: &str) -> String {
        let quote = match (text.contains('"'), text.contains('\'')) {
            (true, true) => return "'mixed'".to_owned(),
            (true, false) => '\'',
            (false, true) => '"',
            _ => ['"', '\''][self.random.below(2)],
        };
        format!("{quote}{text}{quote}")
    }

    fn literal(&mut self) -> String {
        let text = self.random.pick(&VALUES);
        self.quoted(text)
    }

    fn nodes(&mut self, depth: usize) -> String {
        match self.random.below(12) {
            0 if depth > 0 => {
                let (a, b) = (self.nodes(depth - 1), self.nodes(depth - 1));
                let (s, t) = (self.space(), self.space());
                format!("{a}{s}|{t}{b}")
            }
            1 | 2 if depth > 0 => {
                let inner = self.nodes(depth - 1);
                let predicates = self.predicates(depth);
                let rest = if self.random.chance(50) { self.tail(depth) } else { String::new() };
                format!("({inner}){predicates}{rest}")
            }
            3 if depth > 0 => {
                let argument = match self.random.below(3) {
                    0 => self.any(depth - 1),
                    1 => self.quoted(&format!("{} {}", IDS[0], IDS[2])),
                    _ => format!("'{}'", self.random.pick(&IDS)),
                };
                let rest = if self.random.chance(40) { self.tail(depth) } else { String::new() };
                format!("id({argument}){rest}")
            }
            _ => self.path(depth),
        }
    }

    fn path(&mut self, depth: usize) -> String {
        let start = match self.random.below(10) {
            0 => return "/".to_owned() + if self.random.chance(50) { "." } else { "*" },
            1 => "/",
            // libxml2 finds an absolute path anew for each node that a predicate is asked for.
            2..=6 if depth > 1 || !self.is_inside => "//",
            _ => "",
        };
        let mut path = start.to_owned() + &self.step(depth);
        for _ in 0..self.random.below(3) {
            path += &self.separator();
            path += &self.step(depth);
        }
        path
    }

    fn tail(&mut self, depth: usize) -> String {
        self.separator() + &self.step(depth)
    }

    fn separator(&mut self) -> String {
        let slashes = self.random.pick(&["/", "/", "//"]);
        format!("{}{slashes}{}", self.space(), self.space())
    }

    fn step(&mut self, depth: usize) -> String {
        let axis = match self.random.below(12) {
            0 => return ".".to_owned(),
            1 => return "..".to_owned(),
            2..=4 => String::new(),
            5 => "@".to_owned(),
            _ => format!("{}{}::{}", self.random.pick(&AXES), self.space(), self.space()),
        };
        let is_attribute = axis == "@" || axis.starts_with("attribute");
        let test = match self.random.below(12) {
            0..=2 if is_attribute => self.random.pick(&ATTRIBUTES).to_owned(),
            0..=2 => self.random.pick(&NAMES).to_owned(),
            3..=6 => "*".to_owned(),
            7 | 8 => "node()".to_owned(),
            9 => "text()".to_owned(),
            10 => match self.random.below(4) {
                0 => "comment()".to_owned(),
                1 => "processing-instruction()".to_owned(),
                2 => format!("processing-instruction('{}')", self.random.pick(&TARGETS)),
                _ => "nowhere".to_owned(),
            },
            _ => self.random.pick(&["xml:*", "xml:lang", "xml:id", "and", "or"]).to_owned(),
        };
        let predicates = self.predicates(depth);
        format!("{axis}{test}{predicates}")
    }

    fn predicates(&mut self, depth: usize) -> String {
        let mut predicates = String::new();
        while depth > 0 && self.random.chance(28) {
            let was_inside = std::mem::replace(&mut self.is_inside, true);
            let inside = match self.random.below(8) {
                0 => (1 + self.random.below(4)).to_string(),
                1 => "last()".to_owned(),
                2 => {
                    let number = self.number(depth - 1);
                    format!("position() {} {number}", self.random.pick(&COMPARISONS))
                }
                3 => {
                    let literal = self.literal();
                    format!("@{}={literal}", self.random.pick(&ATTRIBUTES))
                }
                _ => self.any(depth - 1),
            };
            self.is_inside = was_inside;
            predicates += &format!("{}[{}{inside}{}]", self.space(), self.space(), self.space());
        }
        predicates
    }

    fn number(&mut self, depth: usize) -> String {
        if depth == 0 || self.random.chance(25) {
            return self.plain_number();
        }
        let depth = depth - 1;
        let choice = if self.is_inside { self.random.below(13) } else { 2 + self.random.below(11) };
        match choice {
            0 => format!("position(){}", self.space()),
            1 => "last()".to_owned(),
            2 | 3 => format!("count({})", self.nodes(depth)),
            4 => format!("sum({})", self.nodes(depth)),
            5 => format!("string-length({})", self.any(depth)),
            6 => self.random.pick(&["string-length()", "number()"]).to_owned(),
            7 => format!("number({})", self.any(depth)),
            8 => {
                let function = self.random.pick(&["floor", "ceiling", "round"]);
                format!("{function}({}({}))", self.space(), self.any(depth))
            }
            9 => {
                let minus = self.random.pick(&["-", "--", "- "]);
                format!("{minus}{}", self.operand(depth))
            }
            _ => {
                let (a, b) = (self.operand(depth), self.operand(depth));
                let operator = self.random.pick(&[" + ", " - ", " * ", "*", " div ", " mod ", "+"]);
                let third = match self.random.below(3) {
                    0 => format!(
                        " {} {}",
                        self.random.pick(&["+", "-", "*", "div", "mod"]),
                        self.operand(depth)
                    ),
                    _ => String::new(),
                };
                format!("{a}{operator}{b}{third}")
            }
        }
    }

    /// Something that may stand at an arithmetic operator.
    fn operand(&mut self, depth: usize) -> String {
        match self.random.below(4) {
            0 => format!("({})", self.any(depth)),
            1 => self.path(depth),
            _ => self.plain_number(),
        }
    }

    fn plain_number(&mut self) -> String {
        match self.random.below(12) {
            0 => "(0 div 0)".to_owned(),
            1 => "(1 div 0)".to_owned(),
            2 => "-(1 div 0)".to_owned(),
            3 => format!("{}.{}", self.random.below(30), self.random.below(1000)),
            4 => format!(".{}", self.random.below(100)),
            5 => format!("{}.", self.random.below(20)),
            6 => format!("-{}", self.random.below(9)),
            7 => self
                .random
                .pick(&["1000000000", "123456789012345678", "0.00001", "0.0000012345", "2147483647"])
                .to_owned(),
            8 => format!("{}", self.random.below(1_000_000_000) * 1_000),
            _ => self.random.below(6).to_string(),
        }
    }

    fn string(&mut self, depth: usize) -> String {
        if depth == 0 || self.random.chance(25) {
            return self.literal();
        }
        let depth = depth - 1;
        let (a, b) = (self.any(depth), self.any(depth));
        match self.random.below(13) {
            0 | 1 => format!("string({a})"),
            2 => format!("concat({a},{}{b})", self.space()),
            3 => format!("concat({a}, {b}, {})", self.literal()),
            4 => format!("substring-before({a}, {b})"),
            5 => format!("substring-after({a}, {b})"),
            6 => format!("substring({a}, {})", self.number(depth)),
            7 => format!("substring({a}, {}, {})", self.number(depth), self.number(depth)),
            8 => format!("normalize-space({a})"),
            9 => format!("translate({a}, {b}, {})", self.any(depth)),
            10 => {
                let function = self.random.pick(&["name", "local-name", "namespace-uri"]);
                format!("{function}({})", self.nodes(depth))
            }
            11 => format!("{}()", self.random.pick(&["name", "local-name", "namespace-uri"])),
            _ => format!("{}()", self.random.pick(&["string", "normalize-space"])),
        }
    }

    fn boolean(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.random.pick(&["true()", "false()", "not(a)", "@a", "b"]).to_owned();
        }
        let depth = depth - 1;
        match self.random.below(14) {
            0 => format!("not({})", self.any(depth)),
            1 => format!("boolean({})", self.any(depth)),
            2 => format!("contains({}, {})", self.any(depth), self.any(depth)),
            3 => format!("starts-with({}, {})", self.any(depth), self.any(depth)),
            4 => {
                format!("lang({})", self.random.pick(&["'en'", "'EN'", "'de'", "'en-gb'", "@xml:lang", "''"]))
            }
            5 | 6 => {
                let (a, b) = (self.term(depth), self.term(depth));
                format!("{a} {} {b}", self.random.pick(&["and", "or"]))
            }
            7 => {
                let (a, b, c) = (self.term(depth), self.term(depth), self.term(depth));
                format!(
                    "{a} {} {b} {} {c}",
                    self.random.pick(&["and", "or"]),
                    self.random.pick(&["and", "or"])
                )
            }
            8 => {
                let (a, b, c) = (self.term(depth), self.term(depth), self.term(depth));
                let (f, g) = (self.random.pick(&COMPARISONS), self.random.pick(&COMPARISONS));
                format!("{a} {f} {b}{g}{c}")
            }
            _ => {
                let (a, b) = (self.term(depth), self.term(depth));
                let operator = self.random.pick(&COMPARISONS);
                format!("{a}{}{operator}{}{b}", self.space(), self.space())
            }
        }
    }

    /// Something that may stand at a comparison.
    fn term(&mut self, depth: usize) -> String {
        let term = self.any(depth);
        if self.random.chance(60) { format!("({term})") } else { term }
    }
}
