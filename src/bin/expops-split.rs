//! `expops-split`: see [`expops::split`].

use std::process::ExitCode;

use clap::Parser;
use expops::cli::SplitCommand;

fn main() -> ExitCode {
    ExitCode::from(SplitCommand::parse().execute())
}
