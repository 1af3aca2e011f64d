//! What failed, in one list: at the end of `expops run`, and for `expops status --failed` and `logs --failed`.

use crate::diagnostic::plural;
use crate::exec::{Ended as Last, Places, Why};
use crate::journal::Ended;
use crate::layout::{Folder, Layout};

/// How the instance in a folder failed when it was last dealt with. One that was left out because another failed has not
/// failed itself.
pub(super) fn of(folder: &Folder) -> Option<Ended> {
    match Why::read(folder)? {
        Why { ended: Last::Failed(message), run, .. } => {
            let run = run.unwrap_or(Ended { message: Some(message), ..Ended::default() });
            Some(run).filter(|run| run.outcome != "skipped")
        }
        _ => None,
    }
}

/// The reason of each, where the project file names it, and its log: of instances with their labels and folders, at most so
/// many. `None` if there are none.
pub(super) fn list<'f>(
    failed: impl Iterator<Item = (&'f str, &'f str, &'f Ended)>,
    most: usize,
    layout: &Layout,
) -> Option<String> {
    let places = Places::read(layout);
    let mut count = 0;
    let mut text = String::new();
    for (label, instance, ended) in failed {
        count += 1;
        if count > most {
            continue;
        }
        let kind = ended.kind.as_ref().map(|kind| format!(" ({kind})")).unwrap_or_default();
        let left_out = if ended.outcome == "dropped" { ", left out" } else { "" };
        text += &format!("\n  {label}: {}{kind}{left_out}", ended.message.as_deref().unwrap_or_default());
        if let Some(place) = places.of_process(instance) {
            text += &format!("\n    --> {place}");
        }
        let log = layout.folder(instance).log();
        if log.exists() {
            text += &format!("\n    log: {log}");
        }
    }
    if count > most {
        text += &format!("\n  and {} more: `expops status --failed` lists all", count - most);
    }
    (count > 0).then(|| format!("{} failed{text}", plural(count, "instance")))
}
