//! A folder on the node's own disk to replace folders of the run folder, where the shared one is slow:
//! `EXPOPS_SCRATCH`. Their names in the shared folder lead to it while the task runs; the results come back by copy and
//! rename.

use std::{fs, io};

use camino::{Utf8Path, Utf8PathBuf};

use super::task::Task;
use crate::file;
use crate::layout::{FILES, OUT, run as run_files};

/// The variable that names the folder: a path, or the name of another variable such as `$TMPDIR`, which a job sets for
/// itself.
const VARIABLE: &str = "EXPOPS_SCRATCH";

/// The folders that a task writes into.
const WRITTEN: [&str; 2] = [OUT, FILES];

/// The variable that tells a task which paths to watch.
const ROOTS: &str = "EXPOPS_WATCH_ROOTS";

/// The scratch folder of one task, removed when this is dropped.
pub(super) struct Scratch {
    _folder: tempfile::TempDir,
    path: Utf8PathBuf,
    run: Utf8PathBuf,
}

impl Scratch {
    /// Moves what the task writes to a scratch folder, if one is wanted.
    pub(super) fn new(task: &mut Task) -> io::Result<Option<Self>> {
        let Some(place) = place(task) else { return Ok(None) };
        let folder = tempfile::Builder::new().prefix("expops-").tempdir_in(&place).map_err(|error| {
            io::Error::new(error.kind(), format!("{VARIABLE}: cannot make a folder in `{place}`: {error}"))
        })?;
        let path = Utf8PathBuf::try_from(folder.path().canonicalize()?).map_err(io::Error::other)?;
        let scratch = Self { _folder: folder, path, run: task.run.clone() };
        for name in WRITTEN {
            let (there, here) = (scratch.run.join(name), scratch.path.join(name));
            copy(&there, &here)?;
            fs::remove_dir_all(&there)?;
            file::link(&here, &there)?;
        }
        if let Some(roots) = task.environment.get_mut(ROOTS) {
            let own = roots.lines().filter(|line| line.contains(scratch.run.as_str()));
            let moved: Vec<_> =
                own.map(|line| line.replace(scratch.run.as_str(), scratch.path.as_str())).collect();
            *roots = format!("{roots}\n{}", moved.join("\n"));
        }
        Ok(Some(scratch))
    }

    /// Brings back what the task wrote, and notes where it was. In the list of what was seen, paths get the names of the run folder again.
    pub(super) fn bring_back(&self) -> io::Result<()> {
        for name in WRITTEN {
            let (there, on_its_way) = (self.run.join(name), self.run.join(format!("{name}.back")));
            copy(&self.path.join(name), &on_its_way)?;
            fs::remove_file(&there)?;
            fs::rename(&on_its_way, &there)?;
        }
        fs::write(self.run.join(run_files::SCRATCH), self.path.as_str())?;
        let reads = self.run.join(run_files::READS);
        match file::read_regular(&reads) {
            Ok(seen) => fs::write(&reads, replace(&seen, self.path.as_str(), self.run.as_str())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn place(task: &Task) -> Option<Utf8PathBuf> {
    let text = task.environment.get(VARIABLE).filter(|text| !text.is_empty())?;
    let value = match text.strip_prefix('$') {
        Some(name) => std::env::var(name).unwrap_or_else(|_| "/tmp".to_owned()),
        None => text.clone(),
    };
    Some(Utf8PathBuf::from(value))
}

fn replace(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    let (mut replaced, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    while let Some(at) = memchr::memmem::find(rest, old.as_bytes()) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(new.as_bytes());
        rest = &rest[at + old.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

/// Copies a folder with all its contents; links stay links.
fn copy(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in from.read_dir_utf8()? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            file::link(Utf8Path::from_path(&fs::read_link(from)?).ok_or(io::ErrorKind::InvalidData)?, &to)?;
        } else if kind.is_dir() {
            copy(from, &to)?;
        } else {
            fs::copy(from, &to)?;
        }
    }
    fs::set_permissions(to, fs::metadata(from)?.permissions())
}
