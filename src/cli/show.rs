//! `expops show`.

use camino::Utf8PathBuf;
use clap::Args;

use super::ended::Ended;
use super::{labels, look, say};
use crate::defaults;
use crate::diagnostic::Diagnostics;
use crate::driver;
use crate::exec::Instance;
use crate::layout::Layout;
use crate::plan::{Action, Plan};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops show fit@p2.model      the head of what partition 2 of fit handed on as `model`
  expops show report.text       a frame, an array, a file, a number, a metric

In Python: expops.load(\"fit@p2\", \"model\")")]
pub(super) struct Flags {
    /// The value: an instance, a dot, and a key or a metric
    #[arg(value_name = "LABEL.KEY")]
    value: String,
    /// The project: a folder, or a project file
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: Utf8PathBuf,
    /// The build folder
    #[arg(long, value_name = "DIR", default_value = defaults::BUILD)]
    build_dir: Utf8PathBuf,
}

pub(super) fn run(flags: &Flags) -> Ended {
    let mut sink = Diagnostics::new();
    let planned =
        look::enter(&flags.project).and_then(|project| driver::plan(&project, &flags.build_dir, &mut sink));
    let plan = match planned {
        Ok(plan) => plan,
        Err(failure) => return Ended::because(&failure, &sink, false),
    };
    let (action, key) = match meant(&plan, &flags.value) {
        Ok(meant) => meant,
        Err(text) => {
            say::error(&text);
            return Ended::Wrong;
        }
    };
    let layout = Layout::new(crate::file::normal(&flags.build_dir));
    match Instance::open(&action.instance, &layout).and_then(|instance| instance.show(key)) {
        Ok(status) if status.success() => Ended::Well,
        Ok(_) => Ended::Failed,
        Err(failure) => Ended::failed(&failure.to_string()),
    }
}

/// The instance and the key that `text` names. Labels have dots of their own (`fit@p2.s41`): the longest that there is
/// counts.
fn meant<'p, 't>(plan: &'p Plan, text: &'t str) -> Result<(&'p Action, &'t str), String> {
    let mut parts = text.rmatch_indices('.').map(|(dot, _)| (&text[..dot], &text[dot + 1..]));
    let found = parts.find_map(|(label, key)| Some((labels::matching(plan, label).ok()?, label, key)));
    match found {
        Some((actions, label, key)) => match actions.as_slice() {
            [one] => Ok((one, key)),
            [first, ..] => Err(format!(
                "`{label}` has {} instances: name one, as `{}.{key}`",
                actions.len(),
                first.target
            )),
            [] => Err(format!("`{label}` has no instances")),
        },
        None if labels::matching(plan, text).is_ok() => Err(format!("name a key as well: `{text}.KEY`")),
        None => Err(match text.rsplit_once('.') {
            Some((label, _)) => labels::matching(plan, label).err().unwrap_or_default(),
            None => "a value is named by an instance and a key: `fit@p2.model`".to_owned(),
        }),
    }
}
