//! What somebody damaged in the build folder is made again.

use camino::{Utf8Path, Utf8PathBuf};

use super::ended::Ended;
use super::say;
use crate::diagnostic::plural;
use crate::driver::Compiled;
use crate::exec;
use crate::file::{self, FileError};

/// How often a build that found something damaged is restarted: what lies behind it may be damaged, too.
const REPAIRS: usize = 3;

/// Looks before a build at what no build tool sees.
pub(super) fn before(compiled: &Compiled) -> Result<(), Ended> {
    remove_misplaced(&compiled.project.folder).map_err(|error| Ended::failed(&error.to_string()))?;
    let lost = exec::look_for_damage(compiled.plan.instances(), &compiled.layout);
    match lost.map_err(|failure| Ended::failed(&failure.to_string()))? {
        0 => {}
        count => say::note(&format!("{} lost results: made again", plural(count, "instance"))),
    }
    look_at_environments(compiled, false)
}

/// Has the build make again the environments that somebody has changed, and says so unless `is_silent`.
pub(super) fn look_at_environments(compiled: &Compiled, is_silent: bool) -> Result<(), Ended> {
    let names: Vec<_> = compiled.plan.environments.iter().map(|each| each.name.as_str()).collect();
    let changed = exec::look_for_damaged_environments(&names, &compiled.layout)
        .map_err(|failure| Ended::failed(&failure.to_string()))?;
    changed.iter().filter(|_| !is_silent).for_each(|change| say::note(&format!("{change}: made again")));
    Ok(())
}

/// Builds again if the build `ended` at something that it found damaged.
pub(super) fn after(mut ended: Ended, compiled: &Compiled, build: impl Fn() -> Ended) -> Ended {
    let layout = &compiled.layout;
    for _ in 0..REPAIRS {
        let was_damaged = || layout.damaged().exists() && file::remove(&layout.damaged()).is_ok();
        let was_in_the_way = || compiled.clear_way().is_ok_and(|count| count > 0);
        let was_endless = || exec::remove_endless_links(layout).is_ok_and(|count| count > 0);
        if !(matches!(ended, Ended::Failed) && (was_damaged() || was_in_the_way() || was_endless())) {
            break;
        }
        say::note("what was damaged is made again");
        ended = build();
    }
    ended
}

/// Removes what is in the place of the files that Ninja itself keeps: it would wait for ever for a pipe.
fn remove_misplaced(folder: &Utf8Path) -> Result<(), FileError> {
    let kept = [".ninja_log", ".ninja_deps"].map(|name| folder.join(name));
    let is_misplaced = |path: &&Utf8PathBuf| path.symlink_metadata().is_ok_and(|meta| !meta.is_file());
    kept.iter().filter(is_misplaced).try_for_each(|path| file::remove(path))
}
