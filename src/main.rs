//! The program `expops`: parses its flags and calls [`expops::cli`].

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match expops::cli::Arguments::try_parse() {
        Ok(arguments) => expops::cli::run(arguments),
        Err(error) => {
            let _ = error.print();
            ExitCode::from(if error.use_stderr() { 2 } else { 0 })
        }
    }
}
