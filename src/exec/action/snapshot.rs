//! What a run reads must be the same from its beginning to its end.
//!
//! Inputs that are files belong to the process that made them: whoever writes into one changes what all others read,
//! under a stamp that says otherwise. That is an error, and what was changed is made again.
//!
//! Files of the project belong to people: one that was edited and restored while the process ran has the recorded
//! content, but nobody knows which one was read. Scripts are not checked like this: Python reads them when it starts,
//! and people edit them while it runs.

use std::fs::Metadata;
use std::path::PathBuf;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use crate::exec::content::trust::Trust;
use crate::exec::failure::Failure;
use crate::exec::key::action_key::ActionKey;
use crate::exec::key::ingredient::InputPath;
use crate::exec::state::inputs::Input;
use crate::exec::state::inputs::named;
use crate::exec::values::value::Value;
use crate::exec::values::vouched::owner;

/// The files of the inputs as they were before a run.
pub(in crate::exec) struct InputSnapshot(Vec<Snapshot>);

/// A file or folder as it was.
struct Snapshot {
    /// For an input: `input df`.
    name: String,
    path: Utf8PathBuf,
    files: Files,
}

impl Snapshot {
    fn now(name: String, path: Utf8PathBuf) -> Self {
        Self { files: files(&path), name, path }
    }

    fn has_changed(&self) -> bool {
        files(&self.path) != self.files
    }
}

/// Each file with its mark.
type Files = Vec<(PathBuf, Mark)>;

/// Changes when a file is written to: length, time and, where the system has them, the inode and the change time.
type Mark = (u64, Option<SystemTime>, u64, (i64, i64));

/// Insists that inputs are still what their processes made, whoever has touched them since: what a run makes from
/// anything else must not be remembered as made from these.
///
/// # Errors
/// If one is not: it is reported as damaged, so that the next build makes it again.
pub(in crate::exec) fn insist<'g>(
    inputs: impl Iterator<Item = (InputPath, &'g Value)>,
    build: &Utf8Path,
    trust: &Trust,
) -> Result<(), Failure> {
    let mut changed = inputs.filter(|(_, value)| !value.is_intact(build, trust));
    let Some((name, value)) = changed.next() else { return Ok(()) };
    let path = build.join(&value.file);
    let rest = changed.filter_map(|(_, value)| owner(&build.join(&value.file), build));
    let damaged = owner(&path, build).into_iter().chain(rest).collect();
    let failure = Failure::new(format!("its input {name} was changed since it was made: `{path}`"))
        .help("build again: it will be made anew");
    Err(Failure { damaged, ..failure })
}

/// The data file and the declared files as they were before a run.
pub(in crate::exec) struct SourceSnapshot(Vec<Snapshot>);

impl SourceSnapshot {
    /// Records the state of the observed files.
    pub(in crate::exec) fn before(key: &ActionKey) -> Self {
        Self(key.files().map(|(path, _)| Snapshot::now(path.to_string(), path.to_owned())).collect())
    }

    /// Checks them again.
    ///
    /// # Errors
    /// If one was written to or replaced.
    pub(in crate::exec) fn after(&self) -> Result<(), Failure> {
        match self.0.iter().find(|seen| seen.has_changed()) {
            Some(Snapshot { path, .. }) => {
                Err(Failure::new(format!("`{path}` was written to while it ran")).help("build again"))
            }
            None => Ok(()),
        }
    }
}

impl InputSnapshot {
    /// Records the state of the inputs.
    pub(in crate::exec) fn before(inputs: &[Input], build: &Utf8Path) -> Self {
        let inputs = named(inputs).into_iter().filter(|(_, value)| value.format == "file");
        Self(
            inputs
                .map(|(name, value)| Snapshot::now(format!("input {name}"), build.join(&value.file)))
                .collect(),
        )
    }

    /// Checks them again.
    ///
    /// # Errors
    /// If one has changed: it is reported as damaged, so that the next build makes it again.
    pub(in crate::exec) fn after(&self, build: &Utf8Path) -> Result<(), Failure> {
        let changed: Vec<&Snapshot> = self.0.iter().filter(|seen| seen.has_changed()).collect();
        let Some(first) = changed.first() else { return Ok(()) };
        let failure = Failure::new(format!("its {} was changed in place", first.name))
            .help("write a copy and return that; the next build makes the input anew");
        let damaged = changed.iter().filter_map(|seen| owner(&seen.path, build)).collect();
        Err(Failure { damaged, ..failure })
    }
}

fn files(path: &Utf8Path) -> Files {
    let entries = walkdir::WalkDir::new(path).sort_by_file_name().follow_links(true).into_iter().flatten();
    let seen = entries.filter_map(|entry| {
        let meta = entry.metadata().ok().filter(Metadata::is_file)?;
        Some((entry.into_path(), mark(&meta)))
    });
    seen.collect()
}

#[cfg(unix)]
fn mark(meta: &Metadata) -> Mark {
    use std::os::unix::fs::MetadataExt as _;
    (meta.len(), meta.modified().ok(), meta.ino(), (meta.ctime(), meta.ctime_nsec()))
}

#[cfg(not(unix))]
fn mark(meta: &Metadata) -> Mark {
    (meta.len(), meta.modified().ok(), 0, (0, 0))
}
