//! The verdict on a build that was allowed to drop instances: one list of those that it dropped.

use camino::{Utf8Path, Utf8PathBuf};

use super::failure::Failure;
use crate::diagnostic::plural;
use crate::file;
use crate::layout::{Folder, Layout};
use crate::stamp;

/// Fails if an instance was dropped in the folder `name` of the build (`fit/p1`, `fit`; all of it if empty), with the
/// list of them.
pub(crate) fn give(name: &str, layout: &Layout) -> Result<(), Failure> {
    let mut dropped = Vec::new();
    find(&layout.build().join(name), layout.build(), &mut dropped);
    let passed = layout.verdict(name);
    if !dropped.is_empty() {
        file::remove(&passed)?;
        let failure = Failure::new(format!("{} failed and were left out", plural(dropped.len(), "instance")));
        return Err(failure.detail(dropped.join("\n")));
    }
    passed.parent().map_or(Ok(()), file::create_folder)?;
    Ok(file::context(std::fs::write(&passed, ""), "write", &passed)?)
}

/// The instances below a folder whose stamp says that they failed.
fn find(folder: &Utf8Path, build: &Utf8Path, dropped: &mut Vec<String>) {
    if stamp::is_failed(&Folder(folder.to_owned()).stamp()) {
        dropped.push(folder.strip_prefix(build).unwrap_or(folder).to_string());
    }
    let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
    let inner = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut inner: Vec<Utf8PathBuf> = inner
        .filter(|entry| !entry.file_name().starts_with('.') && !Folder::holds_values(entry.file_name()))
        .map(|entry| entry.path().to_owned())
        .collect();
    inner.sort();
    inner.iter().for_each(|folder| find(folder, build, dropped));
}
