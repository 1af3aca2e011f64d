//! Copies of outputs, where people want them. The build makes them, and reads none.

use std::fs::File;
use std::io;

use camino::{Utf8Component, Utf8Path};

use crate::digest::Digest;
use crate::exec::content::trust::Trust;
use crate::exec::failure::Failure;
use crate::exec::state::damage;
use crate::exec::state::left_out::LeftOut;
use crate::exec::values::vouched;
use crate::file::{self, FileError};
use crate::layout::{Folder, Layout};

/// Has `to` be a copy of the output `from`; both are relative to the project. If the instance was left out, there is
/// none.
///
/// # Errors
/// If the output is not what the instance made, `to` is somebody else's file, leads out of the project, or cannot be
/// written.
pub(crate) fn copy(from: &Utf8Path, to: &Utf8Path, layout: &Layout) -> Result<(), Failure> {
    insist_on_inside(to)?;
    let stamp = layout.exported(to);
    if is_left_out(from, layout) {
        if stamp.exists() {
            file::insist_on_no_folder(to)?;
            file::remove(to)?;
        }
        return Ok(file::remove(&stamp)?);
    }
    insist_on_made(from, layout).map_err(|failure| match damage::disown(&failure, layout) {
        Ok(()) => failure,
        Err(error) => error,
    })?;
    let is_same = is_same(from, to);
    if to.exists() && !is_same && !stamp.exists() {
        let failure = Failure::new(format!("`{to}` is there, and is no copy that this build has made"));
        return Err(failure.help("remove it, or export to another path"));
    }
    if !is_same || is_older(to, from) {
        let copied = |writer: &mut io::BufWriter<&File>| {
            let mut from = file::open_regular(from)?;
            keep_private(&from, writer.get_ref())?;
            io::copy(&mut from, writer).map(drop)
        };
        file::insist_on_no_folder(to)?;
        file::replace(to, copied)?;
    }
    file::replace(&stamp, |_| Ok(()))?;
    Ok(())
}

/// Has nobody read `to` who may not read `from`.
#[cfg(unix)]
fn keep_private(from: &File, to: &File) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    let [made, copy] = [from, to].map(|file| file.metadata().map(|meta| meta.permissions().mode() & 0o777));
    let (made, copy) = (made?, copy?);
    // The original has lost the permission to write: here, whoever may read may have it.
    let most = made | (made & 0o444) >> 1 | 0o200;
    if copy & !most == 0 { Ok(()) } else { to.set_permissions(Permissions::from_mode(copy & most)) }
}

#[cfg(not(unix))]
fn keep_private(_: &File, _: &File) -> io::Result<()> {
    Ok(())
}

fn is_same(from: &Utf8Path, to: &Utf8Path) -> bool {
    to.is_file() && Digest::of_file(from).ok() == Digest::of_file(to).ok()
}

/// Whether a build tool, which compares times, would take a copy for old.
fn is_older(to: &Utf8Path, from: &Utf8Path) -> bool {
    let modified = |path: &Utf8Path| path.metadata().and_then(|meta| meta.modified()).ok();
    modified(to) < modified(from)
}

fn insist_on_inside(to: &Utf8Path) -> Result<(), Failure> {
    if !to.components().all(|part| matches!(part, Utf8Component::Normal(_) | Utf8Component::CurDir)) {
        return Err(Failure::new(format!("`{to}` is not inside the project")));
    }
    let checked: Result<(), FileError> = file::insist_on_no_links(Utf8Path::new(""), to);
    checked.map_err(|error| Failure::from(error).help("remove the link: what it leads to is not the build's"))
}

/// Whether the instance that makes `from` failed and is done without.
fn is_left_out(from: &Utf8Path, layout: &Layout) -> bool {
    let above = from.ancestors().skip(1).take_while(|folder| *folder != layout.build());
    above.map(|folder| Folder(folder.to_owned())).any(|folder| LeftOut::read(&folder).is_some())
}

/// Insists that `from` is a file, and the one that its instance made.
fn insist_on_made(from: &Utf8Path, layout: &Layout) -> Result<(), Failure> {
    let build = layout.build();
    let folder = vouched::owner(from, build);
    let folder = folder.ok_or_else(|| {
        Failure::new(format!("`{from}` has not been made")).help("build what makes it first")
    })?;
    let values = vouched::made(&folder, build)?;
    let value = values.values.iter().find(|value| build.join(&value.file) == from);
    if from.is_dir() {
        let help = "have the process write one file, such as an archive";
        return Err(Failure::new(format!("`{from}` is a folder, and only a file can be exported")).help(help));
    }
    if value.is_some_and(|value| value.is_intact(build, &Trust::new(layout))) {
        return Ok(());
    }
    let failure = Failure::new(format!("`{from}` is not what the build made"));
    Err(Failure { damaged: vec![folder], ..failure.help("build again: it will be made anew") })
}
