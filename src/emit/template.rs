//! Renders a template whose every value has been quoted.

use std::io;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

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

/// Like [`lazy`] for a list that may be long: another thread makes the values while this one prints them.
pub(super) fn ahead<T, F>(list: T, iterator: F) -> Value
where
    T: Send + Sync + 'static,
    F: for<'a> Fn(&'a T) -> Box<dyn Iterator<Item = Value> + Send + Sync + 'a> + Send + Sync + 'static,
{
    Value::make_object_iterable(Arc::new((list, iterator)), |source| Box::new(Ahead::of(source)))
}

/// How many values are handed over at once.
const CHUNK: usize = 256;

/// Goes through values that another thread makes.
struct Ahead {
    now: std::vec::IntoIter<Value>,
    next: Option<Next>,
}

/// Where the next values come from.
struct Next {
    made: Mutex<Receiver<Vec<Value>>>,
    maker: JoinHandle<()>,
}

impl Ahead {
    /// Makes the first values at once: most lists are so short that a thread is not worth it.
    fn of<T, F>(source: &Arc<(T, F)>) -> Self
    where
        T: Send + Sync + 'static,
        F: for<'a> Fn(&'a T) -> Box<dyn Iterator<Item = Value> + Send + Sync + 'a> + Send + Sync + 'static,
    {
        let first: Vec<_> = (source.1)(&source.0).take(CHUNK).collect();
        let is_all = first.len() < CHUNK;
        let next = (!is_all).then(|| {
            let (source, (sender, made)) = (Arc::clone(source), sync_channel(4));
            let make = move || {
                let mut rest = (source.1)(&source.0).skip(CHUNK);
                loop {
                    let chunk: Vec<_> = rest.by_ref().take(CHUNK).collect();
                    if chunk.is_empty() || sender.send(chunk).is_err() {
                        break;
                    }
                }
            };
            Next { made: Mutex::new(made), maker: std::thread::spawn(make) }
        });
        Self { now: first.into_iter(), next }
    }
}

impl Iterator for Ahead {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        if let Some(value) = self.now.next() {
            return Some(value);
        }
        let made = self.next.as_mut()?.made.get_mut().ok()?.recv();
        match (made, self.next.take()) {
            (Ok(chunk), next) => (self.now, self.next) = (chunk.into_iter(), next),
            // A list that ends early would be a file without its end.
            (Err(_), Some(next)) => next.maker.join().unwrap_or_else(|panic| resume_unwind(panic)),
            (Err(_), None) => {}
        }
        self.now.next()
    }
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

    fn printed(count: usize) -> String {
        let list = ahead(count, |count| Box::new((0..*count).map(|i| quoted(i.to_string()))));
        let mut out = Vec::new();
        render("{% for each in list %}{{ each }},{% endfor %}", context! { list }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_made_ahead_is_printed_in_its_order() {
        for count in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 9 * CHUNK + 7] {
            let expected: String = (0..count).map(|i| format!("{i},")).collect();
            assert_eq!(printed(count), expected);
        }
    }

    #[test]
    #[should_panic(expected = "too many")]
    fn a_panic_in_the_other_thread_is_one_here() {
        let number = |i| if i < 3 * CHUNK { quoted("x") } else { panic!("too many") };
        let list = ahead(4 * CHUNK, move |count| Box::new((0..*count).map(number)));
        let _ = render("{% for each in list %}{{ each }}{% endfor %}", context! { list }, &mut io::sink());
    }

    #[test]
    #[should_panic(expected = "not quoted")]
    fn refuses_what_is_not() {
        let _ = render("{{ a }}", context! { a => "x" }, &mut io::sink());
    }
}
