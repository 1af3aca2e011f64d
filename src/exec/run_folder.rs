//! The folder in which an instance runs, hidden from the build until it has succeeded.

use std::fs;
use std::process::Command;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use super::failure::Failure;
use super::mark::Mark;
use super::reads::places::Link;
use super::reads::watcher::Watcher;
use super::resources::allotment::Allotment;
use crate::file;
use crate::layout::run as run_files;
use crate::layout::{Folder, passing};
use crate::plan_file::PlanFile;
use crate::process;
use crate::watch::Event;

/// Removes what killed runs left, and what somebody put in the place of a file or a folder of ours; the caller holds
/// the instance's lock.
pub(super) fn sweep(instance: &Folder) -> Result<(), Failure> {
    for entry in file::context(instance.0.read_dir_utf8(), "read", &instance.0)?.flatten() {
        let name = entry.file_name();
        let is = entry.file_type();
        let is_misplaced = is.as_ref().is_ok_and(|is| Folder::is_misplaced(name, is.is_dir(), is.is_file()));
        if passing::is_temporary(name) || is_misplaced {
            file::remove(entry.path())?;
        } else if passing::is_run(name) {
            if is.is_ok_and(|is| is.is_dir()) {
                end(entry.path());
            }
            remove_patiently(entry.path());
        }
    }
    Ok(())
}

/// Ends what still runs there: whoever was to do that has been killed, too.
fn end(folder: &Utf8Path) {
    if let Ok(run) = folder.canonicalize_utf8() {
        process::kill_run(None, &Mark::of_run(&run).entries());
    }
}

/// Removes a run folder. A process that outlived its killed run may still be writing into it: it gets a second to
/// notice, and what remains then is left for the next run to remove.
fn remove_patiently(folder: &Utf8Path) {
    for _ in 0..20 {
        if file::remove(folder).is_ok() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// A run under way: `.run-*` inside the instance's folder, removed when this is dropped.
pub(super) struct RunFolder {
    /// Kept to be dropped; the last one is the run's own.
    folders: Vec<tempfile::TempDir>,
    path: Utf8PathBuf,
    links: Vec<Link>,
    watcher: Option<Watcher>,
    /// What the current attempt may use.
    pub(super) allotment: Allotment,
}

impl RunFolder {
    /// Makes a folder for a run that may use `allotment`; the caller holds the instance's lock.
    pub(super) fn new(instance: &Folder, allotment: Allotment) -> Result<Self, Failure> {
        let (folder, path) = new_folder(instance)?;
        let run = Self { folders: vec![folder], path, links: Vec::new(), watcher: None, allotment };
        run.empty()?;
        Ok(run)
    }

    /// Continues in a new folder. The old one is also removed when this is dropped.
    pub(super) fn move_on(&mut self, instance: &Folder) -> Result<(), Failure> {
        let (folder, path) = new_folder(instance)?;
        self.folders.push(folder);
        self.path = path;
        Ok(())
    }

    /// Restores it to what it is before a run.
    pub(super) fn empty(&self) -> Result<(), Failure> {
        file::remove(&self.log())?;
        for folder in [self.files(), self.out()] {
            file::remove(&folder)?;
            file::create_folder(&folder)?;
        }
        Ok(())
    }

    /// The folder, absolute.
    pub(super) fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// What a run makes has the same names here as in the folder of the instance.
    fn folder(&self) -> Folder {
        Folder(self.path.clone())
    }

    /// Where the process runs; what it writes here is kept.
    pub(super) fn files(&self) -> Utf8PathBuf {
        self.folder().files()
    }

    /// Where the values of its keys go.
    pub(super) fn out(&self) -> Utf8PathBuf {
        self.folder().out()
    }

    /// Where the runtime leaves its result.
    pub(super) fn result(&self) -> Utf8PathBuf {
        self.path.join(run_files::RESULT)
    }

    /// Removes what an unsuccessful run left and was seen to read, and restores the links to what it may read.
    pub(super) fn start_again(&self, project: &Utf8Path) -> Result<(), Failure> {
        file::remove(&self.result())?;
        file::remove(&self.path.join(run_files::READS))?;
        self.empty()?;
        self.links.iter().try_for_each(|link| self.link(link, project))
    }

    /// The links in `files` that lead into the project.
    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    /// Watches every command that is to run in it.
    pub(super) fn watch_with(&mut self, watcher: Watcher) {
        self.watcher = Some(watcher);
    }

    /// Watches `command`, if that is wanted.
    pub(super) fn watch(&self, command: &mut Command) {
        self.watcher.iter().for_each(|watcher| watcher.watch(command));
    }

    /// What was seen, and where the watched interpreter is installed.
    pub(super) fn watched(&self) -> (Vec<Option<Event>>, Vec<Utf8PathBuf>) {
        let watched = |watcher: &Watcher| (watcher.events(), watcher.prefixes().to_vec());
        self.watcher.as_ref().map(watched).unwrap_or_default()
    }

    /// When the watched run began, or somewhat before.
    pub(super) fn since(&self) -> Option<SystemTime> {
        self.watcher.as_ref().and_then(Watcher::since)
    }

    /// Where a log from the cache is restored to; the process itself writes to the instance's.
    pub(super) fn log(&self) -> Utf8PathBuf {
        self.folder().log()
    }

    /// Links into `files` what the process may read by a relative path: the project's `data`, the file at `data.path`,
    /// and the declared files, also by their paths as they are written.
    pub(super) fn link_inputs(&mut self, plan: &PlanFile, project: &Utf8Path) -> Result<(), Failure> {
        let data = Utf8PathBuf::from("data");
        let inputs = [&data].into_iter().chain(plan.data.values()).chain(&plan.settings.files);
        let own = inputs.map(|path| (path, path));
        for (path, to) in own.chain(&plan.written).map(|(path, to)| (file::normal(path), file::normal(to))) {
            let is_inside = !path.is_absolute() && !path.starts_with("..") && path != ".";
            let there = project.join(&to);
            let link = self.files().join(&path);
            if !is_inside || !there.exists() || link.symlink_metadata().is_ok() || self.is_linked(&path) {
                continue;
            }
            let link = Link { path, to };
            self.link(&link, project)?;
            self.links.push(link);
        }
        Ok(())
    }

    fn link(&self, link: &Link, project: &Utf8Path) -> Result<(), Failure> {
        let path = self.files().join(&link.path);
        if let Some(parent) = path.parent() {
            file::create_folder(parent)?;
        }
        Ok(file::context(symlink(&project.join(&link.to), &path), "link", &path)?)
    }

    fn is_linked(&self, path: &Utf8Path) -> bool {
        self.links.iter().any(|link| path.starts_with(&link.path))
    }

    /// Removes the links made by [`Self::link_inputs`] and the folders left empty by that.
    pub(super) fn unlink_inputs(&self) -> Result<(), Failure> {
        for link in self.links.iter().map(|link| &link.path) {
            let path = self.files().join(link);
            if path.symlink_metadata().is_ok_and(|meta| meta.is_symlink()) {
                file::context(fs::remove_file(&path), "remove", &path)?;
            }
            let above = link.ancestors().skip(1).filter(|folder| !folder.as_str().is_empty());
            above.for_each(|folder| drop(fs::remove_dir(self.files().join(folder))));
        }
        Ok(())
    }
}

/// Creates a folder with a name that was never used, so that a process that outlived its killed run cannot write into
/// it.
fn new_folder(instance: &Folder) -> Result<(tempfile::TempDir, Utf8PathBuf), Failure> {
    file::create_folder(&instance.0)?;
    let made = tempfile::Builder::new().prefix(passing::RUN).tempdir_in(&instance.0);
    let folder = file::context(made, "create a folder in", &instance.0)?;
    let path = Utf8PathBuf::try_from(folder.path().to_owned()).map_err(|e| Failure::new(e.to_string()))?;
    let path = file::context(path.canonicalize_utf8(), "find", &path)?;
    Ok((folder, path))
}

#[cfg(unix)]
fn symlink(there: &Utf8Path, link: &Utf8Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(there, link)
}

#[cfg(windows)]
fn symlink(there: &Utf8Path, link: &Utf8Path) -> std::io::Result<()> {
    if there.is_dir() {
        std::os::windows::fs::symlink_dir(there, link)
    } else {
        std::os::windows::fs::symlink_file(there, link)
    }
}
