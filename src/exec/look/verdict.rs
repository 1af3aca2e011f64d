//! The verdict on a build that was allowed to leave instances out: one list of those that failed.

use std::collections::BTreeMap;

use crate::diagnostic::plural;
use crate::exec::failure::Failure;
use crate::exec::state::left_out::LeftOut;
use crate::file;
use crate::layout::{Folder, Layout};

/// A list of those that failed, if an instance was left out in the folder `name` of the build (`fit/p1`, `fit`; the
/// whole build if empty).
///
/// # Errors
/// If the folder cannot be read or written.
pub(crate) fn give(name: &str, layout: &Layout) -> Result<Option<Failure>, Failure> {
    let instances = file::read_text(&layout.instances())?;
    let is_asked = |line: &&str| {
        name.is_empty()
            || line.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut failed = BTreeMap::new();
    let mut skipped = 0;
    for folder in instances.lines().filter(is_asked) {
        if let Some(how) = LeftOut::read(&layout.folder(folder)) {
            skipped += usize::from(!folder.starts_with(&how.instance));
            failed.insert(how.instance.clone(), how);
        }
    }
    let passed = layout.verdict(name);
    if !failed.is_empty() {
        file::remove(&passed)?;
        return Ok(Some(list(&failed, skipped, layout)));
    }
    passed.parent().map_or(Ok(()), file::create_folder)?;
    file::write_own(&passed, "")?;
    Ok(None)
}

/// How many failed instances are listed at the end of a build.
pub(crate) const MOST: usize = 50;

fn list(failed: &BTreeMap<String, LeftOut>, skipped: usize, layout: &Layout) -> Failure {
    let entry = |how: &LeftOut| {
        let log = Folder(layout.build().join(&how.instance)).log();
        format!("{}: {} ({})\n  log: {log}", how.label, how.message, how.kind.name())
    };
    let more = if skipped > 0 { format!("; {skipped} more took something of them") } else { String::new() };
    let were = if failed.len() == 1 { "was" } else { "were" };
    let message = format!("{} failed and {were} left out{more}", plural(failed.len(), "instance"));
    let mut entries: Vec<_> = failed.values().take(MOST).map(entry).collect();
    if failed.len() > MOST {
        entries.push(format!("and {} more: `expops status --failed` lists all", failed.len() - MOST));
    }
    Failure::new(message).detail(entries.join("\n"))
}
