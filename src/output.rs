//! Output that cannot be written: a full disk behind `>`, or a pipe whose reader is gone.

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

/// Reports that the standard output cannot be written, if that can be reported.
pub(crate) fn say_unwritten(why: &str) {
    use std::io::Write as _;
    let why = why.split(" (os error").next().unwrap_or_default().to_lowercase();
    let _ = writeln!(std::io::stderr(), "error: cannot write to standard output: {why}");
}
