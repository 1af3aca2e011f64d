//! Renders a template whose every value has been quoted.

use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, context};

use crate::plan::Plan;
use crate::{escape, quote};

/// What is said by a generated file that does not find this program.
pub(crate) const ANOTHER_PROGRAM: &str = "expops: the `expops` on PATH is another program, or there is none: \
     `pip install expops-build`, or set EXPOPS to the path of the one that wrote this build";

/// `text` as a value that a template may print: the caller has quoted it for the place where it is printed.
pub(super) fn quoted(text: impl Into<String>) -> Value {
    Value::from_safe_string(text.into())
}

/// The header of every generated file.
pub(super) fn header(plan: &Plan) -> Value {
    context! {
        version => quoted(env!("CARGO_PKG_VERSION")),
        made_from => quoted(escape::comment(plan.source.as_str())),
        made_by => quoted(escape::comment(&quote::words(&plan.compile))),
    }
}

/// Renders `template` into `out`. The templates are part of the program, so an error in one is a bug: it panics, and
/// the tests render each of them.
///
/// # Errors
/// If `out` fails.
pub(super) fn render(template: &str, context: Value, out: &mut dyn io::Write) -> io::Result<()> {
    let mut environment = Environment::new();
    let syntax =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.expect("the usual delimiters"));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_formatter(|out, _state, value| match value.as_str() {
        Some(text) if value.is_safe() => out.write_str(text).map_err(Error::from),
        _ => Err(Error::new(ErrorKind::InvalidOperation, format!("not quoted: {value:?}"))),
    });
    let rendered = environment.template_from_str(template).and_then(|it| it.render_captured_to(context, out));
    let Err(error) = rendered else { return Ok(()) };
    match std::error::Error::source(&error).and_then(|source| source.downcast_ref::<io::Error>()) {
        Some(failed) => Err(failed.raw_os_error().map_or(failed.kind().into(), io::Error::from_raw_os_error)),
        None => panic!("a template of expops is faulty: {error:#}"),
    }
}

/// A list for a template that is made while it is printed: one value for each of what `iterator` goes through.
pub(super) fn lazy<T, F>(list: T, iterator: F) -> Value
where
    T: Send + Sync + 'static,
    F: for<'a> Fn(&'a T) -> Box<dyn Iterator<Item = Value> + Send + Sync + 'a> + Send + Sync + 'static,
{
    Value::make_object_iterable(list, iterator)
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
        let mut out = Vec::new();
        render("{{ a }}\n", context! { a => quoted("x&<y>") }, &mut out).unwrap();
        assert_eq!(out, b"x&<y>\n");
    }

    #[test]
    #[should_panic(expected = "not quoted")]
    fn refuses_what_is_not() {
        let _ = render("{{ a }}", context! { a => "x" }, &mut io::sink());
    }
}
