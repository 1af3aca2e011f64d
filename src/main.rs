//! The program `expops`: parses its flags and calls [`expops::cli`].

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    expops::cli::answer_shell();
    end_with_the_reader();
    match expops::cli::Arguments::try_parse() {
        Ok(arguments) => expops::cli::run(arguments),
        Err(error) => {
            let _ = error.print();
            ExitCode::from(if error.use_stderr() { 2 } else { 0 })
        }
    }
}

/// `expops graph | head -1`: whoever reads the output has read enough. The standard library panics then.
fn end_with_the_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or_default();
        if text.starts_with("failed printing to std") && text.contains("Broken pipe") {
            std::process::exit(0);
        }
        usual(panic);
    }));
}
