//! `expops debug`: an instance in the foreground.

use clap::Args;
use clap_complete::ArgValueCompleter;

use super::ended::Ended;
use super::{complete, labels, location, look, say};
use crate::exec::Instance;

#[derive(Debug, Args)]
#[command(after_help = "Example:
  expops debug train@p2     run `train` in partition 2 in this terminal: `breakpoint()` stops in it, an
                            exception opens the debugger; what is built stays as it is")]
pub(super) struct Flags {
    /// An instance
    #[arg(add = ArgValueCompleter::new(complete::targets))]
    label: String,
    #[command(flatten)]
    place: location::Folders,
}

pub(super) fn run(flags: &Flags) -> Ended {
    let (plan, layout) = match look::plan(&flags.place.place(), false) {
        Ok(planned) => planned,
        Err(ended) => return ended,
    };
    let action = match labels::matching(&plan, &flags.label).as_deref() {
        Ok([action]) => action.clone(),
        Ok(several) => {
            say::error(&format!(
                "`{}` has {} instances: name one, such as `{}`",
                flags.label,
                several.len(),
                several[0].target
            ));
            return Ended::Wrong;
        }
        Err(text) => {
            say::error(text);
            return Ended::Wrong;
        }
    };
    match Instance::open(&action.instance, &layout).and_then(|instance| instance.debug()) {
        Ok(()) => {
            say::note(&format!("{} ran to its end; what is built stays as it is", action.label));
            Ended::Well
        }
        Err(failure) => Ended::failed(&format!("{}: {failure}", action.label)),
    }
}
