//! `expops-split`: see [`expops::split`].

use std::process::ExitCode;

use clap::Parser;
use expops::cli::SplitCommand;

fn main() -> ExitCode {
    expops::end_in_words();
    ExitCode::from(SplitCommand::parse().execute())
}
