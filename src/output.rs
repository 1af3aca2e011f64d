//! Output that cannot be written: a full disk behind `>`, or a pipe whose reader is gone.

use std::io::{self, Write as _};
use std::process::ExitCode;

/// The standard library panics when it cannot print. From now on, the program then ends in one sentence: with status 1
/// for a full disk and the like, and silently with 0 where the reader of a pipe has read enough
/// (`expops graph | head -1`).
pub fn end_in_words() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or_default();
        let Some(why) = text.strip_prefix("failed printing to std") else { return usual(panic) };
        if why.contains("Broken pipe") {
            std::process::exit(0);
        }
        if let Some(why) = why.strip_prefix("out: ") {
            say_unwritten(why);
        }
        std::process::exit(1);
    }));
}

/// Prints the help or the version that was asked for, or what is wrong with the arguments.
pub fn answer(asked: &clap::Error) -> ExitCode {
    let printed = asked.print().and_then(|()| io::stdout().flush());
    ExitCode::from(if asked.use_stderr() { 2 } else { status(printed) })
}

/// The status after something was `written` to the standard output: 0, or 1 once the failure has been reported. It is
/// none that the reader of a pipe has read enough.
pub(crate) fn status(written: io::Result<()>) -> u8 {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            say_unwritten(&error.to_string());
            1
        }
        _ => 0,
    }
}

/// Reports that the standard output cannot be written, if that can be reported.
fn say_unwritten(why: &str) {
    let why = why.split(" (os error").next().unwrap_or_default().to_lowercase();
    let _ = writeln!(io::stderr(), "error: cannot write to standard output: {why}");
}
