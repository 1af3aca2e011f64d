//! `expops debug`: an instance in the foreground.

use camino::Utf8PathBuf;
use clap::Args;
use clap_complete::ArgValueCompleter;

use super::ended::Ended;
use super::place::Place;
use super::{complete, labels, look, say};
use crate::diagnostic::Diagnostics;
use crate::driver;
use crate::exec::Instance;
use crate::file;
use crate::layout::Layout;

#[derive(Debug, Args)]
#[command(after_help = "Example:
  expops debug train@p2     run `train` in partition 2 in this terminal: `breakpoint()` stops in it, an
                            exception opens the debugger; what is built stays as it is")]
pub(super) struct Flags {
    /// An instance
    #[arg(add = ArgValueCompleter::new(complete::targets))]
    label: String,
    /// The project: a folder, or a project file
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: Utf8PathBuf,
    /// The build folder [default: `build`, or what EXPOPS_BUILD_DIR says, or the one around the working folder]
    #[arg(long, value_name = "DIR")]
    build_dir: Option<Utf8PathBuf>,
}

pub(super) fn run(flags: &Flags) -> Ended {
    let place = Place::find(&flags.project, flags.build_dir.as_deref());
    let mut sink = Diagnostics::new();
    let planned =
        look::enter(&place.project).and_then(|project| driver::plan(&project, &place.build, &mut sink));
    let plan = match planned {
        Ok(plan) => plan,
        Err(failure) => return Ended::because(&failure, &sink, false),
    };
    let layout = Layout::new(file::normal(&place.build));
    let action = match labels::matching(&plan, &flags.label).as_deref() {
        Ok([action]) => *action,
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
