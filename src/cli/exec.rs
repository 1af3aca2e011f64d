//! `expops exec`: what the generated file calls.

use camino::Utf8PathBuf;
use clap::Args;

use super::ended::Ended;
use super::say;
use crate::defaults;
use crate::exec;
use crate::layout::Layout;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  expops exec train/p2      run `train` in partition 2, if something that it reads changed"
)]
pub(super) struct Flags {
    /// The build folder
    #[arg(long, value_name = "DIR", default_value = defaults::BUILD)]
    build_dir: Utf8PathBuf,
    /// Make this environment instead of running an instance
    #[arg(long, value_name = "NAME", conflicts_with = "instance")]
    environment: Option<String>,
    /// The instance, by its folder in the build folder
    #[arg(required_unless_present = "environment")]
    instance: Option<String>,
}

pub(super) fn run(flags: &Flags) -> Ended {
    let layout = Layout::new(flags.build_dir.clone());
    let result = match (&flags.environment, &flags.instance) {
        (Some(name), _) => exec::environment::make(name, &layout),
        (None, Some(instance)) => exec::run(instance, &layout).map(drop),
        (None, None) => Ok(()),
    };
    match result {
        Ok(()) => Ended::Well,
        Err(failure) => {
            say::error(&failure.to_string());
            Ended::Failed
        }
    }
}
