//! Messages for the person at the terminal.

use std::io::{IsTerminal as _, Write as _};

use crate::diagnostic::{Diagnostics, Severity, plural, render, render_json};
use crate::exec::Remark;

/// Whether to write to stderr in colour.
fn colour() -> bool {
    let no = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    !no && !dumb && std::io::stderr().is_terminal()
}

/// Prints an error that has no place in a file.
pub(super) fn error(text: &str) {
    say("error", "31", text);
}

/// Prints a warning.
pub(super) fn warning(text: &str) {
    say("warning", "33", text);
}

/// Prints a note.
pub(super) fn note(text: &str) {
    say("note", "32", text);
}

/// Prints all at once: several instances may share a terminal, as under Make.
fn say(kind: &str, shade: &str, text: &str) {
    let (on, off) = if colour() { (format!("\x1b[1;{shade}m"), "\x1b[0m") } else { (String::new(), "") };
    let line = format!("{on}{kind}{off}: {text}\n");
    // Nobody is left to be told.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Prints remarks: warnings to stderr, the rest to stdout.
pub(super) fn remarks<'r>(remarks: impl IntoIterator<Item = &'r Remark>) {
    for remark in remarks {
        if remark.is_warning() { warning(&remark.to_string()) } else { println!("{remark}") }
    }
}

/// Prints diagnostics and the number of errors, as lines of JSON on request.
pub(super) fn diagnostics(sink: &Diagnostics, json: bool) {
    let found = sink.sorted();
    for diagnostic in &found {
        if json {
            eprintln!("{}", render_json(diagnostic));
        } else {
            eprintln!("{}\n", render(diagnostic, colour()));
        }
    }
    let (errors, warnings) = sink.not_kept();
    for (count, noun) in [(errors, "error"), (warnings, "warning")] {
        if count > 0 && !json {
            eprintln!("and {}\n", plural(count, &format!("more {noun}")));
        }
    }
    let kept = found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let errors = kept + errors;
    if errors > 0 && !json {
        error(&format!("{}; nothing was written", plural(errors, "error")));
        let code =
            found.iter().find(|diagnostic| diagnostic.severity == Severity::Error).map_or("", |d| d.code.id);
        eprintln!("for more about an error, try `expops explain {code}`");
    }
}
