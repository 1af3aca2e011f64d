//! The canonical form of literals, f-strings among them.

use ruff_python_ast as ast;
use ruff_python_ast::{Expr, FStringPart, InterpolatedStringElement, Number};
use ruff_text_size::{Ranged, TextRange};

use super::writer::Canon;

/// The parser's replacement for a lone surrogate (`"\ud800"`), which would make different texts look alike.
const REPLACED: char = '\u{fffd}';

impl Canon<'_> {
    pub(super) fn literal(&mut self, expr: &Expr) {
        match expr {
            Expr::FString(node) => self.f_string(node),
            Expr::TString(node) => {
                self.tag("tstring");
                let elements: Vec<_> = node.value.elements().collect();
                self.elements(elements.into_iter().map(Piece::from), true);
            }
            Expr::StringLiteral(node) => {
                self.tag("str");
                self.written(node.value.to_str(), node.range());
            }
            Expr::BytesLiteral(node) => {
                self.tag("bytes");
                let bytes: Vec<u8> = node.value.bytes().collect();
                self.count(bytes.len());
                self.out.extend(bytes);
            }
            Expr::NumberLiteral(node) => match &node.value {
                Number::Int(value) => {
                    self.tag("int");
                    self.text(&integer(&value.to_string()));
                }
                Number::Float(value) => {
                    self.tag("float");
                    self.out.extend(value.to_bits().to_le_bytes());
                }
                Number::Complex { real, imag } => {
                    self.tag("complex");
                    self.out.extend(real.to_bits().to_le_bytes());
                    self.out.extend(imag.to_bits().to_le_bytes());
                }
            },
            Expr::BooleanLiteral(node) => {
                self.tag("bool");
                self.flag(node.value);
            }
            Expr::NoneLiteral(_) => self.tag("none"),
            Expr::EllipsisLiteral(_) => self.tag("ellipsis"),
            Expr::IpyEscapeCommand(node) => {
                self.tag("ipython");
                self.text(&format!("{:?}", node.kind));
                self.text(&node.value);
            }
            other => unreachable!("matched by `expr`: {other:?}"),
        }
    }

    /// A text by its value, with those of its escapes that a Rust string cannot hold.
    fn written(&mut self, value: &str, range: TextRange) {
        self.text(value);
        if value.contains(REPLACED) {
            self.text(&surrogates(self.source.get(range.to_std_range()).unwrap_or_default()));
        }
    }

    fn f_string(&mut self, node: &ast::ExprFString) {
        self.tag("fstring");
        let mut pieces = Vec::new();
        for part in &node.value {
            match part {
                FStringPart::Literal(text) => pieces.push(Piece::Text(text.as_str(), text.range())),
                FStringPart::FString(part) => pieces.extend(part.elements.iter().map(Piece::from)),
            }
        }
        self.elements(pieces.into_iter(), false);
    }

    /// The pieces of an f-string. Adjacent texts are one text, and `{x=}` is the text `x=` and then `{x!r}`, so
    /// that implicit concatenation and different spellings of the same string make no difference.
    fn elements<'n>(&mut self, pieces: impl Iterator<Item = Piece<'n>>, template: bool) {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(part, range) => {
                    text.push_str(part);
                    if part.contains(REPLACED) {
                        text.push_str(&surrogates(self.source.get(range.to_std_range()).unwrap_or_default()));
                    }
                }
                Piece::Value(node) => {
                    if let Some(debug) = &node.debug_text {
                        text.push_str(debug.as_str());
                    }
                    self.loose_text(&mut text);
                    self.interpolation(node, template);
                }
            }
        }
        self.loose_text(&mut text);
        self.tag("end");
    }

    fn loose_text(&mut self, text: &mut String) {
        if !text.is_empty() {
            self.tag("text");
            self.text(text);
            text.clear();
        }
    }

    fn interpolation(&mut self, node: &ast::InterpolatedElement, template: bool) {
        self.tag("value");
        self.expr(&node.expression);
        let implied = node.debug_text.is_some() && node.format_spec.is_none();
        let conversion = match node.conversion {
            ast::ConversionFlag::None if implied => ast::ConversionFlag::Repr,
            given => given,
        };
        self.text(&format!("{conversion:?}"));
        let spec = node.format_spec.as_ref().filter(|spec| !spec.elements.is_empty());
        self.flag(spec.is_some());
        if let Some(spec) = spec {
            self.elements(spec.elements.iter().map(Piece::from), template);
        }
        if template {
            // A template string can be asked how its expressions were written.
            self.text(self.source.get(node.range().to_std_range()).unwrap_or_default());
        }
    }
}

/// A piece of an f-string or t-string.
enum Piece<'n> {
    Text(&'n str, TextRange),
    Value(&'n ast::InterpolatedElement),
}

impl<'n> From<&'n InterpolatedStringElement> for Piece<'n> {
    fn from(element: &'n InterpolatedStringElement) -> Self {
        match element {
            InterpolatedStringElement::Literal(text) => Piece::Text(&text.value, text.range()),
            InterpolatedStringElement::Interpolation(node) => Piece::Value(node),
        }
    }
}

/// The escapes of lone surrogates in the source of a literal.
fn surrogates(written: &str) -> String {
    let lower = written.to_lowercase();
    let code = |rest: &str| -> Option<String> {
        let digits = rest.strip_prefix("u0000").or(rest.strip_prefix("u"))?;
        digits.starts_with('d').then(|| digits.chars().take(4).collect())
    };
    lower.split('\\').skip(1).filter_map(code).collect::<Vec<_>>().join(" ")
}

/// A whole number in one spelling. The parser keeps those beyond 64 bits as written.
fn integer(token: &str) -> String {
    /// Longer ones are compared as written: the conversion takes quadratic time.
    const LONGEST: usize = 5_000;
    let text = token.replace('_', "").to_lowercase();
    let (radix, digits) = match text.get(..2) {
        Some("0x") => (16, &text[2..]),
        Some("0o") => (8, &text[2..]),
        Some("0b") => (2, &text[2..]),
        _ => (10, &*text),
    };
    if text.len() > LONGEST || (radix == 10 && digits.len() < 20) {
        return text;
    }
    let mut limbs: Vec<u32> = Vec::new();
    for digit in digits.chars() {
        let Some(digit) = digit.to_digit(radix) else { return text };
        let mut carry = u64::from(digit);
        for limb in &mut limbs {
            let sum = u64::from(*limb) * u64::from(radix) + carry;
            *limb = (sum & 0xffff_ffff) as u32;
            carry = sum >> 32;
        }
        if carry > 0 {
            limbs.push(carry as u32);
        }
    }
    format!("{limbs:x?}")
}

#[cfg(test)]
mod tests {
    use super::integer;

    #[test]
    fn large_numbers_have_one_spelling() {
        let spellings =
            ["0x10000000000000000", "18446744073709551616", "0X1_0000_0000_0000_0000", "0b1"].map(integer);
        assert_eq!(spellings[0], spellings[1]);
        assert_eq!(spellings[0], spellings[2]);
        assert_ne!(spellings[0], spellings[3]);
        assert_ne!(integer("18446744073709551617"), spellings[0]);
    }
}
