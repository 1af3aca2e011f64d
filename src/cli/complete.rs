//! Shell completion and the manual.

use std::ffi::OsStr;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use clap_complete::CompletionCandidate;
use clap_complete::env::{CompleteEnv, Shells};

use super::ended::Ended;
use super::say;
use crate::defaults;
use crate::diagnostic::Diagnostics;
use crate::driver::{self, Failure, Project};
use crate::layout::Layout;

/// The variable through which a shell's completion function calls the program back.
const VARIABLE: &str = "EXPOPS_COMPLETE";

/// Nobody reads more than this.
const MOST: usize = 500;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  source <(expops completions bash)            in ~/.bashrc
  source <(expops completions zsh)             in ~/.zshrc
  expops completions fish | source             in ~/.config/fish/config.fish")]
pub(super) struct Flags {
    /// The shell
    #[arg(value_parser = ["bash", "zsh", "fish"])]
    shell: String,
}

/// Answers a shell that asks for completions, then exits.
pub(super) fn answer(program: fn() -> clap::Command) {
    CompleteEnv::with_factory(program).var(VARIABLE).bin("expops").complete();
}

pub(super) fn completions(flags: &Flags) -> Ended {
    let shells = Shells::builtins();
    let mut script = Vec::new();
    let written = shells
        .completer(&flags.shell)
        .map(|shell| shell.write_registration(VARIABLE, "expops", "expops", "expops", &mut script));
    match written {
        Some(Ok(())) => {
            if flags.shell == "zsh" {
                print!("{}", include_str!("../../templates/complete.zsh"));
            }
            print!("{}", String::from_utf8_lossy(&script));
            if flags.shell == "bash" {
                print!("{}", include_str!("../../templates/complete.bash"));
            }
            Ended::Well
        }
        _ => Ended::Failed,
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  expops man ~/.local/share/man/man1 && man expops-run")]
pub(super) struct Manual {
    /// The folder to write the pages to
    folder: Utf8PathBuf,
}

pub(super) fn manual(flags: &Manual, program: clap::Command) -> Ended {
    let made =
        fs::create_dir_all(&flags.folder).and_then(|()| clap_mangen::generate_to(program, &flags.folder));
    match made {
        Ok(()) => Ended::Well,
        Err(error) => {
            say::error(&format!("cannot write to `{}`: {error}", flags.folder));
            Ended::Failed
        }
    }
}

/// The targets of the project here that begin with what was typed: processes, and after an `@` their instances.
pub(super) fn targets(typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let mut sink = Diagnostics::new();
    let opened = Project::find(Utf8Path::new(".")).map_err(Failure::Usage);
    let Ok(checked) = opened.and_then(|project| driver::open(&project, &mut sink)) else { return Vec::new() };
    let Ok((graph, _)) = driver::expand(&checked, defaults::MAX_INSTANCES_TO_LOOK_AT, &mut sink) else {
        return Vec::new();
    };
    let named = graph.pipeline.order.iter().flat_map(|process| {
        let name = &graph.pipeline.process(*process).name;
        let instances = graph.instances(*process).filter(|_| typed.contains('@'));
        std::iter::once(Layout::target(name, &[]))
            .chain(instances.map(move |instance| Layout::target(name, &graph.arms(&instance))))
    });
    named.filter(|name| name.starts_with(&*typed)).take(MOST).map(CompletionCandidate::new).collect()
}
