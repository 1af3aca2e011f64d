//! The program `expops`: parses its flags and calls [`expops::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    expops::cli::answer_shell();
    expops::end_in_words();
    match expops::cli::Arguments::read() {
        Ok(arguments) => expops::cli::run(arguments),
        Err(error) => expops::answer(&error),
    }
}
