//! The names of the modules in a folder of scripts. The folder's own time changes with every file in it, even an
//! editor's; the stamp only changes with the names of modules, and only then does a build tool call the compiler.

use std::fs;
use std::io::Write as _;

use camino::Utf8Path;

use crate::exec::failure::Failure;
use crate::file::{self, Written};
use crate::layout::{Folder, Layout};
use crate::script::module_names;
use crate::stamp;

/// Checks which modules `folder` of the project has, and records that it looked.
pub(crate) fn look(folder: &Utf8Path, layout: &Layout) -> Result<(), Failure> {
    let made = layout.modules(folder);
    settle(&made, folder)?;
    record(&made)
}

/// Writes down for the compiler, which has looked itself, which modules `folder` has. A new stamp gets the time of the
/// folder: what is being compiled must not be older than what it is made from.
pub(crate) fn note(made: &Folder, folder: &Utf8Path) -> Result<(), Failure> {
    let changed = fs::metadata(folder).and_then(|folder| folder.modified());
    if settle(made, folder)? == Written::Changed
        && let Ok(changed) = changed
    {
        let stamp = made.stamp();
        let set = file::open_regular(&stamp).and_then(|file| file.set_modified(changed));
        file::context(set, "write", &stamp)?;
    }
    Ok(())
}

/// Records that somebody looked.
pub(crate) fn record(made: &Folder) -> Result<(), Failure> {
    Ok(file::replace(&made.record(), |file| file.write_all(b"{}\n"))?)
}

fn settle(made: &Folder, folder: &Utf8Path) -> Result<Written, Failure> {
    let base = made.0.ancestors().nth(2).unwrap_or(Utf8Path::new(""));
    file::create_own_folder(base, &made.0)?;
    Ok(stamp::settle_text(&made.stamp(), &module_names(folder))?)
}
