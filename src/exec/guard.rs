//! Keeps programs that work in one build folder apart: only one of them runs an instance at a time, and nobody cleans
//! the folder meanwhile.

use std::fs::File;

use super::failure::Failure;
use super::remark::Remark;
use crate::file;
use crate::layout::{Folder, Layout};
use crate::lock::Lock;

/// The locks that are held while an instance or an environment is made.
pub(super) struct Guard {
    _own: Lock,
    _build: Lock,
    /// What there is to say about the locks, once in a build.
    pub remark: Option<Remark>,
}

/// Waits until nobody else makes what belongs in `folder`, which exists, or cleans the build folder.
///
/// # Errors
/// If something on the path is a link, or no lock can be made.
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
