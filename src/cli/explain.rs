//! `expops explain`.

use clap::Args;

use super::{Ended, say};
use crate::diagnostic::{ALL, find, nearest};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  expops explain E304")]
pub(super) struct Flags {
    /// A diagnostic code, such as E304
    code: String,
}

pub(super) fn run(flags: &Flags) -> Ended {
    let Some(code) = find(&flags.code) else {
        let near = nearest(&flags.code, ALL.iter().map(|code| code.id));
        let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        say::error(&format!("there is no code `{}`{help}", flags.code));
        return Ended::Wrong;
    };
    println!("{}: {}\n\n{}", code.id, code.title, code.explanation);
    Ended::Well
}
