//! Renders a template whose every value has been quoted.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, context};

use crate::plan::Plan;
use crate::{escape, quote};

/// What is said by a generated file that does not find this program.
pub(crate) const ANOTHER_PROGRAM: &str = "expops: the `expops` on PATH is another program, or there is none: \
     `pip install expops-build`, or set EXPOPS to the path of the one that wrote this build";

/// `text` as a value that a template may print: the caller has quoted it for the place where it is printed.
pub(super) fn quoted(text: impl AsRef<str>) -> Value {
    Value::from_safe_string(text.as_ref().to_owned())
}

/// The header of every generated file.
pub(super) fn header(plan: &Plan) -> Value {
    context! {
        version => quoted(env!("CARGO_PKG_VERSION")),
        made_from => quoted(escape::comment(plan.source.as_str())),
        made_by => quoted(escape::comment(&quote::words(&plan.compile))),
    }
}

/// Renders `template`. The templates are part of the program, so an error in one is a bug: it panics, and the
/// tests render each of them.
pub(super) fn render(template: &str, context: Value) -> String {
    let mut environment = Environment::new();
    let syntax =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.expect("the usual delimiters"));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_formatter(|out, _state, value| match value.as_str() {
        Some(text) if value.is_safe() => out.write_str(text).map_err(Error::from),
        _ => Err(Error::new(ErrorKind::InvalidOperation, format!("not quoted: {value:?}"))),
    });
    let rendered = environment.render_str(template, context);
    rendered.unwrap_or_else(|error| panic!("a template of expops is faulty: {error:#}"))
}

/// `text` as a name that build tools accept for a rule or a variable.
pub(super) fn identifier(text: &str) -> String {
    text.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_is_quoted() {
        assert_eq!(render("{{ a }}\n", context! { a => quoted("x&<y>") }), "x&<y>\n");
    }

    #[test]
    #[should_panic(expected = "not quoted")]
    fn refuses_what_is_not() {
        render("{{ a }}", context! { a => "x" });
    }
}
