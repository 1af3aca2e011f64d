//! What the user's code made, whether by a run or from the cache.

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::stored;
use super::value::Value;
use crate::cache;
use crate::digest::Digest;
use crate::exec::content::trust::Trust;

/// What a call made; files are relative to the run's `out` folder.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::exec) struct ActionResult {
    /// The values that it returned.
    pub values: Vec<Value>,
    /// The partitions that it cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// The key of the file that is still to be cut, if the user's splitter returned one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native: Option<String>,
    /// The text of `metrics.json`, if anything was logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<String>,
    /// What the run took, to know what the cache saves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// What a run took.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::exec) struct Cost {
    /// How long it ran, in seconds.
    pub ran: f64,
    /// CPU seconds.
    pub cpu: Option<f64>,
}

/// A partition that Python cut.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::exec) struct Part {
    /// The file, relative to `out`; `None` if the partition already exists.
    pub file: Option<Utf8PathBuf>,
    /// How it is stored.
    pub format: String,
    /// What a reader of it can observe.
    pub digest: Digest,
    /// Its rows.
    pub rows: u64,
    /// As for a [`Value`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Digest>,
    /// As for a [`Value`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// One of its files: relative to `out`, with the digest of what a reader observes and, if that differs, of what is on disk.
#[derive(Clone, Copy)]
struct Stored<'a> {
    file: &'a Utf8Path,
    format: &'a str,
    size: Option<u64>,
    made: (Digest, Option<Digest>),
}

impl ActionResult {
    /// Whether its files are among those that came with it, inside the run's `out` folder: anybody may write to a
    /// cache.
    pub(in crate::exec) fn is_sound(&self, out: &Utf8Path) -> bool {
        let all: Vec<_> = self.stored().collect();
        let is_alone = |file: &Utf8Path| all.iter().filter(|other| other.file.starts_with(file)).count() == 1;
        all.iter().all(|&Stored { file, format, size, .. }| {
            let path = out.join(file);
            let meta = path.metadata().ok().filter(|_| cache::is_inside(file) && is_alone(file));
            meta.is_some_and(|meta| {
                (format == "file" || meta.is_file())
                    && size.is_none_or(|size| meta.is_file() && meta.len() == size)
            })
        })
    }

    /// Whether its files, in the run's `out` folder, have the digests that it names. Whoever takes one that has not finds
    /// it damaged, and the next build would restore the same.
    pub(in crate::exec) fn is_as_made(&self, out: &Utf8Path, entry: &cache::Entry, trust: &Trust) -> bool {
        let (run, name) = (out.parent().unwrap_or(out), out.file_name().unwrap_or_default());
        self.stored().all(|Stored { file, format, made, .. }| {
            let path = Utf8Path::new(name).join(file);
            // The digests of an entry's own files were compared on their way out of the cache.
            entry.object(&path) == Some(made.1.unwrap_or(made.0))
                || stored::is(&run.join(path), format, made, trust)
        })
    }

    /// The files of the values and of the partitions that it made.
    fn stored(&self) -> impl Iterator<Item = Stored<'_>> {
        let values = self.values.iter().map(|value| Stored {
            file: &value.file,
            format: &value.format,
            size: value.size,
            made: (value.digest, value.stored),
        });
        let parts = self.parts.iter().filter_map(|part| {
            let (file, made) = (part.file.as_ref()?, (part.digest, part.stored));
            Some(Stored { file, format: &part.format, size: part.size, made })
        });
        values.chain(parts)
    }

    pub(in crate::exec) fn metrics_digest(&self) -> Option<Digest> {
        self.metrics.as_deref().map(Digest::of)
    }
}
