//! A script's bytes to its syntax tree, on a thread of its own with a deep stack, so that hostile nesting is a
//! diagnostic and never a crash. A deep tree must not leave that thread, so the caller passes a function that
//! turns it into something flat.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::{io, thread};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_pattern, walk_stmt};
use ruff_python_ast::{Expr, Pattern, Stmt};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

use crate::diagnostic::{Diagnostic, codes};
use crate::source::{Source, Span};

/// Largest script that is read. Generated data belongs in a data file.
const LARGEST: usize = 16 << 20;
/// Deepest tree that is walked. CPython gives up at a third of this.
const DEEPEST: usize = 10_000;
/// Largest number of tokens that may be open at one place (see [`Pressure`]), which bounds the parser's own
/// recursion.
const MOST_PENDING: usize = 50_000;
/// Stack size: 10,000 levels of the largest frames of an unoptimised build fit several times.
const STACK: usize = 256 << 20;

/// The text of a script: UTF-8, one kind of line ending (as Python itself reads it), not too large.
pub(super) fn decode(name: &str, bytes: Vec<u8>) -> Result<Source, Diagnostic> {
    let wrong = |source: &Source, at: usize, message: String, help: &str| {
        Err(Diagnostic::new(&codes::SCRIPT_SYNTAX, message).at(source, Span::new(at, at + 1), "").help(help))
    };
    if bytes.len() > LARGEST {
        let message = format!("the script `{name}` is larger than {} MiB", LARGEST >> 20);
        return Err(Diagnostic::new(&codes::SCRIPT_SYNTAX, message).help("move its data into a data file"));
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let source = Source::new(name, String::from_utf8_lossy(error.as_bytes()));
            return wrong(&source, at, format!("the script `{name}` is not UTF-8"), "save it as UTF-8");
        }
    };
    let text = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text };
    let source = Source::new(name, text);
    match source.text().find('\0') {
        Some(at) => wrong(&source, at, format!("the script `{name}` contains a NUL byte"), "remove it"),
        None => Ok(source),
    }
}

/// Parses `source` and passes its statements to `build`.
pub(super) fn with_tree<T: Send>(
    source: &Source,
    build: impl FnOnce(&[Stmt]) -> T + Send,
) -> Result<T, Diagnostic> {
    if let Some(at) = Pressure::exceeded(source.text()) {
        return Err(too_deep(source, at));
    }
    let work = || panic::catch_unwind(AssertUnwindSafe(|| parse(source, build)));
    let parsed = deeply(work).map_err(|error| {
        let message = format!("cannot read `{}`: no thread to parse it on: {error}", source.name());
        Diagnostic::new(&codes::SCRIPT_READ, message)
    })?;
    parsed.unwrap_or_else(|_| {
        let message = format!("the script `{}` could not be analysed", source.name());
        Err(Diagnostic::new(&codes::SCRIPT_SYNTAX, message).help("please report it, with the script"))
    })
}

/// Does `work`, in which scripts are parsed, on a thread with a deep stack: on this one, if it has one. Starting a thread for
/// each script takes longer than parsing a small one.
///
/// # Errors
/// If there is no such thread to be had.
pub(crate) fn deeply<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread_local!(static IS_DEEP: Cell<bool> = const { Cell::new(false) });
    if IS_DEEP.get() {
        return Ok(work());
    }
    let work = || {
        IS_DEEP.set(true);
        work()
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work)?;
        Ok(thread.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked)))
    })
}

fn parse<T>(source: &Source, build: impl FnOnce(&[Stmt]) -> T) -> Result<T, Diagnostic> {
    let parsed = parse_unchecked(source.text(), ParseOptions::from(Mode::Module));
    let Some(parsed) = parsed.try_into_module() else {
        return Err(Diagnostic::new(&codes::SCRIPT_SYNTAX, format!("`{}` is not a module", source.name())));
    };
    let mut depth = Depth { now: 0, exceeded: None };
    depth.visit_body(parsed.suite());
    if let Some(at) = depth.exceeded {
        // Dropping the tree would recurse as well. A leak is harmless in a compiler that is about to stop.
        std::mem::forget(parsed);
        return Err(too_deep(source, at));
    }
    match parsed.errors().first() {
        Some(error) => {
            let span = Span::new(error.location.start().to_usize(), error.location.end().to_usize());
            let message = format!("the script `{}` is not valid Python", source.name());
            let what = error.error.to_string();
            Err(Diagnostic::new(&codes::SCRIPT_SYNTAX, message).at(source, span, lower_first(&what)))
        }
        None => Ok(build(parsed.suite())),
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn too_deep(source: &Source, at: usize) -> Diagnostic {
    let message = format!("the script `{}` is nested too deeply", source.name());
    let label = "an expression here is deeper than Python itself allows";
    Diagnostic::new(&codes::SCRIPT_SYNTAX, message).at(source, Span::new(at, at + 1), label)
}

/// Measures the depth of a tree without walking deeper than allowed.
struct Depth {
    now: usize,
    exceeded: Option<usize>,
}

impl Depth {
    fn inside(&mut self, at: usize, walk: impl FnOnce(&mut Self)) {
        if self.now >= DEEPEST {
            self.exceeded.get_or_insert(at);
        } else if self.exceeded.is_none() {
            self.now += 1;
            walk(self);
            self.now -= 1;
        }
    }
}

impl<'a> Visitor<'a> for Depth {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        use ruff_text_size::Ranged;
        self.inside(stmt.start().to_usize(), |depth| walk_stmt(depth, stmt));
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        use ruff_text_size::Ranged;
        self.inside(expr.start().to_usize(), |depth| walk_expr(depth, expr));
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        use ruff_text_size::Ranged;
        self.inside(pattern.start().to_usize(), |depth| walk_pattern(depth, pattern));
    }
}

/// A rough count, before parsing, of the tokens that may nest in each other: those since the last comma or line
/// end of each open bracket. The depth cannot exceed it, and long flat lists do not raise it.
struct Pressure<'a> {
    bytes: &'a [u8],
    at: usize,
    open: Vec<usize>,
    sum: usize,
}

impl<'a> Pressure<'a> {
    fn exceeded(text: &'a str) -> Option<usize> {
        let mut scan = Self { bytes: text.as_bytes(), at: 0, open: vec![0], sum: 0 };
        while scan.at < scan.bytes.len() {
            scan.token();
            if scan.sum > MOST_PENDING {
                return Some(
                    (0..=scan.at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0),
                );
            }
        }
        None
    }

    fn token(&mut self) {
        let byte = self.bytes[self.at];
        self.at += 1;
        match byte {
            b' ' | b'\t' | 0x0c => {}
            b'\\' => self.at += 1,
            b'#' => self.skip_while(|b| b != b'\n'),
            b'\n' if self.open.len() == 1 => self.forget(),
            b'\n' => {}
            b',' | b';' => self.forget(),
            b'(' | b'[' | b'{' => {
                self.open.push(1);
                self.sum += 1;
            }
            b')' | b']' | b'}' => {
                if self.open.len() > 1 {
                    self.sum -= self.open.pop().unwrap_or(0);
                }
                self.add();
            }
            b'"' | b'\'' => {
                self.string(byte);
                self.add();
            }
            b if is_word(b) => {
                self.skip_while(is_word);
                self.add();
            }
            _ => self.add(),
        }
    }

    fn add(&mut self) {
        if let Some(top) = self.open.last_mut() {
            *top += 1;
            self.sum += 1;
        }
    }

    fn forget(&mut self) {
        if let Some(top) = self.open.last_mut() {
            self.sum -= *top;
            *top = 0;
        }
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        while self.bytes.get(self.at).is_some_and(|b| keep(*b)) {
            self.at += 1;
        }
    }

    fn string(&mut self, quote: u8) {
        let triple = self.bytes.get(self.at..self.at + 2) == Some(&[quote, quote]);
        if triple {
            self.at += 2;
        }
        while let Some(byte) = self.bytes.get(self.at).copied() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'\n' if !triple => return,
                b if b == quote && !triple => return,
                b if b == quote && self.bytes.get(self.at..self.at + 2) == Some(&[quote, quote]) => {
                    self.at += 2;
                    return;
                }
                _ => {}
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.' || byte >= 0x80
}
