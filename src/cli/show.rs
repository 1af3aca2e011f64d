//! `expops show`.

use clap::Args;
use clap_complete::ArgValueCompleter;

use super::ended::Ended;
use super::{complete, labels, location, look, say};
use crate::exec::Instance;
use crate::plan::{Action, Plan};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops show fit@p2.model      the head of what partition 2 of fit handed on as `model`
  expops show report.text       a frame, an array, a file, a number, a metric

In Python: expops.load(\"fit@p2\", \"model\")")]
pub(super) struct Flags {
    /// The value: an instance, a dot, and a key or a metric
    #[arg(value_name = "LABEL.KEY", add = ArgValueCompleter::new(complete::targets))]
    value: String,
    #[command(flatten)]
    place: location::Folders,
}

pub(super) fn run(flags: &Flags) -> Ended {
    let (plan, layout) = match look::plan(&flags.place.place(), false) {
        Ok(planned) => planned,
        Err(ended) => return ended,
    };
    let (action, key) = match meant(&plan, &flags.value) {
        Ok(meant) => meant,
        Err(text) => {
            say::error(&text);
            return Ended::Wrong;
        }
    };
    match Instance::open(&action.instance, &layout).and_then(|instance| instance.show(key)) {
        Ok(status) if status.success() => Ended::Well,
        Ok(_) => Ended::Failed,
        Err(failure) => Ended::failed(&failure.to_string()),
    }
}

/// The instance and the key that `text` names. Labels may contain dots themselves (`fit@p2.s41`): the longest
/// label that exists is taken.
fn meant<'t>(plan: &Plan, text: &'t str) -> Result<(Action, &'t str), String> {
    let mut parts = text.rmatch_indices('.').map(|(dot, _)| (&text[..dot], &text[dot + 1..]));
    let found = parts.find_map(|(label, key)| Some((labels::matching(plan, label).ok()?, label, key)));
    match found {
        Some((mut actions, label, key)) => match actions.as_slice() {
            [_] => Ok((actions.remove(0), key)),
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
