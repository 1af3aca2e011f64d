//! Inputs that are files belong to the process that made them: one who writes into them changes what all
//! others read, under a stamp that says otherwise. That is an error, and what was changed is made again.

use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use super::failure::Failure;
use super::inputs::Given;
use super::observed::named;
use crate::layout::Folder;
use crate::stamp;

/// The files of the inputs as they were before a run.
pub(super) struct Intact(Vec<Seen>);

struct Seen {
    /// The input: `input df`.
    name: String,
    path: Utf8PathBuf,
    files: Files,
}

/// Each file with its length and time.
type Files = Vec<(std::path::PathBuf, u64, Option<SystemTime>)>;

impl Intact {
    /// Looks at the inputs.
    pub(super) fn before(given: &[Given], build: &Utf8Path) -> Self {
        let inputs = named(given).into_iter().filter(|(_, value)| value.format == "file");
        let see = |(name, path): (String, Utf8PathBuf)| Seen { name, files: files(&path), path };
        Self(inputs.map(|(name, value)| see((name, build.join(&value.file)))).collect())
    }

    /// Looks again.
    ///
    /// # Errors
    /// If one is not what it was; its stamp is taken away, so that the next build makes it again.
    pub(super) fn after(&self, build: &Utf8Path) -> Result<(), Failure> {
        let changed: Vec<&Seen> = self.0.iter().filter(|seen| files(&seen.path) != seen.files).collect();
        let Some(first) = changed.first() else { return Ok(()) };
        for seen in &changed {
            let above = seen.path.ancestors().skip(1).take_while(|folder| *folder != build);
            let owner = above.map(|folder| Folder(folder.to_owned())).find(|folder| folder.values().exists());
            if let Some(owner) = owner {
                stamp::retire(&owner.stamp())?;
            }
        }
        Err(Failure::new(format!("its {} was changed in place", first.name))
            .help("write a copy and return that; the next build makes the input anew"))
    }
}

fn files(path: &Utf8Path) -> Files {
    let entries = walkdir::WalkDir::new(path).sort_by_file_name().into_iter().flatten();
    let seen = entries.filter_map(|entry| {
        let meta = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some((entry.into_path(), meta.len(), meta.modified().ok()))
    });
    seen.collect()
}
