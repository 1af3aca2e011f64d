//! `expops-split`: see [`expops::split`].

use std::process::ExitCode;

use clap::Parser;
use expops::cli::SplitCommand;

fn main() -> ExitCode {
    expops::end_in_words();
    match SplitCommand::try_parse() {
        Ok(command) => ExitCode::from(command.execute()),
        Err(error) => expops::answer(&error),
    }
}
