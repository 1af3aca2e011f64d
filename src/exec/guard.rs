//! Keeps programs apart that work in one build folder: an instance is run by one of them at a time, and nobody clears
//! the folder away meanwhile.

use std::fs::File;

use super::failure::Failure;
use super::remark::Remark;
use crate::file;
use crate::layout::{Folder, Layout};
use crate::lock::Lock;

/// What is held while an instance or an environment is made.
pub(super) struct Guard {
    _own: Lock,
    _build: Lock,
    /// What is to be said of the locks, once in a build.
    pub remark: Option<Remark>,
}

/// Waits until nobody else makes what belongs into `folder`, which is there, or clears the build folder away.
///
/// # Errors
/// If something on the way there is a link, or no lock can be made.
pub(super) fn hold(folder: &Folder, layout: &Layout) -> Result<Guard, Failure> {
    file::insist_on_no_links(layout.build(), &folder.out())?;
    let busy = layout.busy();
    file::insist_on_no_links(layout.build(), &busy)?;
    busy.parent().map_or(Ok(()), file::create_folder)?;
    let build = Lock::share(&busy)?;
    let own = Lock::wait(&folder.lock())?;
    let is_new = !own.is_of_the_system() && File::create_new(layout.no_locks()).is_ok();
    let remark = is_new.then(|| Remark::NoLocks(layout.build().to_owned()));
    Ok(Guard { _own: own, _build: build, remark })
}
