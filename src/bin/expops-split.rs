//! `expops-split`: see [`expops::split`].

use std::process::ExitCode;

use clap::Parser;
use expops::split::command::Command;

fn main() -> ExitCode {
    ExitCode::from(Command::parse().execute())
}
